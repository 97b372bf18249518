"""Reader of Cargo.lock, versions 1 to 4: the crates that a build with Rust needs.

It pins no file of an index. Source: ``src/cargo/core/resolver/encode.rs`` of cargo 1.95, and the files of its versions.

Versions 1 and 2 state no version. Version 1 has checksums in ``[metadata]``, and spells dependencies out; the others
have them in the packages, and leave out of a dependency whatever is clear without it. Version 4 percent-encodes the
query of a git source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field, frozen

from reqpi.core.crates.model import CargoLock, Crate, GitCrate, LocalCrate, Package, registry_of
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import crates as rules
from reqpi.core.locks.rules import entries as entry_rules
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry, EntryFlaw, entries
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.model import Pin

__all__ = ["FORMAT", "read", "read_crates"]

FORMAT = "Cargo.lock"

VERSIONS = (3, 4)
"""The versions that a document may state."""

_ENTRIES = "package"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_VERSION = re.compile(rf"[0-9]++\.[0-9]++\.[0-9]++(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?")
_VERSION_LENGTH = 128
_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DEPENDENCY = re.compile(r"([^ ]++)(?: ([^ ]++))?(?: \(([^)]++)\))?")
_REGISTRIES = ("registry+", "sparse+")
_NONE = "<none>"


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return no pins, because the format pins no file of an index; and count the crates.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes, and the number of crates.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    lock = read_crates(document, findings)
    findings.crates = len(lock.crates) + len(lock.git)
    return ()


def read_crates(document: bytes, findings: Findings) -> CargoLock:
    """Return the content of a Cargo.lock, without the packages that have defects.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects. The line of a defect is that of the key in the package's table, or of its
        ``[[package]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    checksums = _checksums(parsed, findings)
    reader = _Reader(parsed, checksums, findings)
    reader.read()
    packages = reader.packages
    return CargoLock(
        _version(parsed, findings),
        tuple(sorted(each for each in packages if isinstance(each, Crate))),
        tuple(sorted(each for each in packages if isinstance(each, GitCrate))),
        tuple(sorted(each for each in packages if isinstance(each, LocalCrate))),
        reader.edges(),
    )


def _version(document: TomlDocument, findings: Findings) -> int:
    stated = document.tables.get("version")
    if stated is None:
        return 1 if "metadata" in document.tables else 2
    if stated not in VERSIONS or isinstance(stated, bool):
        findings.only(
            Refused(entry_rules.LOCK_VERSION, f"`{str(stated)[:40]}`", "version 3 or 4"), document.top("version")
        )
    assert isinstance(stated, int)
    return stated


def _checksums(document: TomlDocument, findings: Findings) -> Mapping[str, object]:
    metadata = document.tables.get("metadata", {})
    if isinstance(metadata, dict):
        return metadata
    findings.refuse(entry_rules.ENTRY, 0, "`metadata` is not a table")
    return {}


@frozen
class _Stated:
    """A package as the document has it.

    :param source: as the document spells it; empty for a local package.
    :param replaced: another package stands in its place, so its own files are not needed.
    """

    entry: Entry
    name: str
    version: str
    source: str
    replaced: bool


@define
class _Reader:
    """The packages of one document, and an index of them by name for dependencies."""

    document: TomlDocument
    checksums: Mapping[str, object]
    findings: Findings
    packages: dict[Package, _Stated] = field(factory=dict)
    _by_name: dict[str, list[Package]] = field(factory=dict)
    _seen: set[tuple[str, str, str]] = field(factory=set)

    def read(self) -> None:
        """Read all packages, and report those that have defects."""
        root = self.document.tables.get("root")
        if isinstance(root, dict):
            self._add(-1, Entry(root, "root"))
        for number, entry in entries(self.document, _ENTRIES, self.findings):
            self._add(number, entry)

    def _add(self, number: int, entry: Entry) -> None:
        try:
            stated = _stated(entry)
            if (key := (stated.name, stated.version, stated.source)) in self._seen:
                raise EntryFlaw(rules.TWICE, stated.version, stated.name)
            self._seen.add(key)
            package = self._package(stated)
        except Refused as flaw:
            key_of = flaw.key if isinstance(flaw, EntryFlaw) else ""
            self.findings.refused(flaw, self.document.line(number, key_of) if number >= 0 else 0)
        else:
            self.packages[package] = stated
            self._by_name.setdefault(package.name, []).append(package)

    def _package(self, stated: _Stated) -> Package:
        if not stated.source or stated.replaced:
            return LocalCrate(stated.name, stated.version)
        if stated.source.startswith(_REGISTRIES):
            with stated.entry.at("source"):
                _check_registry(stated)
            return Crate(stated.name, stated.version, self._checksum(stated), registry_of(stated.source))
        return _git(stated)

    def _checksum(self, stated: _Stated) -> str:
        checksum = stated.entry.text("checksum")
        if checksum is None:
            found = self.checksums.get(f"checksum {stated.name} {stated.version} ({stated.source})")
            checksum = found if isinstance(found, str) and found != _NONE else None
        if checksum is None:
            raise stated.entry.flaw(rules.CHECKSUM)
        if not _CHECKSUM.fullmatch(checksum.lower()):
            raise stated.entry.flaw(rules.DIGITS, key="checksum")
        return checksum.lower()

    def edges(self) -> Mapping[Package, tuple[Package, ...]]:
        """Return what each package depends on. cargo passes over a dependency that no package matches, so this does."""
        found: dict[Package, tuple[Package, ...]] = {}
        for package, stated in self.packages.items():
            needed = dict.fromkeys(each for text in self._dependencies(stated) for each in self._matching(text))
            found[package] = tuple(needed)
        return found

    def _dependencies(self, stated: _Stated) -> Sequence[str]:
        listed = stated.entry.table.get("dependencies")
        return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []

    def _matching(self, text: str) -> Iterator[Package]:
        found = _DEPENDENCY.fullmatch(text)
        for package in self._by_name.get(found[1], ()) if found else ():
            assert found
            stated = self.packages[package]
            if found[2] in (None, package.version) and found[3] in (None, stated.source):
                yield package


def _stated(entry: Entry) -> _Stated:
    name, version = entry.needed("name"), entry.needed("version")
    source = entry.text("source") or ""
    if not _NAME.fullmatch(name):
        raise entry.flaw(rules.NAME, name, "name")
    if len(version) > _VERSION_LENGTH or not _VERSION.fullmatch(version):
        raise entry.flaw(rules.VERSION, version, "version")
    return _Stated(entry, name, version, source, "replace" in entry.table)


def _check_registry(stated: _Stated) -> None:
    if source_urls.has_password(stated.source.partition("+")[2]):
        raise Refused(entry_rules.CREDENTIALS, stated.source.partition("://")[0], stated.name)


def _git(stated: _Stated) -> GitCrate:
    kind, plus, where = stated.source.partition("+")
    if kind != "git" or not plus:
        raise stated.entry.flaw(rules.SOURCE, stated.source, "source")
    rest, _, commit = where.partition("#")
    url, _, query = rest.partition("?")
    if source_urls.has_password(url):
        raise Refused(entry_rules.CREDENTIALS, f"{url.partition('://')[0]}://…", stated.name)
    if not _COMMIT.fullmatch(commit):
        raise stated.entry.flaw(entry_rules.COMMIT, commit, "source")
    return GitCrate(stated.name, stated.version, url, commit, query)
