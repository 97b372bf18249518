"""What can go wrong between a client and a server, by whom to blame.

They stand apart from :mod:`reqpi.core.errors` because that module brings attrs and packaging along, which take longer
to
import than the whole of ``reqpi gethash`` does. The shape is the same: a title, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence

from reqpi.core.report import Defect

__all__ = ["AddressDiffers", "BadUsage", "ClientError", "LockRefused", "PinsLacking", "ServerTrouble"]


class ClientError(Exception):
    """What all of them have in common.

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
    """No server, no answer, another server's answer, or a problem that the server has.

    :ivar said: what the server said, without the server's name; empty where it said nothing.
    :ivar final: another attempt would bring the same.
    :ivar pending: the server is still working on the answer, so another attempt will succeed.
    """

    said = ""
    final = False
    pending = False


class PinsLacking(ServerTrouble):
    """Lines of the lock that the server cannot complete: an upstream does not have what they pin.

    :ivar defects: the lines, each with the reason.
    """

    final = True

    def __init__(self, title: str, detail: str, defects: Sequence[Defect]) -> None:
        super().__init__(title, detail)
        self.defects = tuple(defects)


class AddressDiffers(ClientError):
    """The server speaks of another document than the one it was sent."""


class LockRefused(ClientError):
    """The server finds defects in the document, and has stored nothing.

    :param more: how many defects the server left out of its answer.
    """

    def __init__(self, defects: Sequence[Defect], more: int = 0) -> None:
        super().__init__("the lock has defects", "Mend each line and commit again.")
        self.defects = tuple(defects)
        self.more = more
