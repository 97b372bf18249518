"""A git repository that a folder is in, read from its files and never by git, which would heed what they configure."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from reqpi.core.hermeto import origin_of

__all__ = ["WorkingRepository", "bytes_of"]

_LARGEST = 8 << 20
_LARGEST_LINE = 4096
_HEX = frozenset("0123456789abcdef")


class WorkingRepository:
    """The repository.

    :ivar top: the folder that has ``.git``.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        # Of a worktree or a submodule .git is a file, and what all worktrees have in common is elsewhere
        # (gitrepository-layout(5)).
        git = top / ".git"
        self._own = git if git.is_dir() else top / _line(git).removeprefix("gitdir:").strip()
        common = _line(self._own / "commondir")
        self._common = self._own / common if common else self._own

    @classmethod
    def around(cls, folder: Path) -> WorkingRepository | None:
        """That of a folder, or of the nearest that it is in."""
        here = folder.absolute()
        top = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
        return None if top is None else cls(top)

    @property
    def upstream(self) -> str | None:
        """The URL of the remote ``origin``."""
        config = bytes_of(self._common / "config", _LARGEST)
        return None if config is None else origin_of(config)

    @property
    def commit(self) -> str | None:
        """The id of what is checked out."""
        head = _line(self._own / "HEAD")
        if not head.startswith("ref: refs/"):
            return _as_commit(head)
        ref = head.removeprefix("ref: ")
        if ".." in ref.split("/"):
            return None
        return _as_commit(_line(self._common / ref)) or _as_commit(self._packed(ref))

    def _packed(self, ref: str) -> str:
        """What ``packed-refs`` has for it: a line with the id, a space and the name."""
        packed = (bytes_of(self._common / "packed-refs", _LARGEST) or b"").decode("utf-8", "replace")
        return next((line.partition(" ")[0] for line in packed.splitlines() if line.partition(" ")[2] == ref), "")


def bytes_of(place: Path, largest: int) -> bytes | None:
    """The bytes of a file, and one more than ``largest`` of a larger one; ``None`` where there is no such file."""
    try:
        if not S_ISREG(place.stat().st_mode):  # a pipe would not end
            return None
        with place.open("rb") as stream:
            return stream.read(largest + 1)
    except (OSError, ValueError):
        return None


def _line(place: Path) -> str:
    return (bytes_of(place, _LARGEST_LINE) or b"").decode("utf-8", "replace").strip()


def _as_commit(text: str) -> str | None:
    return text if len(text) in (40, 64) and set(text) <= _HEX else None
