"""Reader of Cargo.lock, versions 1 to 4: the crates that a build with Rust needs.

It pins no file of an index. Source: ``src/cargo/core/resolver/encode.rs`` of cargo 1.95, and its answers to documents.

Versions 1 and 2 state no version. Version 1 has its checksums in ``[metadata]``, and spells dependencies out; the
others have them in the packages, and leave out of a dependency whatever is clear without it. Version 4 percent-encodes
the query of a git source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

from attrs import define, field, frozen
from packaging.utils import canonicalize_name

from reqpi.core.crates.model import CargoLock, Crate, GitCrate, LocalCrate, Package
from reqpi.core.crates.registry_names import CRATES_IO, registry_of
from reqpi.core.locks import urls
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import crates as rules
from reqpi.core.locks.rules import entries as entry_rules
from reqpi.core.locks.rules.requirements import TOO_LONG, Refused
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry, EntryFlaw, entries
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.model import Pin

__all__ = ["FORMAT", "read", "read_crates"]

FORMAT = "Cargo.lock"

_ENTRIES = "package"
_VERSIONS = (3, 4)
"""The versions that a document may state: cargo does not read one that states 1 or 2."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*+")
_NAME_LENGTH = 128
_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_VERSION = re.compile(rf"(?:0|[1-9][0-9]*+)(?:\.(?:0|[1-9][0-9]*+)){{2}}(?:-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?")
_VERSION_LENGTH = 100
"""With the name it is a filename, which has 255 characters at most."""

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_QUERY = re.compile(r"(?:[a-z]++=[!-~]++)?")
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

    :param document: at most 8 MiB of UTF-8. The cost of reading is at most linear in its size.
    :param findings: receives defects. The line of a defect is that of the key in the package's table, or of its
        ``[[package]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    version = _version(parsed, findings)
    reader = _Reader(_checksums(parsed, findings))
    for number, entry in chain(_root(parsed), entries(parsed, _ENTRIES, findings)):
        try:
            reader.add(entry)
        except Refused as flaw:
            key = flaw.key if isinstance(flaw, EntryFlaw) else ""
            findings.refused(flaw, 0 if number is None else parsed.line(number, key))
    return reader.lock(version)


def _version(document: TomlDocument, findings: Findings) -> int:
    stated = document.tables.get("version")
    if stated is None:
        return 1 if "metadata" in document.tables else 2
    if type(stated) is not int or stated not in _VERSIONS:
        known = "Cargo.lock, version 3 or 4: `cargo generate-lockfile`"
        findings.only(Refused(entry_rules.LOCK_VERSION, f"`{str(stated)[:40]}`", known), document.top("version"))
    return stated


def _checksums(document: TomlDocument, findings: Findings) -> Mapping[str, object]:
    metadata = document.tables.get("metadata", {})
    if isinstance(metadata, dict):
        return metadata
    findings.refuse(entry_rules.ENTRY, 0, "`metadata` is not a table")
    return {}


def _root(document: TomlDocument) -> list[tuple[None, Entry]]:
    """Return the project itself, as cargo wrote it before 2018."""
    root = document.tables.get("root")
    return [(None, Entry(root, "root"))] if isinstance(root, dict) else []


@frozen
class _Stated:
    """A package as the document has it.

    :param source: as the document spells it, but one spelling for cargo's default registry; empty for a local package.
    :param replaced: the dependency that stands in its place: its own files are not needed, and it has no checksum.
    """

    entry: Entry
    name: str
    version: str
    source: str
    dependencies: tuple[str, ...]
    replaced: str | None


@define
class _Reader:
    """The packages of one document so far, with an index of them for dependencies.

    :param checksums: ``[metadata]``.
    """

    checksums: Mapping[str, object]
    _seen: set[tuple[str, str, str]] = field(factory=set)
    _registries: set[str] = field(factory=set)
    _packages: dict[Package, _Stated] = field(factory=dict)
    _index: dict[str, dict[str, dict[str, Package]]] = field(factory=dict)

    def add(self, entry: Entry) -> None:
        """Add a package.

        :raises reqpi.core.locks.rules.requirements.Refused: it has a defect.
        """
        stated = _stated(entry)
        if (known := (stated.name, stated.version, stated.source)) in self._seen:
            raise Refused(rules.TWICE, stated.version, stated.name)
        self._seen.add(known)
        package = self._package(stated)
        self._packages[package] = stated
        sources = self._index.setdefault(stated.name, {}).setdefault(stated.version, {})
        sources[_in_dependencies(stated.source)] = package

    def _package(self, stated: _Stated) -> Package:
        if stated.replaced is not None or not stated.source or stated.source.startswith("path+"):
            return LocalCrate(stated.name, stated.version)
        if stated.source.startswith("git+"):
            return _git(stated)
        if not stated.source.startswith(_REGISTRIES):
            raise stated.entry.flaw(rules.SOURCE, stated.source, "source")
        if stated.source not in self._registries:
            _check_registry(stated)
            self._registries.add(stated.source)
        return Crate(stated.name, stated.version, self._checksum(stated), registry_of(stated.source))

    def _checksum(self, stated: _Stated) -> str:
        checksum = stated.entry.text("checksum")
        if checksum is None:
            found = self.checksums.get(f"checksum {stated.name} {stated.version} ({stated.entry.text('source')})")
            checksum = found if isinstance(found, str) and found != _NONE else None
        if checksum is None:
            raise stated.entry.flaw(rules.CHECKSUM)
        if not _CHECKSUM.fullmatch(checksum.lower()):
            raise stated.entry.flaw(rules.DIGITS, key="checksum")
        return checksum.lower()

    def lock(self, version: int) -> CargoLock:
        """Return all packages."""
        return CargoLock(
            version,
            tuple(sorted(each for each in self._packages if isinstance(each, Crate))),
            tuple(sorted(each for each in self._packages if isinstance(each, GitCrate))),
            tuple(sorted(each for each in self._packages if isinstance(each, LocalCrate))),
            {package: self._needed(stated) for package, stated in self._packages.items()},
        )

    def _needed(self, stated: _Stated) -> tuple[Package, ...]:
        texts = stated.dependencies if stated.replaced is None else (stated.replaced,)
        found = (self._matching(text) for text in texts)
        return tuple(dict.fromkeys(package for package in found if package is not None))

    def _matching(self, text: str) -> Package | None:
        """Return the one package that a dependency names. Like cargo, pass over one that names none or several."""
        found = _DEPENDENCY.fullmatch(text)
        if not found:
            return None
        versions = self._index.get(found[1], {})
        version = found[2] or (next(iter(versions)) if len(versions) == 1 else "")
        sources = versions.get(version, {})
        if found[3]:
            return sources.get(_in_dependencies(found[3]))
        return sources.get("") or (next(iter(sources.values())) if len(sources) == 1 else None)


def _in_dependencies(source: str) -> str:
    """Return a source as dependencies spell it: without the commit of a git source."""
    return source.partition("#")[0]


def _stated(entry: Entry) -> _Stated:
    name, version = entry.needed("name"), entry.needed("version")
    for key, text, most in (("name", name, _NAME_LENGTH), ("version", version, _VERSION_LENGTH)):
        if len(text) > most:
            raise entry.flaw(TOO_LONG, f"{key} is longer than {most} characters", key)
    if not _NAME.fullmatch(name):
        raise entry.flaw(rules.NAME, name, "name")
    if not _VERSION.fullmatch(version):
        raise entry.flaw(rules.VERSION, version, "version")
    source = entry.text("source") or ""
    source = CRATES_IO if source and not registry_of(source) else source
    return _Stated(entry, name, version, source, tuple(entry.texts("dependencies")), entry.text("replace"))


def _check_registry(stated: _Stated) -> None:
    url = stated.source.partition("+")[2]
    if "@" in url:
        # Without the key, because its line would show the password; and without the rest of the URL.
        raise Refused(entry_rules.CREDENTIALS, f"{url.partition('://')[0]}://…", stated.name)
    with stated.entry.at("source"):
        source_urls.index(url, stated.name)
        urls.index(url)  # it has no query and no fragment either: all of it goes into a configuration of cargo


def _git(stated: _Stated) -> GitCrate:
    rest, _, commit = stated.source.removeprefix("git+").partition("#")
    url, _, query = rest.partition("?")
    if source_urls.has_password(url):
        raise Refused(entry_rules.CREDENTIALS, f"{url.partition('://')[0]}://…", stated.name)
    with stated.entry.at("source"):
        if source_urls.is_local(url) or not _QUERY.fullmatch(query):
            raise stated.entry.flaw(rules.SOURCE, stated.source, "source")
        source = source_urls.git(url, commit, None, canonicalize_name(stated.name))
    return GitCrate(stated.name, stated.version, source.url, source.commit, query)
