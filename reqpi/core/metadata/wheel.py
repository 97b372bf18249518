"""The core metadata of a wheel, without any input or output: from a whole file, or from a few ranges of one."""

from __future__ import annotations

from functools import partial
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from packaging.utils import canonicalize_name

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE, GuardedFile, Readable, ZipRangePlan
from reqpi.core.model import Project

__all__ = ["BrokenWheel", "LazyWheel", "dist_info_file", "dist_info_of", "wheel_metadata"]

MAX_METADATA = 8 * 1024 * 1024
"""Bytes of a ``METADATA``. The longest known are descriptions of some 100 KiB."""


class BrokenWheel(UpstreamTrouble):
    """A wheel that pip could not install either, or one that is out of all proportion."""


def wheel_metadata(file: Readable, filename: str, project: Project) -> bytes:
    """Read the ``METADATA`` of a wheel; see :func:`dist_info_file`."""
    return dist_info_file(file, filename, project, "METADATA", MAX_METADATA)


def dist_info_file(file: Readable, filename: str, project: Project, name: str, largest: int) -> bytes:
    """Read a file in the ``.dist-info`` directory of a wheel, from the place where pip looks (``wheel_dist_info_dir``).

    Only stored and deflated files are supported, as :mod:`zipfile` cannot bound any other compression.

    :param file: the wheel.
    :param filename: for messages.
    :param project: the project that the wheel must belong to.
    :param name: such as ``METADATA``.
    :param largest: bytes of the file, at most.
    :raises BrokenWheel: the wheel has no such file that can be read; another attempt will not help.
    :raises reqpi.core.metadata.zip_ranges.MissingRange: ``file`` is sparse and lacks bytes that are needed first.
    """
    try:
        guarded = GuardedFile(file)
        with ZipFile(guarded) as archive:
            entry = _entry(archive, filename, f"{dist_info_of(archive, filename, project)}/{name}", largest)
            guarded.touch(entry)
            with archive.open(entry) as opened:
                return opened.read(largest)
    except UNREADABLE as error:
        raise BrokenWheel(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error


def dist_info_of(archive: ZipFile, filename: str, project: Project) -> str:
    """Return the name of the ``.dist-info`` directory of a wheel.

    :raises BrokenWheel: it has none, or several, or that of another project.
    """
    names = archive.namelist()
    if len(names) > MAX_ENTRIES:
        raise BrokenWheel(f"{filename} cannot be read", f"It has more than {MAX_ENTRIES} files.")
    found = sorted({top for name in names if (top := name.partition("/")[0]).endswith(".dist-info")})
    if len(found) != 1:
        these = ", ".join(found[:5])[:200] or "none"
        raise BrokenWheel(
            f"{filename} is not a valid wheel", f"It should have one .dist-info directory, and has: {these}."
        )
    if not canonicalize_name(found[0]).startswith(project):
        raise BrokenWheel(f"{filename} is not a wheel of {project}", f"Its .dist-info directory is {found[0][:200]!r}.")
    return found[0]


def _entry(archive: ZipFile, filename: str, path: str, largest: int) -> ZipInfo:
    name = path.rpartition("/")[2]
    if path not in archive.NameToInfo:
        raise BrokenWheel(f"{filename} is not a valid wheel", f"It has no {name}.")
    entry = archive.getinfo(path)
    if entry.flag_bits & 1:
        raise BrokenWheel(f"{filename} cannot be read", "It is encrypted.")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BrokenWheel(f"{filename} cannot be read", f"Its compression ({entry.compress_type}) is not supported.")
    if max(entry.file_size, entry.compress_size) > largest:
        raise BrokenWheel(f"{filename} cannot be read", f"Its {name} has more than {largest} bytes.")
    return entry


class LazyWheel(ZipRangePlan[bytes]):
    """A plan of the ranges of a wheel for its metadata. :meth:`fill` raises :exc:`BrokenWheel` if it has none."""

    def __init__(self, size: int, filename: str, project: Project) -> None:
        super().__init__(size, partial(wheel_metadata, filename=filename, project=project))

    @property
    def metadata(self) -> bytes | None:
        """The ``METADATA``; ``None`` until it is found, or if it would take too many ranges or bytes."""
        return self.found
