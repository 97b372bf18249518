"""The requirements.txt of a wheelhouse with built wheels: it has their digests in addition to those of the lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.locks.pip.lines import logical_lines, physical_lines
from reqpi.core.locks.pip.options import parted
from reqpi.core.locks.text import decode, encoding
from reqpi.core.model import Project

__all__ = ["BuiltWheel", "with_built"]


@frozen
class BuiltWheel:
    """A wheel that was built.

    :param sha256: the digest of the wheel, in hex.
    :param source: it was built from an archive or a commit that the lock names by its URL.
    """

    project: Project
    version: Version
    sha256: str
    source: bool = False


def with_built(requirements: bytes, built: Sequence[BuiltWheel]) -> bytes:
    """Return a requirements.txt that also admits the wheels in ``built``.

    A pin by URL becomes a pin of the version that was built from it, if one was, so that no one has to contact that
    URL.

    :param requirements: as :func:`reqpi.core.export.requirements` writes it, without an index.
    """
    how = encoding(requirements)
    releases: dict[tuple[Project, Version], list[str]] = {}
    sources: dict[Project, BuiltWheel] = {}
    for each in built:
        if each.source:
            sources[each.project] = each
        else:
            releases.setdefault((each.project, each.version), []).append(each.sha256)
    written = "".join(_lines(decode(requirements), releases, sources))
    return how.mark + written.encode(how.codec)


def _lines(
    text: str, releases: Mapping[tuple[Project, Version], Sequence[str]], sources: Mapping[Project, BuiltWheel]
) -> Iterator[str]:
    lines = physical_lines(text)
    done = 0
    for logical in logical_lines(lines):
        yield from lines[done : logical.line - 1]
        done = logical.last_line
        unchanged = lines[logical.line - 1 : done]
        requirement = _requirement(logical.text)
        source = sources.get(canonicalize_name(requirement.name)) if requirement and requirement.url else None
        if requirement is not None and source is not None:
            yield _pinned(requirement, source)
        elif requirement is not None and (digests := _digests(requirement, releases)):
            yield _with_digests("".join(unchanged), digests)
        else:
            yield from unchanged
    yield from lines[done:]


def _requirement(text: str) -> Requirement | None:
    try:
        return None if text.startswith("-") else Requirement(parted(text)[0])
    except InvalidRequirement:
        return None


def _digests(requirement: Requirement, releases: Mapping[tuple[Project, Version], Sequence[str]]) -> Sequence[str]:
    release = _release(requirement)
    return releases.get(release, ()) if release is not None else ()


def _release(requirement: Requirement) -> tuple[Project, Version] | None:
    """Return the release that a requirement pins; ``None`` for a bare name, or ``===`` with an invalid version."""
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1:
        return None
    try:
        return canonicalize_name(requirement.name), Version(specifiers[0].version)
    except InvalidVersion:
        return None


def _with_digests(text: str, digests: Sequence[str]) -> str:
    stem = text.rstrip("\r\n")
    end = text[len(stem) :] or "\n"
    return f" \\{end}    ".join([stem, *(f"--hash=sha256:{digest}" for digest in sorted(digests))]) + end


def _pinned(requirement: Requirement, built: BuiltWheel) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}=={built.version}{marker} \\\n    --hash=sha256:{built.sha256}\n"
