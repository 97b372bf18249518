"""Reader of pdm.lock, lock_version 4.x.

The format names no index, so its releases come from the operator's. Archives and git commits become sources; paths on
the machine that locked are left out with a note. Source: the files of pdm 2.4 to 2.29 themselves, ``pdm/formats`` and
``pdm/models/requirements.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from packaging.utils import canonicalize_name

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import sources
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.support import read_pythons
from reqpi.core.locks.tools.entries import Entry, read_each
from reqpi.core.locks.tools.packages import Hashes, project
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.locks.tools.tool_packages import Packages, check_version, extras, find, older_files, with_files
from reqpi.core.locks.tools.tool_sources import SYSTEMS, archive, git, hash_files, without_variables
from reqpi.core.model import Archive, Git, Pin, Support

__all__ = ["FORMAT", "read"]

FORMAT = "pdm.lock"

VERSIONS = {4: "4.5.1"}
"""Major versions of the format that are supported, and the newest version of each that this module knows."""

_ENTRIES = "package"
_KINDS = ("git", "url", "path", *SYSTEMS)


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a pdm.lock, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the key in the package's table, or of
        its ``[[package]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    check_version(parsed, "lock_version", VERSIONS, findings)
    findings.support = _support(parsed, findings)
    files = {_key(*named.split(" ", 1)): each for named, each in older_files(parsed, findings).items() if " " in named}
    reader = _Reader(Packages(findings), parsed, files)
    pins = [pin for _, pin in read_each(parsed, _ENTRIES, findings, reader.read)]
    _note_strategy(parsed, findings)
    return reader.packages.conclude(pins)


def _key(name: str, version: str) -> tuple[str, str]:
    # The name may have extras here: ``requests[socks] 2.32.5``.
    return canonicalize_name(name.partition("[")[0]), version


def _support(document: TomlDocument, findings: Findings) -> Support:
    """Return the Pythons of the only target. Several targets are for several platforms, which no specifier can name."""
    metadata = Entry(document.tables, "the lock").inner("metadata") or Entry({})
    try:
        targets = metadata.listed("targets")
    except Refused:
        return Support()
    if len(targets) != 1:
        return Support()
    return Support(read_pythons(targets[0], "requires_python", find(document, "requires_python"), findings))


def _note_strategy(document: TomlDocument, findings: Findings) -> None:
    metadata = document.tables["metadata"]
    strategy = metadata.get("strategy") if isinstance(metadata, dict) else None
    known = strategy if isinstance(strategy, list) else []
    if "inherit_metadata" not in known:
        line = find(document, "strategy") or find(document, "lock_version")
        findings.note(line, "The lock has no markers (inherit_metadata): in an export every pin applies everywhere.")
    if "static_urls" in known:
        findings.note(find(document, "strategy"), "The URLs of files (static_urls) are ignored; their digests count.")


@define
class _Reader:
    packages: Packages
    document: TomlDocument
    _files: Mapping[tuple[str, str], object] = field(repr=False)

    def read(self, number: int, entry: Entry) -> Pin | None:
        """Return the pin of a package; ``None`` if the package is on the machine that locked.

        :raises reqpi.core.locks.rules.requirements.Refused: the package has a defect.
        """
        entry = with_files(entry, self._files.get((project(entry), entry.text("version") or "")))
        line, last = self.document.span(number)
        text = entry.text("marker")
        marker = self.packages.marker(entry, [text] if text else [], "marker")
        hashes = Hashes(entry)
        kind = next((kind for kind in _KINDS if kind in entry.table), None)
        taken = _source(entry, kind, hashes) if kind else None
        if kind and not taken:
            what = f"installed from a {'path' if kind == 'path' else 'file'} on the machine that locked"
            self.packages.left_out(entry, line, what, entry.text(kind) or "")
            return None
        if not kind:
            hash_files(entry.listed("files"), hashes)
        return self.packages.pin(entry, (line, last), hashes, source=taken, marker=marker, extras=extras(entry))


def _source(entry: Entry, kind: str, hashes: Hashes) -> Archive | Git | None:
    """Return the source of a package; ``None`` if it is on the machine that locked.

    :raises reqpi.core.locks.rules.requirements.Refused: the kind of source is not supported.
    """
    url = without_variables(entry.needed(kind))
    if kind == "path":
        return None
    if kind == "url":
        return archive(entry, url, hashes, entry.listed("files"))
    if kind == "git":
        return git(entry, url, entry.needed("revision"))
    raise entry.flaw(sources.OTHER_VCS, entry.name, kind)
