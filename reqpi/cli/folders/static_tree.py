"""A folder with the static trees of addresses: each appears whole, and is verified again by every run.

The tree of a new address is made in a folder of another name, which a web server does not serve, and renamed at the
end. In a tree that is there, each file is replaced in one step. Nothing is trusted because of its name or its date:
the digest of every file is computed, and a file that the lock does not admit is removed.

Trees of several addresses share the files that they have in common, as hard links: so each address is a folder that
can be served, copied and removed without the others.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.written_file import write
from reqpi.client.errors import BadUsage
from reqpi.core.address import is_address
from reqpi.core.static_tree.resource import StaticResource

__all__ = ["StaticTree", "static_tree"]

_NEW, _FILES = "tree", "files"

_EARLIEST = 946_684_800  # the year 2000
_DIGITS = 7


class StaticTree:
    """The tree of one address.

    :param folder: has the folders of all addresses.
    :ivar files: the folder for verified files, each named after its sha256, until the tree has them.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._place = folder / address
        self._siblings = sorted(
            path for path in folder.iterdir() if is_address(path.name) and path.is_dir() and not path.is_symlink()
        )
        self._work = _work_of(folder, address)
        self._new = self._work / _NEW
        self.files = self._work / _FILES

    def offer(self, sha256: str, url: str) -> None:
        """Link a file that some tree has at this path to :attr:`files`. It may have any bytes: verify it there."""
        place = self.files / sha256
        if os.path.lexists(place):
            return
        for tree in (self._place, self._new, *self._siblings):
            if _is_file(tree / url):
                with writing(place):
                    _link(tree / url, place)
                return

    def place(self, resources: Iterable[StaticResource]) -> int:
        """Write the tree, which then has these resources and nothing else.

        :returns: the number of files that were written or replaced.
        """
        wanted = {each.place: each for each in resources}
        top = self._place if self._place.exists() else self._new
        with writing(top):
            top.mkdir(parents=True, exist_ok=True)
            _remove_unfit(top, wanted)
            written = sum(self._written(top, each) for each in sorted(wanted.values(), key=_pages_last))
            if top == self._new:
                for where, _, _ in os.walk(top):
                    _sync(where)
                top.rename(self._place)
                _sync(self._place.parent)
            shutil.rmtree(self._work, ignore_errors=True)
        return written

    def _written(self, top: Path, each: StaticResource) -> bool:
        """Write one file, unless it is there."""
        place = top / each.place
        fresh = not self._is_there(place, each)
        if fresh:
            place.parent.mkdir(parents=True, exist_ok=True)
            part = self._work / "part"
            part.unlink(missing_ok=True)
            if each.body is None:
                _link(self.files / each.sha256, part)
            else:
                write(part, each.body, follow=False)
            part.replace(place)
        _date(place, each.digest)
        return fresh

    def _is_there(self, place: Path, each: StaticResource) -> bool:
        """Return whether a file has the right bytes; a verified file has them if it is the same file."""
        if not _is_file(place):
            return False
        if each.body is None:
            return place.samefile(self.files / each.sha256) or _sha256(place) == each.sha256
        return place.stat().st_size == len(each.body) and place.read_bytes() == each.body


def _pages_last(each: StaticResource) -> tuple[bool, bool]:
    """Order resources so that no page is there before the files that it links to."""
    return each.body is not None, each.place.rpartition("/")[2].startswith("index.")


@contextmanager
def static_tree(folder: Path, address: str) -> Iterator[StaticTree]:
    """Provide the tree of an address, for this process alone.

    :raises reqpi.client.BadUsage: the folder cannot be written, or another process writes the same tree.
    """
    work = _work_of(folder, address)
    for place in (folder / address, work, work / _NEW, work / _FILES):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise BadUsage(f"{place} is not a folder", "Remove it, or name another folder.")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(work):
        try:
            with writing(folder):
                (work / _FILES).mkdir(exist_ok=True)
                tree = StaticTree(folder, address)
            yield tree
        finally:
            for place in (work / _FILES, work, folder):
                with suppress(OSError):  # it is not empty
                    place.rmdir()


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Have a folder for this process alone.

    :raises reqpi.client.BadUsage: another process has it, or it cannot be made.
    """
    with writing(work):
        work.mkdir(exist_ok=True)
        lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise BadUsage(f"another process writes {work}", "Wait until it has ended.") from None
        yield
    finally:
        os.close(lock)


def _work_of(folder: Path, address: str) -> Path:
    """Return the folder for what is not finished. A run that is interrupted leaves it, and the next one goes on."""
    return folder / f".{address}.part"


def _remove_unfit(top: Path, wanted: Iterable[str]) -> None:
    """Remove everything that is not a regular file with the place of a resource, or a folder above one."""
    files = set(wanted)
    folders = {"/".join(place.split("/")[:length]) for place in files for length in range(1, place.count("/") + 1)}
    for where, below, names in os.walk(top):
        for name in [*below, *names]:
            path = Path(where, name)
            place = path.relative_to(top).as_posix()
            mode = path.lstat().st_mode
            if (S_ISREG(mode) and place in files) or (S_ISDIR(mode) and place in folders):
                continue
            if S_ISDIR(mode):
                below.remove(name)
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_file(path: Path) -> bool:
    """Return whether there is a regular file, and no link."""
    try:
        return S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _link(source: Path, place: Path) -> None:
    """Make a hard link, or a copy on a file system that has none."""
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, place, follow_symlinks=False)


def _date(place: Path, digest: str) -> None:
    """Give a file a date that follows from its bytes: nginx makes its ETag from the date and the size.

    So every mirror has the same ETag for the same bytes, and another one for others.
    """
    date = _EARLIEST + int(digest[:_DIGITS], 16)
    if place.stat().st_mtime != date:
        os.utime(place, (date, date))


def _sha256(place: Path) -> str:
    computed = sha256()
    with place.open("rb") as stream:
        while data := stream.read(1 << 20):
            computed.update(data)
    return computed.hexdigest()


def _sync(folder: str | Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
