"""The errors of the client, by who is responsible: the user, the server, the lock.

They are separate from :mod:`reqpi.core.errors` because that module imports attrs and packaging, which takes longer than
all of ``reqpi gethash``. The shape is the same: a title, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence

from reqpi.core.report import Defect

__all__ = [
    "AddressDiffers",
    "BadUsage",
    "ClientError",
    "CratesNotPinned",
    "FileInTheWay",
    "IndexElsewhere",
    "LockRefused",
    "PinsLacking",
    "ServerTrouble",
    "WrongBytes",
    "WrongListing",
    "final_trouble",
]


class ClientError(Exception):
    """The base class of the client's errors.

    :param title: one line: what is wrong.
    :param detail: what to do about it, in full sentences.
    """

    def __init__(self, title: str, detail: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail


class BadUsage(ClientError):
    """The user named something that cannot be used: a URL, a file, a certificate bundle."""


class ServerTrouble(ClientError):
    """No server, no answer, the answer of another kind of server, or a problem that the server reports.

    :ivar said: the title that the server sent, without the server's name; empty if it sent none.
    :ivar final: another attempt would have the same result.
    :ivar pending: the server is still working on the answer, so a later attempt can succeed.
    """

    said = ""
    final = False
    pending = False


def final_trouble(title: str, detail: str = "") -> ServerTrouble:
    """Return trouble that another attempt would not change."""
    trouble = ServerTrouble(title, detail)
    trouble.final = True
    return trouble


class PinsLacking(ServerTrouble):
    """Lines of the lock cannot be completed: an upstream does not have what they pin.

    :ivar defects: the lines, each with the reason.
    """

    final = True

    def __init__(self, title: str, detail: str, defects: Sequence[Defect]) -> None:
        super().__init__(title, detail)
        self.defects = tuple(defects)


class AddressDiffers(ClientError):
    """The response is about another document than the one that was sent."""


class IndexElsewhere(ClientError):
    """The response names an index on another host than the one that was asked, with a login, or without TLS."""


class LockRefused(ClientError):
    """The server found defects in the document, and stored nothing.

    :param more: number of defects that the server left out of its response.
    """

    def __init__(self, defects: Sequence[Defect], more: int = 0) -> None:
        super().__init__("the lock has defects", "Fix each line and commit again.")
        self.defects = tuple(defects)
        self.more = more


class WrongBytes(ClientError):
    """Bytes that were received, or found in the folder, are not those that the lock admits."""


class CratesNotPinned(ClientError):
    """An sdist needs Rust, and nothing pins its crates."""


class FileInTheWay(WrongBytes):
    """The folder has a file of that name, with other bytes: it may be the user's own."""


class WrongListing(ClientError):
    """The server lists a file that the lock does not admit, or leaves out what the lock pins.

    :param about: whose list it is: ``the list of files``, ``the SBOM``.
    :param flaws: what is wrong, a line each; at least one.
    """

    def __init__(self, about: str, flaws: Sequence[str]) -> None:
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        super().__init__(
            f"{about} is not that of the lock: {flaws[0]}{more}",
            "Do not use this server: it sends something other than what the address commits to.",
        )
        self.flaws = tuple(flaws)
