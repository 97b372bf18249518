"""pylock.toml (:pep:`751`): what packaging's own reader accepts, as pins.

Each package is given to :mod:`packaging.pylock` on its own, so that every flawed one is reported. What its reader would
spend unbounded time on is looked at first: markers, and the tags in wheels' filenames.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field
from packaging.pylock import PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.left_out import LeftOut, is_project_itself
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.markers.conditions import ConditionBudget, TooMuch, parse
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules import sources
from reqpi.core.locks.rules.requirements import TOO_LONG, Refused, counted, shown
from reqpi.core.locks.support import read_environments, read_pythons
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry, read_each
from reqpi.core.locks.tools.packages import Hashes, check_marker, note_overlaps, project, release, requirement
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.model import Archive, Git, Pin, Support
from reqpi.core.report import NOTE

__all__ = ["FORMAT", "read", "recognises"]

FORMAT = "pylock.toml"

_ENTRIES = "packages"
_FILENAME = 512
_TAGS = 1000
_SPECIFIERS = 1024
_WORK = 1_000_000

_CHOICES = ("extras", "dependency_groups", "extra")


def recognises(tables: Mapping[str, object]) -> bool:
    """Whether tables parsed from TOML are those of a pylock.toml."""
    return "lock-version" in tables


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """The pins of a pylock.toml, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: gets its defects and notes; a defect's line is that of the key in the package's table, or of its
        ``[[packages]]`` header; 0 where the tables are written in another form.
    :raises reqpi.core.errors.BrokenLock: it is no TOML, or of another version.
    """
    parsed = load(document, _ENTRIES, findings)
    _check_head(parsed, findings)
    reader = _Reader(parsed, findings)
    pins = tuple(pin for _, pin in read_each(parsed, _ENTRIES, findings, reader.read))
    if reader.chosen:
        findings.note(
            0,
            f"{counted(reader.chosen, 'marker speaks', 'markers speak')} of extras or dependency groups: every choice "
            "of them is served, and exports leave that part of the marker out.",
            NOTE,
        )
    reader.left_out.note(findings)
    note_overlaps(pins, findings)
    return pins


def _check_head(parsed: TomlDocument, findings: Findings) -> None:
    """Refuse other versions, and what packaging refuses of the document apart from its packages."""
    said = parsed.tables.get("lock-version")
    try:
        version = Version(said) if isinstance(said, str) and len(said) < 20 else None
    except InvalidVersion:
        version = None
    if not version or version.major != 1:
        spelled = "missing" if said is None else str(said)[:40]
        findings.only(Refused(rules.LOCK_VERSION, spelled, "lock-version 1.0"), parsed.top("lock-version"))
    if version > Version("1.0"):
        findings.note(
            parsed.top("lock-version"), f"lock-version {version} is read as 1.0: what is new in it is ignored."
        )
    try:
        _validate({"created-by": parsed.tables.get("created-by")}, [])
    except PylockValidationError as error:
        findings.refuse(rules.ENTRY, 0, str(error))
    top = Entry(parsed.tables, "the lock")
    findings.support = Support(
        read_pythons(top, "requires-python", parsed.top("requires-python"), findings),
        read_environments(top, "environments", parsed.top("environments"), findings),
    )
    if not isinstance(parsed.tables.get(_ENTRIES), list):
        findings.refuse(rules.ENTRY, 0, "there is no `packages` array")


@define
class _Reader:
    document: TomlDocument
    findings: Findings
    chosen: int = 0
    left_out: LeftOut = field(factory=LeftOut)
    _markers: Markers = field(factory=Markers)
    _budget: ConditionBudget = field(factory=lambda: ConditionBudget(_WORK))

    def read(self, number: int, entry: Entry) -> Pin | None:
        """The pin that a package is; ``None`` for one that is on the machine that locked alone.

        :raises Refused: it is flawed.
        """
        name = project(entry)
        if name != entry.name:
            raise entry.flaw(rules.SPELLING, name, "name")
        version = release(entry)
        marker = self._marker(entry, self.document.line(number))
        _check_costs(entry)
        try:
            _validate({"created-by": "x"}, [entry.table])
        except PylockValidationError as error:
            key = (error.context or "").removeprefix("packages[0]").lstrip(".").partition(".")[0].partition("[")[0]
            raise entry.flaw(rules.ENTRY, f"{entry.name}: {error.message}", key) from None
        first, last = self.document.span(number)
        hashes = Hashes(entry)
        source = _source(entry, hashes)
        if source is None and not self._files(entry, hashes, first):
            source = "files"
        if isinstance(source, str):
            self._leave_out(entry, source, first)
            return None
        hashes.note(first, self.findings)
        if not version and not source:
            version = _inferred(entry)
        return Pin(
            project=name,
            version=version,
            digests=frozenset(hashes.digests),
            marker=marker,
            line=first,
            last_line=last,
            text=requirement(name, version, source, marker),
            source=source,
            indexes=() if source else self._indexes(entry, first),
        )

    def _leave_out(self, entry: Entry, source: str, line: int) -> None:
        directory = entry.inner("directory")
        if directory and is_project_itself(directory.needed("path")):
            self.left_out.project()
        else:
            self.findings.note(line, f"{entry.name} is {source} on the machine that locked: it is left out.")

    def _marker(self, entry: Entry, line: int) -> str | None:
        """The package's marker, without what it says of extras and groups."""
        marker = entry.text("marker")
        if marker is None:
            return None
        check_marker(entry, "marker", marker, self._markers)
        if not any(choice in marker for choice in _CHOICES):
            return marker.strip()
        self.chosen += 1
        try:
            return str(parse(marker, self._budget)) or None
        except TooMuch:
            self.findings.note(line, f"The marker of {entry.name} is too long to be taken apart: it is left out.")
            return None

    def _files(self, entry: Entry, hashes: Hashes, line: int) -> bool:
        """Add the digests of the package's wheels and sdist; whether there are any but local ones."""
        local = 0
        for file in _files(entry):
            url = file.text("url") or ""
            if source_urls.has_password(url):
                raise file.flaw(rules.CREDENTIALS, url.partition("://")[0] + "://…")
            if entry.text("index") is None and source_urls.is_local(url):
                local += 1
                continue
            said = file.inner("hashes")
            hashes.add(file, said.table.items() if said else ())
        if local and hashes.files:
            files = counted(local, "file", "files")
            left = "is on the machine that locked: it is" if local == 1 else "are on the machine that locked: they are"
            self.findings.note(line, f"{files} of {entry.name} {left} left out.")
        return bool(hashes.files)

    def _indexes(self, entry: Entry, line: int) -> tuple[str, ...]:
        url = entry.text("index")
        if url is None:
            return ()
        with entry.at("index"):
            said, user = source_urls.index(url, entry.name)
        if user:
            self.findings.note(line, f"The user in the URL of {entry.name}'s index is not used.")
        return (said,)


def _validate(head: Mapping[str, object], packages: list[Mapping[str, object]]) -> None:
    """Let packaging judge.

    :raises packaging.pylock.PylockValidationError: it refuses.
    """
    Pylock.from_dict({"lock-version": "1.0", **head, "packages": packages})


def _check_costs(entry: Entry) -> None:
    """Refuse what packaging would take unbounded time over."""
    if len(entry.text("requires-python") or "") > _SPECIFIERS:
        raise entry.flaw(TOO_LONG, f"requires-python is longer than {_SPECIFIERS} characters", "requires-python")
    for key, filename in _filenames(entry):
        if len(filename) > _FILENAME:
            raise entry.flaw(TOO_LONG, f"filename is longer than {_FILENAME} characters", key)
        tags = 1
        for part in filename.split("-")[-3:]:
            tags *= part.count(".") + 1
        if tags > _TAGS:
            raise entry.flaw(TOO_LONG, f"wheel's filename has more than {_TAGS} tags", key)


def _files(entry: Entry) -> list[Entry]:
    sdist = entry.inner("sdist")
    return [*entry.listed("wheels"), *([sdist] if sdist else [])]


def _filenames(entry: Entry) -> Iterator[tuple[str, str]]:
    """The filenames of the wheels and of the sdist, as packaging reads them; those that it refuses are left to it."""
    for file in _files(entry):
        name, path, url = file.text("name"), file.text("path"), file.text("url")
        kind = PackageWheel if file.within == "wheels" else PackageSdist
        try:
            yield file.within, kind(name=name, path=path, url=url, hashes={}).filename
        except (PylockValidationError, ValueError):
            continue


def _inferred(entry: Entry) -> str:
    """The version that the filenames say, where the package says none.

    :raises Flaw: they say several.
    """
    versions = {
        parse_wheel_filename(filename)[1] if key == "wheels" else parse_sdist_filename(filename)[1]
        for key, filename in _filenames(entry)
    }
    if len(versions) != 1:
        raise entry.flaw(rules.ENTRY, f"{entry.name} has no version, and its files are of {len(versions)}")
    return str(versions.pop())


def _source(entry: Entry, hashes: Hashes) -> Archive | Git | str | None:
    """What a package is taken from; in words, where that is on the machine that locked; ``None`` for an index.

    :raises Refused: it is a source of a kind that is not read.
    """
    if directory := entry.inner("directory"):
        return f"the directory {shown(directory.needed('path'), 80)}"
    if vcs := entry.inner("vcs"):
        url, system = vcs.text("url"), vcs.needed("type")
        if url is None or source_urls.is_local(url):
            return "a repository"
        if system != "git":
            raise vcs.flaw(sources.OTHER_VCS, f"{system}+{url}", "type")
        with vcs.at("url"):
            return source_urls.git(url, vcs.needed("commit-id"), vcs.text("subdirectory"), project(entry))
    if archive := entry.inner("archive"):
        url = archive.text("url")
        if url is None or source_urls.is_local(url):
            return "an archive"
        said = archive.inner("hashes")
        hashes.add(archive, said.table.items() if said else ())
        with archive.at("url"):
            return source_urls.archive(url, frozenset(hashes.digests), archive.text("subdirectory"), project(entry))
    return None
