"""The parser for the filenames of distributions: version and kind."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.model import Project

__all__ = ["ParsedFilename", "parse", "variant_label", "without_label"]

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tbz", ".tar.xz", ".txz", ".tar")
"""The archive suffixes of pip that indexes hold, the common ones first. They are case-sensitive, as for pip."""

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
"""The archives that pip, uv and Hermeto can all unpack: a lock may name a source with one of these by its URL."""

REQUIREMENT_SUFFIXES = (
    *(".zip", ".whl", ".tar.bz2", ".tbz", ".tar.gz", ".tgz", ".tar"),
    *(".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"),
)
"""pip's ``ARCHIVE_EXTENSIONS``: pip reads a requirement that ends with one of them as a filename."""

LIMIT = 255
"""The longest filename in bytes: the limit of common file systems."""

# No name, version or tag that packaging tools accept needs other characters. This excludes slash, backslash, percent
# sign, space, control characters, and letters that become ASCII only by lower() (the Kelvin sign becomes k).
_FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!-]*")
_WHEEL_NAME = re.compile(r"[A-Za-z0-9._]+")
_TAG_SET = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_VARIANT_LABEL = re.compile(r"[a-z0-9_.]{1,16}")


@frozen
class ParsedFilename:
    """The parsed content of a filename.

    :param version: the version of the release.
    :param version_text: the version as the filename spells it, for ``===``.
    :param wheel: ``True`` for a wheel, ``False`` for an sdist.
    """

    version: Version
    version_text: str
    wheel: bool


def parse(filename: str, project: Project) -> ParsedFilename | None:
    """Parse a filename; return ``None`` if it does not name a wheel or an sdist of ``project``.

    ``None`` covers eggs and installers, files of other projects, versions outside :pep:`440`, and names that cannot be
    one segment of a path.
    """
    # The dots: a legal name could have two in a row, but proxies that look for path traversal refuse such a name.
    if len(filename) > LIMIT or not _FILENAME.fullmatch(filename) or ".." in filename:
        return None
    if filename.endswith(".whl"):
        return _wheel(filename.removesuffix(".whl"), project)
    return next((_sdist(filename[: -len(end)], project) for end in SDIST_SUFFIXES if filename.endswith(end)), None)


def _wheel(stem: str, project: Project) -> ParsedFilename | None:
    """Parse ``name-version[-build]-python-abi-platform[-label]``, as the binary distribution format and :pep:`825` say.

    Without a label, this accepts the same names as ``packaging.utils.parse_wheel_filename``. That function also expands
    the tags, which is not needed here and which a hostile filename of 255 bytes turns into 60,000 objects, and it
    parses each version anew.
    """
    name, _, rest = stem.partition("-")
    version_text, _, tags = rest.partition("-")
    if _wheel_name(name) != project or not _are_tags(tags):
        return None
    return _named(version_text, wheel=True)


@lru_cache(maxsize=4096)
def _are_tags(text: str) -> bool:
    """Return whether a text can follow the version; cached, because most wheels of a page have the same few."""
    parts = ["", *text.split("-")]
    if _has_build(parts):
        del parts[1]
    label = parts.pop() if len(parts) == 5 else None
    return len(parts) == 4 and _is_tag(*parts[1:]) and (label is None or _VARIANT_LABEL.fullmatch(label) is not None)


@lru_cache(maxsize=1024)
def _wheel_name(name: str) -> Project | None:
    """Return the project that the filename of a wheel names, if that can be one. On a page, all names are the same."""
    return _normalized(name) if _WHEEL_NAME.fullmatch(name) and "__" not in name else None


def _has_build(parts: list[str]) -> bool:
    """Return whether the part after the version is a build tag: it starts with a digit, and no Python tag does."""
    return len(parts) in (5, 6) and parts[1][:1].isdigit()


def variant_label(filename: str) -> str | None:
    """Return the variant label (:pep:`825`) in the filename of a wheel; ``None`` for any other file."""
    if not filename.endswith(".whl"):
        return None
    _, *parts = filename.removesuffix(".whl").split("-")
    return parts[-1] if len(parts) == 5 + _has_build(parts) and _VARIANT_LABEL.fullmatch(parts[-1]) else None


def without_label(filename: str) -> str:
    """Return the filename of a wheel without its variant label: the name of a wheel for any tool.

    >>> without_label("numpy-2.3.2-cp313-cp313-linux_x86_64-x86_64_v3.whl")
    'numpy-2.3.2-cp313-cp313-linux_x86_64.whl'
    """
    label = variant_label(filename)
    return filename if label is None else f"{filename.removesuffix(f'-{label}.whl')}.whl"


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
    """Parse a version; cached, because a release has dozens of files and equal objects compare by identity first."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
