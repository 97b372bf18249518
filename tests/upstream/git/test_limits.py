"""Git stays within its limits, and ends when its result is no longer needed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Event
from time import monotonic

from twisted.internet.defer import CancelledError, Deferred

from reqpi.upstream.git import program, repositories
from reqpi.upstream.git.program import GitLimits
from tests.upstream.sources import SourceCase


class LimitTests(SourceCase):
    """Of time and size."""

    def setUp(self) -> None:
        super().setUp()
        self.thing = self.host.repository("thing")
        self.scratch = self.folder()
        self.patch(tempfile, "tempdir", str(self.scratch))

    def limited(self, limits: GitLimits) -> None:
        self.patch(repositories, "_LIMITS", limits)
        self.patch(repositories.Repositories.__init__, "__kwdefaults__", {"limits": limits})

    def hanging(self) -> Event:
        """Let the host answer what git asks no more; set the event to end that."""
        asked, end = Event(), Event()
        self.addCleanup(end.set)

        def hold(request: object) -> None:
            if "git/" in str(getattr(request, "headers", {}).get("user-agent", "")):
                asked.set()
                end.wait()

        self.host.before = hold  # type: ignore[assignment]
        return asked

    async def ended(self) -> None:
        """Wait until no process of git is left: one that is killed is not gone at once. The host does not answer."""
        end = monotonic() + 200
        while left := _gits_in(self.scratch):
            self.assertLess(monotonic(), end, left)
            await self.timestamp()

    async def test_a_host_that_hangs_is_given_up(self) -> None:
        """After its time, with all processes that git has started."""
        self.limited(GitLimits(seconds=1.0))
        commit = self.thing.commit({"a": "1"})
        self.hanging()
        upstreams = self.upstreams()
        trouble = await self.trouble(upstreams.open(f"git+{self.thing.url}@{commit}"))
        self.assertIn("too long", trouble.title)
        await upstreams.close()
        self.assertEqual(list(self.scratch.iterdir()), [])
        await self.ended()

    async def test_a_repository_that_is_too_large_is_given_up(self) -> None:
        """Whether it is large on its way, or when it is written out."""
        self.limited(GitLimits(size=1 << 20))
        for content in (os.urandom(5 << 20), bytes(20 << 20)):
            commit = self.thing.commit({"large": content})
            trouble = await self.trouble(self.upstreams().open(f"git+{self.thing.url}@{commit}"))
            self.assertIn("too large", trouble.title)
            self.assertTrue(trouble.final)

    async def test_who_gives_up_need_not_wait(self) -> None:
        """Git ends, and nothing is left of it."""
        commit = self.thing.commit({"a": "1"})
        asked = self.hanging()
        upstreams = self.upstreams()
        opened = Deferred.fromCoroutine(upstreams.open(f"git+{self.thing.url}@{commit}"))
        while not asked.is_set():
            await self.timestamp()
        opened.cancel()
        self.failureResultOf(opened, CancelledError)
        await upstreams.close()
        self.assertEqual(list(self.scratch.iterdir()), [])
        await self.ended()

    async def test_a_server_that_stops_does_not_wait_either(self) -> None:
        """The waiting caller gets an error."""
        commit = self.thing.commit({"a": "1"})
        asked = self.hanging()
        upstreams = self.upstreams()
        opened = Deferred.fromCoroutine(upstreams.open(f"git+{self.thing.url}@{commit}"))
        while not asked.is_set():
            await self.timestamp()
        await upstreams.close()
        self.assertIn("stopped", (await self.trouble(opened)).title)

    async def test_without_git_an_operator_is_told(self) -> None:
        """Before any request is sent."""
        self.patch(program.shutil, "which", lambda _: None)
        trouble = await self.trouble(self.upstreams().open(f"git+{self.thing.url}@{'ab' * 20}"))
        self.assertIn("not installed", trouble.title)
        self.assertEqual(self.host.connections, 0)


def _gits_in(folder: Path) -> list[str]:
    """Processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder) in os.readlink(process / "cwd"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
