"""One file that a lock admits, as the client's commands pass it on."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ListedFile"]


class ListedFile(NamedTuple):
    """One file that a lock admits.

    :param project: normalised name.
    :param sha256: in hex.
    :param size: bytes, if known.
    :param marker: of the pin, as the lock spells it; empty if it has none.
    :param version: of the release; empty if a source has none.
    :param saved_as: its name in a folder, if that is not its filename.
    :param source: the lock names it by a URL or a commit.
    :param subdirectory: path of the project within a source.
    """

    project: str
    filename: str
    sha256: str
    size: int | None = None
    marker: str = ""
    version: str = ""
    saved_as: str = ""
    source: bool = False
    subdirectory: str = ""

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.saved_as or self.filename
