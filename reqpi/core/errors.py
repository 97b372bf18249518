"""Every error of ReqPI, grouped by who can fix it: the lock's author, the client, the upstream, the operator.

An error states what happened, where, what was expected and what to do next.
:mod:`reqpi.web.http.problems` maps each error to an HTTP status; :mod:`reqpi.cli` maps each to an exit status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from reqpi.core.model import Digest
from reqpi.core.report import Defect, WithheldAdvice

__all__ = [
    "BrokenLock",
    "DamagedRecord",
    "DeniedByOperator",
    "DigestMismatch",
    "HostUnreachable",
    "LoginNotUsed",
    "Misconfigured",
    "NotAdmitted",
    "NotAllowed",
    "NotFound",
    "NotPermitted",
    "NotServed",
    "NothingUpstream",
    "Occupied",
    "OtherBytes",
    "OverQuota",
    "Pending",
    "ReqPIError",
    "StoreFull",
    "StoreTrouble",
    "UnknownAddress",
    "UnknownSession",
    "UnreadableProject",
    "UnsealedRecord",
    "UpstreamTrouble",
    "WrongPage",
    "wanting",
    "without_frames",
]


class ReqPIError(Exception):
    """The base class of all errors of ReqPI.

    :param title: one short line that says what is wrong. It may become the reason phrase of an HTTP response.
    :param detail: the remedy, in full sentences.
    """

    def __init__(self, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title

    def again(self) -> Self:
        """Return a copy of the error, to raise in another place.

        An instance that is raised in several places keeps the frames of all of them alive.
        """
        error = type(self).__new__(type(self), *self.args)
        error.__dict__.update(self.__dict__)
        error.__cause__ = self.__cause__
        return error


def without_frames(error: BaseException | None) -> None:
    """Drop the frames that an error and its causes passed through, once it has been reported.

    They refer to everything that was at hand, such as a lock, and some of them to the error itself: only the collector
    would free them.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


# The lock


class BrokenLock(ReqPIError):
    """A document cannot be read as a lock. The error carries every defect, not only the first.

    :param defects: in the order of the document.
    """

    def __init__(self, defects: Sequence[Defect]) -> None:
        count = len(defects)
        super().__init__(f"the lock has {count} defect{'' if count == 1 else 's'}", "Fix each line and commit again.")
        self.defects = tuple(defects)


class UnreadableProject(ReqPIError):
    """The metadata in a project's own files cannot be read, or refers to a file outside the project."""


# The client


class UnknownAddress(ReqPIError):
    """No lock was committed under this address, or it was removed later."""


class UnknownSession(ReqPIError):
    """No open index, or no run, exists under this token, or it has expired."""


class NotAdmitted(ReqPIError):
    """The lock does not admit the requested file or project. This is policy: it never changes for an address."""


class DeniedByOperator(NotAdmitted):
    """The operator denies what the lock admits. Unlike other refusals, this one can be revoked."""


class NotServed(ReqPIError):
    """The server has no resource of that kind. No lock is the cause."""


class OtherBytes(ReqPIError):
    """A client requested specific bytes or nothing, and the server has different bytes."""


class Occupied(ReqPIError):
    """The server already has as much work as it accepts. A later request may succeed."""


# The upstream


class UpstreamTrouble(ReqPIError):
    """An upstream cannot be reached, or its response is invalid. A later attempt may succeed, unless :attr:`final`."""

    final = False
    """An immediate retry would fail in the same way."""

    pause = 0.0
    """Seconds until a retry may succeed, if the upstream specified them; otherwise 0."""

    missing = ""
    """The requested item that the store lacks: a project or a filename."""

    of_a_pin = False
    """The error concerns what a line of the lock names, not the host or this machine: the line has to change."""

    defects: tuple[Defect, ...] = ()
    """The lines of the lock that cannot be completed, if another attempt would not change that."""

    withheld: tuple[WithheldAdvice, ...] = ()
    """The parts that :mod:`reqpi.core.withheld` adds for clients that may know more."""

    def __init__(self, title: str, detail: str = "", *, final: bool | None = None) -> None:
        super().__init__(title, detail)
        if final is not None:
            self.final = final


@contextmanager
def wanting(what: str) -> Iterator[None]:
    """Add the name of the missing item to any :exc:`UpstreamTrouble` that the block raises.

    :param what: a project or a filename; it becomes :attr:`UpstreamTrouble.missing`.
    """
    try:
        yield
    except UpstreamTrouble as error:
        error.missing = what
        raise


class Pending(UpstreamTrouble):
    """The server is still working on the answer. Asking again in a moment will help."""


class LoginNotUsed(UpstreamTrouble):
    """The login of the server for an upstream is not used for this client. It may be for another one, at any time."""


class HostUnreachable(UpstreamTrouble):
    """A host accepts no connection, so every request to it fails in the same way. The title names the host."""


class NotFound(UpstreamTrouble):
    """An upstream was reached and does not have the requested resource."""

    final = True
    of_a_pin = True


class WrongPage(UpstreamTrouble):
    """A response of an upstream is not a valid project page, or is of an unsupported API version."""

    final = True


class NothingUpstream(UpstreamTrouble):
    """An upstream does not have what a lock pins. Another attempt alone will not help."""

    final = True
    of_a_pin = True


class NotAllowed(NothingUpstream):
    """A lock takes a project from a host that the operator does not allow."""


class DigestMismatch(UpstreamTrouble):
    """The received bytes do not match their digest. They are discarded.

    :param what: what was requested, for the title.
    """

    final = True
    of_a_pin = True

    def __init__(self, what: str, expected: Digest, received: Digest) -> None:
        super().__init__(
            f"wrong bytes for {what}",
            f"Expected {expected}, but the upstream sent bytes with {received}. They were discarded.",
        )
        self.expected = expected
        self.received = received


class NotPermitted(ReqPIError):
    """The token of a client does not allow what it wants of a lock."""


# The operator


class Misconfigured(ReqPIError):
    """An option, an environment variable or the machine does not allow the requested operation."""


class StoreTrouble(ReqPIError):
    """The store cannot be read or written."""


class DamagedRecord(StoreTrouble):
    """A record in the store is not what ReqPI writes under its name.

    :param record: its name; without a secret that is part of it.
    :param problem: why, in a few words that quote nothing of the record.
    """

    def __init__(self, record: str, problem: str) -> None:
        super().__init__(
            f"the record {record} is damaged",
            f"{problem[:1].upper()}{problem[1:]}. `reqpi verify` names every damaged record, and with --repair it "
            "removes those that are made again.",
        )
        self.record = record
        self.problem = problem


class UnsealedRecord(StoreTrouble):
    """A record that cannot be made again has no valid seal, so its content is not believed."""


class StoreFull(StoreTrouble):
    """The store has no room left."""


class OverQuota(StoreFull):
    """A token has filled as much of the store as it may."""
