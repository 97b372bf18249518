"""The advisories of a running server, which follow the files of ``--advisories``."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import frozen
from twisted.logger import Logger

from reqpi.core.advisories.export import AdvisoryExports, BadExport
from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.reading import LARGEST_ADVISORY
from reqpi.core.errors import Misconfigured
from reqpi.runtime.gc_pause import paused
from reqpi.runtime.offload import in_thread

__all__ = ["FollowedAdvisories"]

_MOST_FILES = 200_000
_LONGEST_LIST = 3
"""Unreadable documents that the log names."""

_log = Logger()


@frozen(order=True)
class _FileIdentity:
    """Numbers that change with a file, and its path."""

    path: str
    device: int
    inode: int
    size: int
    modified: int
    changed: int


@frozen
class _LoadedAdvisories:
    """The result of reading the files.

    :param unread: a sentence about documents that are not advisories; empty if all are.
    """

    index: AdvisoryIndex
    unread: str


class FollowedAdvisories:
    """The advisories of a server.

    :param path: an export of OSV, a JSON file, or a folder with several of them, at any depth; ``None``: none.
    :ivar index: those that were read last.
    :ivar changed: each is called after the index was replaced by another one.
    :raises reqpi.core.errors.Misconfigured: the files cannot be read.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.index = AdvisoryIndex.of(())
        self.changed: list[Callable[[], None]] = []
        self._path = path
        self._seen: tuple[_FileIdentity, ...] = ()
        if path is not None:
            self._begin(path)

    @property
    def known(self) -> bool:
        """Whether the server was given any files of advisories."""
        return self._path is not None

    async def refresh(self) -> None:
        """Read the files again if one has changed. While they cannot be read, the earlier advisories count."""
        if self._path is None:
            return
        try:
            loaded = await in_thread(self._read_if_changed, self._path)
        except (OSError, BadExport) as error:
            _log.error("{error} The advisories are those of before.", error=_unusable(self._path, error))
            return
        if loaded is not None:
            self._take(loaded)
            for each in self.changed:
                each()

    def _begin(self, path: Path) -> None:
        try:
            loaded = self._read_if_changed(path)
        except (OSError, BadExport) as error:
            raise _unusable(path, error) from None
        if loaded is None:
            _log.warn("--advisories {path} has no .zip and no .json file: no advisory is known", path=path)
        else:
            self._take(loaded)

    def _read_if_changed(self, path: Path) -> _LoadedAdvisories | None:
        """Return the advisories of the files; ``None`` if no file has changed.

        Files that change meanwhile are read again the next time.
        """
        found = tuple(sorted(_identities(path)))
        if found == self._seen:
            return None
        self._seen = found
        with paused():
            return _load(each.path for each in found)

    def _take(self, loaded: _LoadedAdvisories) -> None:
        self.index = loaded.index
        _log.info("{count} advisories were read from {path}", count=len(loaded.index), path=self._path)
        if loaded.unread:
            _log.warn("{unread}", unread=loaded.unread)


def _identities(path: Path) -> Iterator[_FileIdentity]:
    """Yield each file to read.

    :raises OSError: ``path`` does not exist, or a folder cannot be listed.
    :raises BadExport: there are too many files.
    """
    for count, place in enumerate(_files(path) if path.is_dir() else [str(path)]):
        if count >= _MOST_FILES:
            raise BadExport(f"it has more than {_MOST_FILES} files")
        found = os.stat(place)
        if stat.S_ISREG(found.st_mode):
            yield _FileIdentity(place, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        elif place == str(path):
            raise BadExport("it is neither a file nor a folder")


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(place, name) for name in names if _is_read(name))


def _is_read(name: str) -> bool:
    """Return whether a file of a folder is read. A hidden one is still being written, or belongs to another program."""
    return name.endswith((".zip", ".json")) and not name.startswith(".")


def _raise(error: OSError) -> None:
    raise error


def _load(paths: Iterable[str]) -> _LoadedAdvisories:
    found = AdvisoryExports()
    for path in paths:
        with open(path, "rb") as file:
            try:
                if path.endswith(".json"):
                    found.add_document(os.path.basename(path), file.read(LARGEST_ADVISORY + 1))
                else:
                    found.add_zip(file)
            except BadExport as bad:
                raise BadExport(f"{path}: {bad}") from bad
    return _LoadedAdvisories(found.index(), _about_unread(found))


def _about_unread(found: AdvisoryExports) -> str:
    if not found.all_unread:
        return ""
    named = "; ".join(map(str, found.unread[:_LONGEST_LIST]))
    more = "; and so on" if found.all_unread > _LONGEST_LIST else ""
    return f"{found.all_unread} files of --advisories are no advisories and were left out: {named}{more}"


def _unusable(path: Path, error: Exception) -> Misconfigured:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Misconfigured(f"--advisories {path} cannot be used", f"{reason}.")
