"""Reader of uv.lock, version 1, with every revision of it.

Registry packages become pins of an index, with the digests of all their files. Archives and git commits become sources.
Packages on the machine that locked (the project itself, its workspace, paths) are left out with a note.
Source: the files of uv 0.13.8 itself, and ``crates/uv-resolver/src/lock/`` in uv's repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

from attrs import define, evolve, field

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.left_out import LeftOut, is_project_itself
from reqpi.core.locks.markers import graph
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.markers.conditions import ALWAYS, Condition, ConditionBudget, TooMuch, both, either, parse
from reqpi.core.locks.markers.graph import Dependency, GraphPackage
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules.requirements import TOO_MANY, Refused
from reqpi.core.locks.support import read_environments, read_pythons
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry, read_each
from reqpi.core.locks.tools.missing_packages import Missing
from reqpi.core.locks.tools.packages import Hashes, check_marker, note_overlaps, project, release, requirement
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.model import Archive, Git, Pin, Project, Support

__all__ = ["FORKS", "FORMAT", "MARKER_LENGTH", "read"]

FORMAT = "uv.lock"

VERSION = 1

FORKS = 100
"""Packages of one project, at most. uv writes one for each fork that needs another version."""

MARKER_LENGTH = 2048
"""Characters of a derived marker, at most."""

MARKERS_LENGTH = 1 << 21
"""Characters of all derived markers together, at most."""

_CONFLICTS = 100
_ENTRIES = "package"
_LOCAL = {
    "virtual": "a directory that nothing is installed from",
    "editable": "installed from a directory in editable mode",
    "directory": "installed from a directory",
    "path": "installed from a path on the machine that locked",
}


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a uv.lock, in its order.

    The marker of a pin is derived from the dependencies, with every extra and every group of the project: see
    :mod:`reqpi.core.locks.markers.graph`.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the key in the package's table, or of
        its ``[[package]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    _check_version(parsed, findings)
    findings.support = _support(parsed, findings)
    reader = _Reader(parsed, findings)
    numbered = list(read_each(parsed, _ENTRIES, findings, reader.read))
    pins = tuple(reader.marked(numbered))
    reader.left_out.note(findings)
    reader.note_missing()
    note_overlaps(pins, findings)
    return pins


def _check_version(parsed: TomlDocument, findings: Findings) -> None:
    version = parsed.tables.get("version")
    if type(version) is not int or version != VERSION:
        spelled = "missing" if version is None else str(version)[:40]
        findings.only(Refused(rules.LOCK_VERSION, spelled, f"version {VERSION}"), parsed.top("version"))
    if "distribution" in parsed.tables:
        what = "older than its `version` states: it has `distribution` tables"
        findings.only(Refused(rules.LOCK_VERSION, what, f"version {VERSION}"), parsed.top("version"))


def _support(parsed: TomlDocument, findings: Findings) -> Support:
    top = Entry(parsed.tables, "the lock")
    return Support(
        read_pythons(top, "requires-python", parsed.top("requires-python"), findings),
        read_environments(top, "supported-markers", parsed.top("supported-markers"), findings),
    )


@define
class _Reader:
    document: TomlDocument
    findings: Findings
    packages: dict[int, GraphPackage] = field(factory=dict)
    left_out: LeftOut = field(factory=LeftOut)
    _members: frozenset[str] | None = None
    _asked: list[Dependency] = field(factory=list)
    _exclusive: list[frozenset[str]] = field(factory=list)
    _forks: dict[int, Condition] = field(factory=dict)
    _versions: dict[str, int] = field(factory=dict)
    _markers: Markers = field(factory=Markers)
    _parsed: dict[str, Condition] = field(factory=dict)
    _budget: ConditionBudget = field(factory=lambda: ConditionBudget(graph.WORK))

    def __attrs_post_init__(self) -> None:
        top = Entry(self.document.tables, "the lock")
        self._exclusive += _conflicts(self.document.tables.get("conflicts"))
        try:
            manifest = top.inner("manifest")
            if manifest:
                members = manifest.texts("members")
                self._members = frozenset(members) if members else None
                self._asked += self._dependencies(manifest, "requirements", "extras")
                for _, listed in manifest.each("dependency-groups"):
                    self._asked += [self._dependency(each, "extras") for each in listed]
        except Refused as flaw:
            self.findings.refused(flaw, self.document.top("manifest"))

    def read(self, number: int, entry: Entry) -> Pin | None:
        """Return the pin of a package, without its marker; ``None`` if the package is left out.

        :raises Refused: the package has a defect.
        """
        name, version = project(entry), release(entry)
        source = entry.inner("source")
        if not source:
            raise entry.flaw(rules.ENTRY, f"{entry.name} has no `source`")
        self._versions[name] = self._versions.get(name, 0) + 1
        if self._versions[name] > FORKS:
            raise entry.flaw(TOO_MANY, f"{FORKS} packages of {name}")
        self.packages[number] = self._package(entry, name, version, source)
        self._forks[number] = self._fork(entry)
        first, last = self.document.span(number)
        hashes = Hashes(entry)
        taken = _source(entry, source, hashes)
        if taken in _LOCAL:
            self._leave_out(entry, source, str(taken), first)
            return None
        registry = isinstance(taken, str)
        if registry and not version:
            raise entry.flaw(rules.ENTRY, f"{name} has no `version`")
        if registry and not hashes.files:
            self.findings.note(first, f"{name} has neither an sdist nor wheels: it is left out.")
            return None
        hashes.note(first, self.findings)
        return Pin(
            project=name,
            version=version,
            digests=frozenset(hashes.digests),
            line=first,
            last_line=last,
            source=None if isinstance(taken, str) else taken,
            indexes=self._indexes(source, first) if registry else (),
        )

    def _leave_out(self, entry: Entry, source: Entry, kind: str, line: int) -> None:
        self.findings.local.add(project(entry))
        if is_project_itself(str(source.table.get(kind, ""))):
            self.left_out.project()
        elif self._members is not None and entry.needed("name") in self._members:
            self.left_out.member()
        else:
            self.findings.note(line, f"{project(entry)} is {_LOCAL[kind]}: it is left out.")

    def marked(self, numbered: Sequence[tuple[int, Pin]]) -> Iterator[Pin]:
        """Yield the same pins with their markers, and report markers that could not be derived."""
        order = sorted(self.packages)
        found = graph.conditions([self.packages[number] for number in order], self._asked, self._budget)
        if found.given_up:
            self.findings.note(
                0, "The dependencies are too complex to derive when each package applies: only forks have markers."
            )
        place = {number: index for index, number in enumerate(order)}
        # uv leaves packages behind that are only reached by a choice of extras that exclude each other.
        asked = {pin.project for number, pin in numbered if found.each[place[number]]}
        length = 0
        for number, pin in numbered:
            condition = found.each[place[number]]
            cut = place[number] in found.cut
            if not condition and pin.project in asked:
                self.findings.note(pin.line, f"{pin.project} {pin.version} never applies: it is left out.")
                continue
            if not condition:
                self.findings.note(pin.line, f"Nothing depends on {pin.project}: it is pinned without a marker.")
                condition = ALWAYS
            condition, longer = self._with_fork(number, pin, condition)
            marker = str(condition)
            if len(marker) > MARKER_LENGTH:
                marker, cut = str(condition.common), True
            length += len(marker)
            if len(marker) > MARKER_LENGTH or length > MARKERS_LENGTH:
                marker, cut = "", True
            if cut or longer:
                left = f"shortened to `{marker[:60]}`" if marker else "left out"
                self.findings.note(
                    pin.line, f"The marker of {pin.project} would be too long: it is {left}, so it holds more often."
                )
            text = requirement(pin.project, pin.version, pin.source, marker)
            yield evolve(pin, marker=marker or None, text=text)

    def note_missing(self) -> None:
        """Report dependencies on packages that the lock does not contain."""
        each = self.packages.values()
        missing = Missing({package.name for package in each} | {(package.name, package.version) for package in each})
        for number, package in self.packages.items():
            for listed in package.dependencies.values():
                for dependency in listed:
                    missing.look(package.name, self.document.line(number, "name"), dependency.name, dependency.version)
        missing.note(self.findings)

    def _with_fork(self, number: int, pin: Pin, condition: Condition) -> tuple[Condition, bool]:
        """Return the condition combined with that of the package's fork, and whether the result would be too long.

        The fork only counts where the project has several packages. A result that would be too long leaves it out.
        """
        if self._versions[pin.project] == 1:
            return condition, False
        try:
            return both(condition, self._forks[number], self._budget), False
        except TooMuch:
            return condition, True

    def _package(self, entry: Entry, name: str, version: str, source: Entry) -> GraphPackage:
        editable = "." in (source.table.get("editable"), source.table.get("virtual"))
        root = entry.needed("name") in self._members if self._members is not None else editable
        dependencies = {"": self._dependencies(entry, "dependencies", "extra")}
        for extra, listed in entry.each("optional-dependencies"):
            dependencies.setdefault(extra, []).extend(self._dependency(each, "extra") for each in listed)
        if root:
            for _, listed in entry.each("dev-dependencies"):
                dependencies[""] += [self._dependency(each, "extra") for each in listed]
        return GraphPackage(entry.needed("name"), version, source.table, dependencies, root)

    def _dependencies(self, entry: Entry, key: str, extras: str) -> list[Dependency]:
        return [self._dependency(each, extras) for each in entry.listed(key)]

    def _dependency(self, entry: Entry, extras: str) -> Dependency:
        source = entry.inner("source")
        marker = entry.text("marker")
        return Dependency(
            name=entry.needed("name"),
            version=entry.text("version"),
            source=source.table if source else None,
            extras=tuple(entry.texts(extras)),
            condition=self._condition(entry, marker) if marker else ALWAYS,
        )

    def _condition(self, entry: Entry, marker: str) -> Condition:
        """Return the condition of a marker. A marker that is too long to be analysed always holds."""
        if marker in self._parsed:
            return self._parsed[marker]
        check_marker(entry, "marker", marker, self._markers)
        try:
            self._parsed[marker] = parse(marker, self._budget, self._exclusive)
        except TooMuch:
            self._parsed[marker] = ALWAYS
            self.findings.note(0, f"The marker `{marker[:60]}` is too long to be analysed: it counts as true.")
        return self._parsed[marker]

    def _fork(self, entry: Entry) -> Condition:
        """Return when the fork of a package applies: where any of its ``resolution-markers`` holds."""
        markers = entry.texts("resolution-markers")
        fork = ALWAYS
        for number, marker in enumerate(markers):
            condition = self._condition(Entry({}, entry.name, "resolution-markers"), marker)
            try:
                fork = either(fork, condition, self._budget) if number else condition
            except TooMuch:
                return ALWAYS
        return fork

    def _indexes(self, source: Entry, line: int) -> tuple[str, ...]:
        with source.at("registry"):
            url, user = source_urls.index(source.needed("registry"), source.name)
        if user:
            self.findings.note(line, f"The user name in the URL of {source.name}'s index is ignored.")
        return (url,)


def _conflicts(conflicts: object) -> Iterator[frozenset[str]]:
    """Yield sets of extras and groups that exclude each other.

    They are spelled as in markers: ``extra-3-top-cpu``, where 3 is the length of ``top``. Invalid values are ignored:
    valid ones could only have made markers hold less often.
    """
    for together in conflicts[:_CONFLICTS] if isinstance(conflicts, list) else ():
        tables = [each for each in together if isinstance(each, dict)] if isinstance(together, list) else []
        yield frozenset(
            f"{kind}-{len(package)}-{package}-{each[kind]}"
            for each in tables
            for kind in ("extra", "group")
            if isinstance(package := each.get("package"), str) and isinstance(each.get(kind), str)
        )


def _source(entry: Entry, source: Entry, hashes: Hashes) -> Archive | Git | str:
    """Return the source of a package, or else ``registry`` or a key of :data:`_LOCAL`, and add its files' digests.

    :raises Refused: the kind of source is not supported.
    """
    kind = next((key for key in ("registry", "git", "url", *_LOCAL) if key in source.table), None)
    if kind is None:
        raise source.flaw(rules.ENTRY, f"the kind of the `source` of {entry.name} is not supported")
    location = source.needed(kind)
    if kind in _LOCAL:
        return kind
    for file in _files(entry):
        url = file.text("url") or ""
        if source_urls.has_password(url):
            raise file.flaw(rules.CREDENTIALS, url.partition("://")[0] + "://…")
        hashes.add(file, _digest(file))
    if kind in ("git", "url") and source_urls.is_local(location):
        return "path"
    if kind == "git":
        with source.at("git"):
            return _git(location, project(entry))
    if kind == "url":
        with source.at("url"):
            return source_urls.archive(location, frozenset(hashes.digests), source.text("subdirectory"), project(entry))
    return kind


def _git(url: str, name: Project) -> Git:
    """Return the source in a URL as uv writes it: ``https://host/repository?subdirectory=…&tag=…#<commit>``."""
    bare, _, commit = url.partition("#")
    bare, _, query = bare.partition("?")
    subdirectory = parse_qs(query, max_num_fields=20).get("subdirectory", [None])[0]
    return source_urls.git(bare, commit, subdirectory, name)


def _files(entry: Entry) -> list[Entry]:
    sdist = entry.inner("sdist")
    return [*([sdist] if sdist else []), *entry.listed("wheels")]


def _digest(file: Entry) -> list[tuple[str, str]]:
    """Return the digest of a file, which is written ``sha256:…``; an empty list if the index gave none."""
    digest = file.text("hash")
    if digest is None:
        return []
    algorithm, _, digits = digest.partition(":")
    return [(algorithm, digits)]
