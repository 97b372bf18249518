"""Every error, by whom to blame: the lock, the client, the upstream, the operator, us.

An error says what happened, where, what was expected and what to do next.
:mod:`reqpi.web.http.problems` gives each an HTTP status; :mod:`reqpi.cli` gives each an exit status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from reqpi.core.model import Digest
from reqpi.core.report import Defect

__all__ = [
    "BrokenLock",
    "DigestMismatch",
    "HostAway",
    "Misconfigured",
    "NotAdmitted",
    "NotAllowed",
    "NotFound",
    "NotServed",
    "NothingUpstream",
    "Occupied",
    "OtherBytes",
    "Pending",
    "ReqPIError",
    "StoreFull",
    "StoreTrouble",
    "UnknownAddress",
    "UnknownSession",
    "UnreadableProject",
    "UpstreamTrouble",
    "WrongPage",
    "wanting",
]


class ReqPIError(Exception):
    """What all errors of ReqPI have in common.

    :param title: one line: what is wrong. It may become a reason phrase, so it is short.
    :param detail: what to do about it, in full sentences.
    """

    def __init__(self, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title

    def again(self) -> Self:
        """The same error, to be raised in another place: one that is raised in many holds on to the frames of all."""
        error = type(self).__new__(type(self), *self.args)
        error.__dict__.update(self.__dict__)
        error.__cause__ = self.__cause__
        return error


# The lock


class BrokenLock(ReqPIError):
    """A document cannot be read as a lock. It carries every defect, not the first alone."""

    def __init__(self, defects: Sequence[Defect]) -> None:
        count = len(defects)
        super().__init__(f"the lock has {count} defect{'' if count == 1 else 's'}", "Mend each line and commit again.")
        self.defects = tuple(defects)


class UnreadableProject(ReqPIError):
    """What a project's own files say of it cannot be read, or leads outside the project."""


# The client


class UnknownAddress(ReqPIError):
    """No lock was committed under this address, or it was removed since."""


class UnknownSession(ReqPIError):
    """Nobody learns under this token, or not any more."""


class NotAdmitted(ReqPIError):
    """The lock does not admit what was asked for. This is policy: it never changes for an address."""


class NotServed(ReqPIError):
    """There is nothing of that kind here, by no fault of a lock."""


class OtherBytes(ReqPIError):
    """A client asked for certain bytes or none, and what would be sent is something else."""


class Occupied(ReqPIError):
    """As much is under way as the server takes on. Asking again later may help."""


# The upstream


class UpstreamTrouble(ReqPIError):
    """An upstream cannot be asked, or answers with nonsense. Asking again later may help, unless :attr:`final`."""

    final = False
    """Asking again at once would bring the same."""

    pause = 0.0
    """Seconds until asking again may help, where upstream said so."""

    missing = ""
    """What was wanted and is not in the store: a project, a filename."""

    of_a_pin = False
    """It concerns what a line of the lock names, and not the host or this machine: the line has to change."""

    defects: tuple[Defect, ...] = ()
    """The lines of the lock that cannot be completed, where another attempt would not change that."""

    def __init__(self, title: str, detail: str = "", *, final: bool | None = None) -> None:
        super().__init__(title, detail)
        if final is not None:
            self.final = final


@contextmanager
def wanting(what: str) -> Iterator[None]:
    """Have trouble with an upstream say what is missing for it."""
    try:
        yield
    except UpstreamTrouble as error:
        error.missing = what
        raise


class Pending(UpstreamTrouble):
    """The server is still working on the answer. Asking again in a moment will help."""


class HostAway(UpstreamTrouble):
    """A host takes no connection, so that every request to it fails alike; the title names it."""


class NotFound(UpstreamTrouble):
    """An upstream was reached and has nothing there."""

    final = True
    of_a_pin = True


class WrongPage(UpstreamTrouble):
    """An upstream's project page is no project page, or of a version unknown here."""

    final = True


class NothingUpstream(UpstreamTrouble):
    """What a lock pins is not to be had from its upstream: asking again will not help by itself."""

    final = True
    of_a_pin = True


class NotAllowed(NothingUpstream):
    """A lock takes a project from a host that the operator does not allow."""


class DigestMismatch(UpstreamTrouble):
    """Bytes are not what their digest says. They are thrown away."""

    final = True
    of_a_pin = True

    def __init__(self, what: str, expected: Digest, received: Digest) -> None:
        super().__init__(
            f"wrong bytes for {what}",
            f"Upstream sent bytes of {received}, where {expected} was promised. They were thrown away.",
        )
        self.expected = expected
        self.received = received


# The operator


class Misconfigured(ReqPIError):
    """An option, the environment or the machine does not allow what was asked."""


class StoreTrouble(ReqPIError):
    """The store cannot be read or written."""


class StoreFull(StoreTrouble):
    """The store has no room left."""
