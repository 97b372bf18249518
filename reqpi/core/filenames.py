"""What the filename of a distribution says: its version, and whether it is a wheel."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.model import Project

__all__ = ["ParsedFilename", "parse"]

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tbz", ".tar.xz", ".txz", ".tar")
"""Those of pip's archives that indexes hold, and the common ones first. Letter case counts, as it does for pip."""

LIMIT = 255
"""Longest filename, in bytes: what common file systems allow."""

# No name, version or tag that packaging tools accept needs more than these. It leaves no slash, backslash, percent
# sign, space or control character, and no letter that only lower() makes ASCII (the Kelvin sign becomes k).
_FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]*")
_WHEEL_NAME = re.compile(r"[A-Za-z0-9._]+")
_TAG_SET = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")


@frozen
class ParsedFilename:
    """What a filename says.

    :param version: of the release.
    :param version_text: the version as the filename spells it, for ``===``.
    :param wheel: a wheel, or else an sdist.
    """

    version: Version
    version_text: str
    wheel: bool


def parse(filename: str, project: Project) -> ParsedFilename | None:
    """Read a filename, or say ``None`` where it is no wheel and no sdist of ``project``.

    ``None`` stands for eggs and installers, another project's files, versions outside :pep:`440`,
    and whatever cannot stand as one segment of a path.
    """
    # The dots: a legal name could hold two in a row, but then proxies that look for path traversal refuse it.
    if len(filename) > LIMIT or not _FILENAME.fullmatch(filename) or ".." in filename:
        return None
    if filename.endswith(".whl"):
        return _wheel(filename.removesuffix(".whl"), project)
    return next((_sdist(filename[: -len(end)], project) for end in SDIST_SUFFIXES if filename.endswith(end)), None)


def _wheel(stem: str, project: Project) -> ParsedFilename | None:
    """Read ``name-version[-build]-python-abi-platform``, as the binary distribution format has it.

    It admits what ``packaging.utils.parse_wheel_filename`` admits. That one multiplies the tags out, which nobody
    needs here and which a hostile filename of 255 bytes makes 60,000 objects; and it parses each version anew.
    """
    name, *parts = stem.split("-")
    if not (_WHEEL_NAME.fullmatch(name) and "__" not in name and _normalized(name) == project):
        return None
    if len(parts) == 5 and parts[1][:1].isdigit():
        del parts[1]
    if len(parts) != 4 or not _is_tag(*parts[1:]):
        return None
    return _named(parts[0], wheel=True)


@lru_cache(maxsize=4096)
def _is_tag(interpreters: str, abis: str, platforms: str) -> bool:
    return all(map(_TAG_SET.fullmatch, (interpreters, abis, platforms))) and not any(
        interpreter[0].isdigit() for interpreter in interpreters.split(".")
    )


def _sdist(stem: str, project: Project) -> ParsedFilename | None:
    """Split at the first dash that has the project's name before it, as pip does.

    The name itself may hold dashes (``zope-interface-4.0``), and so may the version (``foo-1.0-1``).
    """
    dash = stem.find("-")
    while dash != -1:
        if _normalized(stem[:dash]) == project:
            return _named(stem[dash + 1 :], wheel=False)
        dash = stem.find("-", dash + 1)
    return None


def _named(version_text: str, *, wheel: bool) -> ParsedFilename | None:
    version = _version(version_text)
    return None if version is None else ParsedFilename(version, version_text, wheel)


_normalized = lru_cache(maxsize=1024)(canonicalize_name)


@lru_cache(maxsize=8192)
def _version(text: str) -> Version | None:
    """A release has dozens of files: its version is parsed once, and compared by identity first."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
