"""Reader of the lock of pex and pants: the JSON that ``pex3 lock create`` writes, with or without pants' header.

The format names no index: releases come from the operator's, by their digests. An artifact that a requirement names by
URL becomes a source, and so does a git commit; paths on the machine that locked are left out with a note.
Source: the files of pex 2.1.50 to 2.105 themselves, and ``pex/resolve/lockfile/json_codec.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from attrs import define, evolve, field
from packaging.utils import canonicalize_name

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules import sources
from reqpi.core.locks.rules.requirements import Refused, counted
from reqpi.core.locks.support import read_pythons
from reqpi.core.locks.tools import json_document, source_urls
from reqpi.core.locks.tools.entries import Entry, entries, read_each
from reqpi.core.locks.tools.json_document import JsonDocument
from reqpi.core.locks.tools.packages import Hashes, project
from reqpi.core.locks.tools.toml_document import TomlDocument
from reqpi.core.locks.tools.tool_packages import Packages
from reqpi.core.locks.tools.tool_sources import SYSTEMS, archive, git, without_variables
from reqpi.core.model import Archive, Git, Pin, Project, Support
from reqpi.core.report import NOTE

__all__ = ["FORMAT", "read"]

FORMAT = "pex.lock"

_RESOLVES = "locked_resolves"
_PACKAGES = "locked_requirements"
_HEADER = re.compile(rb"[ \t]*+//[^\r\n]*+")
_DIRECT = re.compile(r"([A-Za-z0-9._-]++)[ \t]*+(?:\[[^\]]*+\])?[ \t]*+@[ \t]*+([^\s;]++)")
_URL = re.compile(r"(?:([a-z]++)\+)?([a-z][a-z0-9+.-]*+)://")


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a lock of pex, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the package's object.
    :raises reqpi.core.errors.BrokenLock: it is not JSON, or has no ``locked_resolves``.
    """
    parsed = json_document.load(_without_header(document), findings, _PACKAGES)
    whole = _whole(parsed, findings)
    resolves = [resolve for _, resolve in entries(_listing(parsed, _RESOLVES, whole.table), _RESOLVES, findings)]
    tables = list(_packages(resolves, findings))
    findings.support = _support(whole, findings)
    listing = TomlDocument({_PACKAGES: tables}, parsed.lines, parsed.items if len(parsed.items) == len(tables) else [])
    reader = _Reader(Packages(findings), listing, _direct_urls(whole, tables))
    pins = [pin for _, pin in read_each(listing, _PACKAGES, findings, reader.read)]
    _note_platforms(resolves, findings)
    return reader.packages.conclude(_joined(pins))


def _without_header(document: bytes) -> bytes:
    """Return ``document`` with the lines of pants' header emptied, so that all others keep their numbers."""
    lines = document.split(b"\n")
    for number, line in enumerate(lines):
        if line.strip() and not _HEADER.match(line):
            break
        lines[number] = b""
    return b"\n".join(lines)


def _whole(parsed: JsonDocument, findings: Findings) -> Entry:
    """Return the top-level object.

    :raises reqpi.core.errors.BrokenLock: it has no array ``locked_resolves``.
    """
    table = parsed.value if isinstance(parsed.value, dict) else {}
    if not isinstance(table.get(_RESOLVES), list):
        findings.only(Refused(rules.ENTRY, f"the lock has no array `{_RESOLVES}`"), 0)
    return Entry(table, "the lock")


def _listing(parsed: JsonDocument, key: str, table: Mapping[str, object]) -> TomlDocument:
    return TomlDocument({key: table.get(key)}, parsed.lines, [])


def _packages(resolves: Sequence[Entry], findings: Findings) -> Iterator[object]:
    """Yield the packages of all resolves, as tables with a ``name`` and the marker of their resolve."""
    for resolve in resolves:
        listed = resolve.table.get(_PACKAGES)
        if not isinstance(listed, list):
            findings.refuse(rules.ENTRY, 0, f"a resolve has no array `{_PACKAGES}`")
            continue
        for stated in listed:
            if isinstance(stated, dict):
                yield {**stated, "name": stated.get("project_name"), "marker": resolve.table.get("marker")}
            else:
                yield stated


def _support(whole: Entry, findings: Findings) -> Support:
    """Return the Pythons of the only interpreter constraint. Several are alternatives, which no specifier can name."""
    stated = whole.table.get("requires_python")
    if not isinstance(stated, list) or len(stated) != 1 or not isinstance(stated[0], str):
        return Support()
    key = "requires_python"
    # ``CPython>=3.11`` and ``CPython[free-threaded]>=3.14`` name an implementation, which a specifier does not.
    specifier = re.sub(r"^[A-Za-z]*+(?:\[[^\]]*+\])?", "", stated[0].strip())
    return Support(read_pythons(Entry({key: specifier}, "the lock"), key, 0, findings))


def _direct_urls(whole: Entry, tables: Sequence[object]) -> Mapping[Project, Set[str]]:
    """Return the URLs that requirements of this lock name (:pep:`508`), without fragments, by project."""
    stated = [whole.table.get("requirements")]
    stated += [table.get("requires_dists") for table in tables if isinstance(table, dict)]
    found: dict[Project, set[str]] = {}
    for listed in stated:
        for text in listed if isinstance(listed, list) else ():
            if isinstance(text, str) and (match := _DIRECT.match(text)):
                found.setdefault(canonicalize_name(match[1]), set()).add(match[2].partition("#")[0])
    return found


def _note_platforms(resolves: Sequence[Entry], findings: Findings) -> None:
    if any(resolve.table.get("platform_tag") for resolve in resolves) and len(resolves) > 1:
        findings.note(
            0,
            f"The lock has {counted(len(resolves), 'resolve', 'resolves')}, one for each platform: pins of all "
            "platforms are served, and exports do not say for which platform a pin is.",
            NOTE,
        )


def _joined(pins: Sequence[Pin]) -> list[Pin]:
    """Return the pins with the digests of equal pins put together: each platform lists the files that it needs."""
    joined: dict[tuple[Project, str, Archive | Git | None, str | None], Pin] = {}
    for pin in pins:
        key = (pin.project, pin.version, pin.source, pin.marker)
        known = joined.get(key)
        joined[key] = pin if known is None else _with_digests(known, pin)
    return list(joined.values())


def _with_digests(known: Pin, other: Pin) -> Pin:
    return evolve(known, digests=known.digests | other.digests)


@define
class _Reader:
    packages: Packages
    document: TomlDocument
    _direct: Mapping[Project, Set[str]] = field(repr=False)

    def read(self, number: int, entry: Entry) -> Pin | None:
        """Return the pin of a package; ``None`` if the package is on the machine that locked.

        :raises reqpi.core.locks.rules.requirements.Refused: the package has a defect.
        """
        span = self.document.span(number)
        text = entry.text("marker")
        marker = self.packages.marker(entry, [text] if text else [], "marker")
        hashes = Hashes(entry)
        artifacts = entry.listed("artifacts")
        kinds = [_kind(artifact.needed("url"), self._direct.get(project(entry), frozenset())) for artifact in artifacts]
        if "path" in kinds:
            self.packages.left_out(entry, span[0], "installed from a path on the machine that locked")
            return None
        named = next((index for index, kind in enumerate(kinds) if kind), None)
        source = None if named is None else _source(entry, artifacts[named], kinds[named], hashes)
        if source is None:
            for artifact in artifacts:
                hashes.add(artifact, [(artifact.needed("algorithm"), artifact.table.get("hash"))])
        return self.packages.pin(entry, span, hashes, source=source, marker=marker)


def _kind(url: str, direct: Set[str]) -> str:
    """Return ``path``, ``url`` or the name of a version-control system; empty for a file of an index."""
    found = _URL.match(url)
    if url.startswith("${") or not found or source_urls.is_local(url.removeprefix(f"{found[1]}+")):
        return "path"
    return found[1] or ("url" if url.partition("#")[0] in direct else "")


def _source(entry: Entry, artifact: Entry, kind: str, hashes: Hashes) -> Archive | Git | None:
    """Return the source of a package.

    :raises reqpi.core.locks.rules.requirements.Refused: the kind of source is not supported.
    """
    url = without_variables(artifact.needed("url"))
    if kind in SYSTEMS:
        raise artifact.flaw(sources.OTHER_VCS, entry.name, "url")
    if kind == "url":
        stated = {"hash": f"{artifact.needed('algorithm')}:{artifact.needed('hash')}"}
        return archive(entry, url, hashes, [Entry(stated, entry.name, "artifacts")])
    # The digest is that of an archive that pex makes of the commit: no one else can compute it.
    where, _, reference = url.partition("#")[0].rpartition("@")
    subdirectory = re.search(r"[#&]subdirectory=([^&]++)", url)
    located = Entry({**entry.table, "subdirectory": subdirectory[1]}, entry.name) if subdirectory else entry
    return git(located, where or url, artifact.text("commit_id") or reference)
