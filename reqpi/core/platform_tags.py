"""Platform tags: those of a wheel's filename, and those that are compatible with a platform.

The platforms are those of :pep:`600` (manylinux) and :pep:`656` (musllinux), and macOS as :mod:`packaging.tags` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.tags import mac_platforms

from reqpi.core.filenames import without_label
from reqpi.core.model import File

__all__ = ["ordered_platforms", "platforms_of", "tag_sets"]

_MANYLINUX = re.compile(r"manylinux_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")
_MUSLLINUX = re.compile(r"musllinux_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")
_MACOS = re.compile(r"macosx_(\d{1,3})_(\d{1,3})_([a-z0-9_]+)")

_OLD_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""The glibc version of each legacy name (:pep:`600`, legacy manylinux tags)."""


def tag_sets(filename: str) -> tuple[list[str], list[str], list[str]]:
    """Return the interpreters, the ABIs and the platforms in the filename of a wheel.

    They are not expanded into single tags: a hostile name would make 60,000 of them.
    """
    _, interpreters, abis, platforms = without_label(filename.lower()).removesuffix(".whl").rsplit("-", 3)
    return interpreters.split("."), abis.split("."), platforms.split(".")


def platforms_of(file: File) -> tuple[str, ...]:
    """Return the platform tags of a wheel, including ``any``; for an sdist, ``sdist``; for a crate, ``crate``."""
    if file.filename.endswith(".crate"):
        return ("crate",)
    return tuple(dict.fromkeys(tag_sets(file.filename)[2])) if file.wheel else ("sdist",)


def ordered_platforms(platform: str) -> tuple[str, ...]:
    """Return the platform tags that install on ``platform``: itself, then those for older ones, newest first."""
    return tuple(dict.fromkeys((platform, *_older(platform))))


def _older(platform: str) -> Iterable[str]:
    for old, (major, minor) in _OLD_MANYLINUX.items():
        if platform.startswith(f"{old}_"):
            return _manylinux(major, minor, platform.removeprefix(f"{old}_"))
    if match := _MANYLINUX.fullmatch(platform):
        return _manylinux(int(match[1]), int(match[2]), match[3])
    if match := _MUSLLINUX.fullmatch(platform):
        major, newest, arch = int(match[1]), int(match[2]), match[3]
        return [*(f"musllinux_{major}_{minor}_{arch}" for minor in range(newest, -1, -1)), f"linux_{arch}"]
    if match := _MACOS.fullmatch(platform):
        return mac_platforms((int(match[1]), int(match[2])), match[3])
    return ()


def _manylinux(major: int, newest: int, arch: str) -> Iterable[str]:
    """Yield the tags that run on that glibc, newest first; a legacy name follows the version that it stands for."""
    by_number = {version: old for old, version in _OLD_MANYLINUX.items()}
    for minor in range(newest, -1, -1):
        yield f"manylinux_{major}_{minor}_{arch}"
        if (old := by_number.get((major, minor))) is not None:
            yield f"{old}_{arch}"
    yield from (f"{old}_{arch}" for version, old in by_number.items() if version[0] < major)
    yield f"linux_{arch}"
