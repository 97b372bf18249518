"""Reader of Pipfile.lock, pipfile-spec 6, with the categories ``default``, ``develop`` and all others.

A package comes from the source that its ``index`` names, otherwise from the first one, as in pipenv. Archives and git
commits become sources; paths on the machine that locked are left out with a note.
Source: the files of pipenv 2026.10 itself, and ``pipenv/utils/locking.py``.
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

__all__ = ["FORMAT", "read"]

FORMAT = "Pipfile.lock"

VERSION = 6
"""The only version of the format since 2017."""

_META = "_meta"
_ENTRIES = "packages"
_KINDS = ("git", "file", "path", *SYSTEMS)


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a Pipfile.lock, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the package's key.
    :raises reqpi.core.errors.BrokenLock: it is not JSON, or has another version.
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
    """Return the metadata of the document.

    :raises reqpi.core.errors.BrokenLock: it has another version.
    """
    meta = parsed.value.get(_META) if isinstance(parsed.value, dict) else None
    stated = meta.get("pipfile-spec") if isinstance(meta, dict) else None
    if isinstance(stated, bool) or stated != VERSION:
        line, _ = parsed.spans.get((_META, "pipfile-spec"), (0, 0))
        spelled = "missing" if stated is None else str(stated)[:40]
        findings.only(Refused(rules.LOCK_VERSION, spelled, f"pipfile-spec {VERSION}"), line)
    return Entry(meta if isinstance(meta, dict) else {}, _META)


def _packages(parsed: JsonDocument, findings: Findings) -> Iterator[tuple[tuple[int, int], object]]:
    """Yield the packages of all categories: the first and last line of each, and its table with its name added."""
    categories = parsed.value if isinstance(parsed.value, dict) else {}
    for category, packages in categories.items():
        if category == _META:
            continue
        if not isinstance(packages, dict):
            findings.refuse(rules.ENTRY, 0, f"`{category}` is not an object")
            continue
        for name, stated in packages.items():
            table = {**stated, "name": name} if isinstance(stated, dict) else stated
            yield parsed.spans.get((category, name), (0, 0)), table


def _sources(meta: Entry, line: int, findings: Findings) -> Mapping[str, str]:
    """Return the URLs of the indexes, by their names; the first is the default."""
    found: dict[str, str] = {}
    try:
        for source in meta.listed("sources"):
            name, url = source.needed("name"), source.needed("url")
            plain = without_variables(url)
            found[name], user = source_urls.index(plain, f"the source {name}")
            if user or plain != url:
                findings.note(line, f"The user name in the URL of the source {shown(name, 80)} is ignored.")
    except Refused as refused:
        findings.refused(refused, line)
    return found


@define
class _Reader:
    packages: Packages
    document: TomlDocument
    _sources: Mapping[str, str] = field(repr=False)

    def read(self, number: int, entry: Entry) -> Pin | None:
        """Return the pin of a package; ``None`` if the package is on the machine that locked, or was not locked there.

        :raises reqpi.core.locks.rules.requirements.Refused: the package has a defect.
        """
        line, last = self.document.span(number)
        text = entry.text("markers")
        marker = self.packages.marker(entry, [text] if text else [], "markers")
        hashes = Hashes(entry)
        kind = next((kind for kind in _KINDS if kind in entry.table), None)
        if not kind and marker and entry.text("version") == "*":
            # pipenv locks for the machine that it runs on, and copies the Pipfile's entry of any other package.
            self.packages.left_out(entry, line, "not locked, because its marker was false where pipenv ran")
            return None
        hashed = [split_hash(each) for each in entry.texts("hashes")]
        if hashed and kind == "git":
            raise entry.flaw(sources.GIT_DIGEST, key="hashes")
        if hashed:
            hashes.add(Entry(entry.table, entry.name, "hashes"), hashed)
        taken = _source(entry, kind, hashes) if kind else None
        if kind and not taken:
            what = f"installed from a {'path' if kind == 'path' else 'file'} on the machine that locked"
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
    """Return the version alone: ``1.0`` for ``==1.0``; ``None`` if the entry has none, or a source and no ``==``.

    :raises reqpi.core.locks.tools.entries.EntryFlaw: it is a range, or ``*``.
    """
    stated = entry.text("version")
    if stated is None or (sourced and not stated.startswith("==")):
        return None
    if not stated.startswith("==") or stated.startswith("==="):
        raise entry.flaw(tools.UNPINNED, stated, "version")
    return stated[2:].strip()


def _source(entry: Entry, kind: str, hashes: Hashes) -> Archive | Git | None:
    """Return the source of a package; ``None`` if it is on the machine that locked.

    :raises reqpi.core.locks.rules.requirements.Refused: the kind of source is not supported.
    """
    url = without_variables(entry.needed(kind))
    if kind == "file":
        return archive(entry, url, hashes, [])
    if kind == "git":
        return git(entry, url, entry.needed("ref"))
    if kind == "path":
        return None
    raise entry.flaw(sources.OTHER_VCS, entry.name, kind)
