"""Pipfile.lock: pipfile-spec 6; ``default``, ``develop`` and every other category.

A package comes from the source that its ``index`` names, otherwise from the first one, as pipenv does it. Archives and
git commits become sources; paths on the machine that locked are left out with a note.
Source: pipenv 2026.10's own files, and ``pipenv/utils/locking.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules import sources, tools
from reqpi.core.locks.rules.requirements import Refused, shown
from reqpi.core.locks.tools import json_document, source_urls
from reqpi.core.locks.tools.entries import Entry, read_each
from reqpi.core.locks.tools.json_document import JsonDocument
from reqpi.core.locks.tools.packages import Hashes
from reqpi.core.locks.tools.toml_document import TomlDocument
from reqpi.core.locks.tools.tool_packages import Packages, extras
from reqpi.core.locks.tools.tool_sources import SYSTEMS, archive, git, split_hash, without_variables
from reqpi.core.model import Archive, Git, Pin

__all__ = ["FORMAT", "read", "recognises"]

FORMAT = "Pipfile.lock"

VERSION = 6
"""The only version of the format that there has been since 2017."""

_META = "_meta"
_ENTRIES = "packages"
_KINDS = ("git", "file", "path", *SYSTEMS)


def recognises(value: object) -> bool:
    """Whether what was parsed from JSON is a Pipfile.lock."""
    return isinstance(value, dict) and isinstance(value.get(_META), dict)


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """The pins of a Pipfile.lock, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: gets its defects and notes; a defect's line is that of the package's key.
    :raises reqpi.core.errors.BrokenLock: it is no JSON, or of another version.
    """
    parsed = json_document.load(document, findings)
    meta = _meta(parsed, findings)
    listed = list(_packages(parsed, findings))
    reader = _Reader(
        Packages(findings),
        TomlDocument({_ENTRIES: [table for _, table in listed]}, parsed.lines, [span for span, _ in listed]),
        _sources(meta, parsed.spans.get((_META, "sources"), (0, 0))[0], findings),
    )
    pins = [pin for _, pin in read_each(reader.document, _ENTRIES, findings, reader.read)]
    return reader.packages.conclude(pins)


def _meta(parsed: JsonDocument, findings: Findings) -> Entry:
    """What the document says of itself.

    :raises reqpi.core.errors.BrokenLock: it is of another version.
    """
    meta = parsed.value.get(_META) if isinstance(parsed.value, dict) else None
    said = meta.get("pipfile-spec") if isinstance(meta, dict) else None
    if isinstance(said, bool) or said != VERSION:
        line, _ = parsed.spans.get((_META, "pipfile-spec"), (0, 0))
        spelled = "missing" if said is None else str(said)[:40]
        findings.only(Refused(rules.LOCK_VERSION, spelled, f"pipfile-spec {VERSION}"), line)
    return Entry(meta if isinstance(meta, dict) else {}, _META)


def _packages(parsed: JsonDocument, findings: Findings) -> Iterator[tuple[tuple[int, int], object]]:
    """The packages of all categories: where each stands, and what it says, with its name among it."""
    categories = parsed.value if isinstance(parsed.value, dict) else {}
    for category, packages in categories.items():
        if category == _META:
            continue
        if not isinstance(packages, dict):
            findings.refuse(rules.ENTRY, 0, f"`{category}` is not an object")
            continue
        for name, said in packages.items():
            table = {**said, "name": name} if isinstance(said, dict) else said
            yield parsed.spans.get((category, name), (0, 0)), table


def _sources(meta: Entry, line: int, findings: Findings) -> Mapping[str, str]:
    """The URLs of the indexes, by their names; the first of them is the default."""
    found: dict[str, str] = {}
    try:
        for source in meta.listed("sources"):
            name, url = source.needed("name"), source.needed("url")
            plain = without_variables(url)
            found[name], user = source_urls.index(plain, f"the source {name}")
            if user or plain != url:
                findings.note(line, f"The user in the URL of the source {shown(name, 80)} is not used.")
    except Refused as refused:
        findings.refused(refused, line)
    return found


@define
class _Reader:
    packages: Packages
    document: TomlDocument
    _sources: Mapping[str, str] = field(repr=False)

    def read(self, number: int, entry: Entry) -> Pin | None:
        """The pin that a package is; ``None`` for one that is on the machine that locked.

        :raises reqpi.core.locks.rules.requirements.Refused: it is flawed.
        """
        line, last = self.document.span(number)
        text = entry.text("markers")
        marker = self.packages.marker(entry, [text] if text else [], "markers")
        hashes = Hashes(entry)
        kind = next((kind for kind in _KINDS if kind in entry.table), None)
        if not kind and marker and entry.text("version") == "*":
            # pipenv locks for the machine that it runs on, and writes what the Pipfile says of all else.
            self.packages.left_out(entry, line, "not locked, because its marker did not hold where pipenv ran")
            return None
        hashed = [split_hash(each) for each in entry.texts("hashes")]
        if hashed and kind == "git":
            raise entry.flaw(sources.GIT_DIGEST, key="hashes")
        if hashed:
            hashes.add(Entry(entry.table, entry.name, "hashes"), hashed)
        taken = _source(entry, kind, hashes) if kind else None
        if kind and not taken:
            what = f"installed from a {'path' if kind == 'path' else 'file'} of one machine"
            self.packages.left_out(entry, line, what, entry.text(kind) or "")
            return None
        pinned = Entry({**entry.table, "version": _version(entry, bool(kind))}, entry.name)
        return self.packages.pin(
            pinned,
            (line, last),
            hashes,
            source=taken,
            marker=marker,
            extras=extras(entry),
            indexes=() if kind else self._index(entry),
        )

    def _index(self, entry: Entry) -> tuple[str, ...]:
        named = entry.text("index")
        if named is None:
            return tuple(self._sources.values())[:1]
        if named not in self._sources:
            raise entry.flaw(tools.NO_SOURCE, named, "index")
        return (self._sources[named],)


def _version(entry: Entry, sourced: bool) -> str | None:
    """The version alone: ``==1.0`` says 1.0.

    :raises reqpi.core.locks.tools.entries.Flaw: it is a range, or ``*``.
    """
    said = entry.text("version")
    if said is None or (sourced and not said.startswith("==")):
        return None
    if not said.startswith("==") or said.startswith("==="):
        raise entry.flaw(tools.UNPINNED, said, "version")
    return said[2:].strip()


def _source(entry: Entry, kind: str, hashes: Hashes) -> Archive | Git | None:
    """What a package is taken from; ``None`` for what is on the machine that locked.

    :raises reqpi.core.locks.rules.requirements.Refused: it is a source of a kind that is not read.
    """
    url = without_variables(entry.needed(kind))
    if kind == "file":
        return archive(entry, url, hashes, [])
    if kind == "git":
        return git(entry, url, entry.needed("ref"))
    if kind == "path":
        return None
    raise entry.flaw(sources.OTHER_VCS, entry.name, kind)
