"""One piece of work with git: it has a folder, runs in threads, and can be stopped at any time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from reqpi.core.errors import UpstreamTrouble
from reqpi.runtime.offload import in_thread
from reqpi.upstream.git.program import GitLimits, GitProgram

__all__ = ["GitWork"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class GitWork:
    """A folder, a git program and a way to stop it.

    :raises reqpi.core.errors.UpstreamTrouble: no temporary folder can be made.
    """

    def __init__(self, limits: GitLimits) -> None:
        try:
            self.folder = Path(mkdtemp(prefix="reqpi-git-"))
        except OSError as error:
            raise UpstreamTrouble("no temporary folder for git can be created", f"{error.strerror}.") from error
        (self.folder / "home").mkdir()
        self.stopped = Event()
        self.git = GitProgram(self.folder, limits, self.stopped)
        self._running: Deferred[None] | None = None

    def run(self, what: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
        """Call ``what`` in a thread. Await one call before the next.

        A caller that cancels it need not wait: after :meth:`close` git is killed, and the thread ends by itself.
        """

        def pass_on(result: _T | Failure) -> None:
            if not outcome.called:
                outcome.callback(result)  # a Failure makes it an errback

        outcome: Deferred[_T] = Deferred()
        self._running = in_thread(what, *args, **kwargs).addBoth(pass_on)
        return outcome

    def close(self) -> Deferred[None]:
        """Stop the work if it is still running, and remove its folder as soon as no thread uses it."""
        self.stopped.set()
        ended: Deferred[None] = Deferred()

        def remove(_: object) -> None:
            in_thread(shutil.rmtree, self.folder, ignore_errors=True).addBoth(lambda _: ended.callback(None))

        if self._running is None:
            remove(None)
        else:
            self._running.addCallback(remove)
        return ended
