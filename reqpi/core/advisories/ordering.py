"""The order of versions: :pep:`440` for PyPI, SemVer for crates.io."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from reqpi.core.advisories.model import CRATES, PYPI

__all__ = ["LONGEST_VERSION", "VERSION_RULES", "SortKey", "VersionRules", "is_readable"]

LONGEST_VERSION = 200
"""Characters of a version. CPython refuses to read whole numbers of more than 4,300 digits."""

SortKey = tuple[Any, ...]
"""A value that sorts as its version does, among those of one ecosystem."""

_UNREADABLE = 1
"""Versions that are not of the ecosystem's rules sort before all that are, as in OSV."""

_READABLE = 2

_RELEASE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")
"""Nearly all versions. Making an object of each would take ten times as long."""

_CANONICAL = re.compile(r"(?:(?:0|[1-9][0-9]*)\.)*[1-9][0-9]*")
"""Versions that are their own canonical spelling."""

_OF_A_RELEASE = ((1,), -1, (1,), ())
"""The rest of the key of a version that is neither a prerelease, a post-release nor a local one."""

_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]*)?", re.ASCII)


@frozen
class VersionRules:
    """The rules of one ecosystem.

    :param name_of: returns the normalized name of a package.
    :param key: returns the sort key of a version.
    :param canonical: returns the one spelling of all versions that are equal.
    """

    name_of: Callable[[str], str]
    key: Callable[[str], SortKey]
    canonical: Callable[[str], str]


def _pypi_key(text: str) -> SortKey:
    if _RELEASE.fullmatch(text):
        return (_READABLE, 0, _stripped(tuple(map(int, text.split(".")))), *_OF_A_RELEASE)
    try:
        version = Version(text)
    except InvalidVersion:
        return (_UNREADABLE, text)
    post = -1 if version.post is None else version.post
    dev = (1,) if version.dev is None else (0, version.dev)
    release = _stripped(version.release)
    return (_READABLE, version.epoch, release, _pre_key(version), post, dev, _local_key(version.local))


def _stripped(release: tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers of a release without zeros at the end: 1.0 is 1."""
    end = len(release)
    while end and not release[end - 1]:
        end -= 1
    return release[:end]


def _pre_key(version: Version) -> tuple[Any, ...]:
    """Return the sort key of a prerelease: 1.0.dev1 is before 1.0a1, and 1.0 and its post-releases are after it."""
    if version.pre is not None:
        return (0, *version.pre)
    return (-1,) if version.post is None and version.dev is not None else (1,)


def _local_key(local: str | None) -> tuple[Any, ...]:
    """Return the sort key of a local version label: none before any, words before numbers."""
    if local is None:
        return ()
    return tuple((1, int(each), "") if _is_number(each) else (0, 0, each) for each in local.split("."))


def _pypi_canonical(text: str) -> str:
    return text if _CANONICAL.fullmatch(text) else canonicalize_version(text).lower()


def _crate_name(text: str) -> str:
    return text.lower().replace("_", "-")


def _semver_key(text: str) -> SortKey:
    match = _SEMVER.fullmatch(text)
    if match is None:
        return (_UNREADABLE, text)
    major, minor, patch, before = match.groups()
    return (_READABLE, int(major), int(minor or 0), int(patch or 0), _prerelease(before))


def _prerelease(text: str | None) -> tuple[Any, ...]:
    """Return the sort key of a prerelease: numbers before words, and a release after all of them."""
    if text is None:
        return (1,)
    return (0, *((0, int(each), "") if _is_number(each) else (1, 0, each) for each in text.split(".")))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _semver_canonical(text: str) -> str:
    match = _SEMVER.fullmatch(text)
    if match is None:
        return text
    major, minor, patch, before = match.groups()
    release = f"{int(major)}.{int(minor or 0)}.{int(patch or 0)}"
    return release if before is None else f"{release}-{before}"


VERSION_RULES: Mapping[str, VersionRules] = {
    PYPI: VersionRules(canonicalize_name, _pypi_key, _pypi_canonical),
    CRATES: VersionRules(_crate_name, _semver_key, _semver_canonical),
}
"""The rules of each ecosystem."""


def is_readable(ecosystem: str, text: str) -> bool:
    """Return whether a text is a version of its ecosystem."""
    return len(text) <= LONGEST_VERSION and VERSION_RULES[ecosystem].key(text)[0] == _READABLE
