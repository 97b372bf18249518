"""Reader of poetry.lock, lock-version 1.x and 2.x.

Packages of an index become pins with the digests of all their files. Archives and git commits become sources; paths on
the machine that locked are left out with a note. Source: the files of poetry 1.2 to 2.5 themselves, and
``poetry/packages/locker.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.support import read_pythons
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry, read_each
from reqpi.core.locks.tools.packages import Hashes, project
from reqpi.core.locks.tools.poetry_edges import Edges
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.locks.tools.tool_packages import Packages, check_version, find, older_files, with_files
from reqpi.core.locks.tools.tool_sources import archive, git, hash_files
from reqpi.core.model import Archive, Git, Pin, Support

__all__ = ["FORMAT", "read"]

FORMAT = "poetry.lock"

VERSIONS = {1: "1.1", 2: "2.1"}
"""Major versions of the format that are supported, and the newest version of each that this module knows."""

_MARKED = Version("2.1")
"""The first version that states when a package applies."""

_ENTRIES = "package"
_LOCAL = {
    "directory": "installed from a directory",
    "file": "installed from a file on the machine that locked",
    "git": "installed from a repository on the machine that locked",
    "url": "installed from a file on the machine that locked",
}


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a poetry.lock, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the key in the package's table, or of
        its ``[[package]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    version = check_version(parsed, "lock-version", VERSIONS, findings)
    metadata = Entry(parsed.tables, "the lock").inner("metadata") or Entry({})
    line = find(parsed, "python-versions")
    findings.support = Support(read_pythons(metadata, "python-versions", line, findings))
    files: dict[str, object] = {
        canonicalize_name(name): listed for name, listed in older_files(parsed, findings).items()
    }
    edges = Edges.within(findings.support.requires_python, version >= _MARKED, parsed.tables.get(_ENTRIES))
    reader = _Reader(Packages(findings), parsed, files, edges)
    pins = [pin for _, pin in read_each(parsed, _ENTRIES, findings, reader.read)]
    if pins and version < _MARKED:
        line = find(parsed, "lock-version")
        findings.note(line, f"lock-version {version} has no markers: in an export every pin applies everywhere.")
    edges.missing.note(findings)
    return reader.packages.conclude(pins)


@define
class _Reader:
    packages: Packages
    document: TomlDocument
    _files: Mapping[str, object] = field(repr=False)
    _edges: Edges

    def read(self, number: int, entry: Entry) -> Pin | None:
        """Return the pin of a package; ``None`` if the package is on the machine that locked.

        :raises reqpi.core.locks.rules.requirements.Refused: the package has a defect.
        """
        entry = with_files(entry, self._files.get(project(entry)))
        span = self.document.span(number)
        marker = self.packages.marker(entry, _markers(entry), "markers")
        self._edges.look(entry, self.document.line(number, "name"), marker)
        hashes = Hashes(entry)
        source = entry.inner("source")
        kind = source.needed("type") if source else "legacy"
        taken = _source(entry, kind, source, hashes) if source and kind != "legacy" else None
        if taken is None and kind != "legacy":
            path = source.needed("url") if source else ""
            self.packages.left_out(entry, span[0], _LOCAL[kind], path if kind == "directory" else "")
            return None
        if taken is None:
            hash_files(entry.listed("files"), hashes)
        indexes = (self._index(source, span[0]),) if source and taken is None else ()
        return self.packages.pin(entry, span, hashes, source=taken, marker=marker, indexes=indexes)

    def _index(self, source: Entry, line: int) -> str:
        url, user = source_urls.index(source.needed("url"), source.name)
        if user:
            self.packages.findings.note(line, f"The user name in the URL of {source.name}'s index is ignored.")
        return url


def _source(entry: Entry, kind: str, source: Entry, hashes: Hashes) -> Archive | Git | None:
    """Return the source of a package; ``None`` if it is on the machine that locked.

    :raises reqpi.core.locks.rules.requirements.Refused: the kind of source is not supported.
    """
    url = source.needed("url")
    if kind == "url":
        return archive(entry, url, hashes, entry.listed("files"))
    if kind == "git":
        # Before lock-version 1.1 the commit was the reference itself.
        return git(entry, url, source.text("resolved_reference") or source.needed("reference"))
    if kind not in _LOCAL:
        raise source.flaw(rules.ENTRY, f"the kind of the `source` of {entry.name} is not supported", "type")
    return None


def _markers(entry: Entry) -> list[str]:
    """Return the markers of a package, any of which must hold; an empty list if it always applies.

    ``markers`` is a string or, where the project's groups differ, a table of strings. A group that is not in the table
    has no marker.
    """
    markers = entry.table.get("markers")
    if markers is None or isinstance(markers, str):
        return [markers] if markers else []
    inner = entry.inner("markers")
    each = [inner.needed(group) for group in inner.table] if inner else []
    return each if inner and all(group in inner.table for group in entry.texts("groups")) else []
