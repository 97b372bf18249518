"""What can go wrong between a client and a server, by whom to blame.

They stand apart from :mod:`reqpi.errors` because that module brings attrs and packaging along, which take longer to
import than the whole of ``reqpi gethash`` does. The shape is the same: a title, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reqpi.client.answers import Defect

__all__ = ["AddressDiffers", "BadUsage", "ClientError", "LockRefused", "ServerTrouble"]


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
    """No server, no answer, somebody else's answer, or a problem that the server has."""


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
