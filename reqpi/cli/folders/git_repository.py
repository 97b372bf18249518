"""The git repository that contains a folder, read from its files.

The git program is never run, because it would obey the repository's configuration.
"""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from reqpi.core.hermeto import origin_of

__all__ = ["WorkingRepository", "bytes_of"]

_LARGEST = 8 << 20
_LARGEST_LINE = 4096
_HEX = frozenset("0123456789abcdef")


class WorkingRepository:
    """A repository with a working tree.

    :ivar top: the folder that has ``.git``.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        # In a worktree or a submodule .git is a file, and what all worktrees share is in another folder
        # (gitrepository-layout(5)).
        git = top / ".git"
        self._own = git if git.is_dir() else top / _line(git).removeprefix("gitdir:").strip()
        common = _line(self._own / "commondir")
        self._common = self._own / common if common else self._own

    @classmethod
    def around(cls, folder: Path) -> WorkingRepository | None:
        """Return the repository of a folder, or of its nearest parent that has one; ``None`` if there is none."""
        here = folder.absolute()
        top = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
        return None if top is None else cls(top)

    @property
    def upstream(self) -> str | None:
        """The URL of the remote ``origin``; ``None`` if there is none."""
        config = bytes_of(self._common / "config", _LARGEST)
        return None if config is None else origin_of(config)

    @property
    def commit(self) -> str | None:
        """The id of the commit that is checked out; ``None`` if it cannot be read."""
        head = _line(self._own / "HEAD")
        if not head.startswith("ref: refs/"):
            return _as_commit(head)
        ref = head.removeprefix("ref: ")
        if ".." in ref.split("/"):
            return None
        return _as_commit(_line(self._common / ref)) or _as_commit(self._packed(ref))

    def _packed(self, ref: str) -> str:
        """Return the id that ``packed-refs`` has for a ref, in a line of the id, a space and the name; or empty."""
        packed = (bytes_of(self._common / "packed-refs", _LARGEST) or b"").decode("utf-8", "replace")
        return next((line.partition(" ")[0] for line in packed.splitlines() if line.partition(" ")[2] == ref), "")


def bytes_of(place: Path, largest: int) -> bytes | None:
    """Return the bytes of a file.

    :param largest: a larger file is cut after ``largest + 1`` bytes, so that the caller can reject it.
    :returns: ``None`` if there is no such regular file, or it cannot be read.
    """
    try:
        if not S_ISREG(place.stat().st_mode):  # reading a pipe may never end
            return None
        with place.open("rb") as stream:
            return stream.read(largest + 1)
    except (OSError, ValueError):
        return None


def _line(place: Path) -> str:
    return (bytes_of(place, _LARGEST_LINE) or b"").decode("utf-8", "replace").strip()


def _as_commit(text: str) -> str | None:
    return text if len(text) in (40, 64) and set(text) <= _HEX else None
