"""Reader of pylock.toml (:pep:`751`), based on packaging's own reader.

Each package is given to :mod:`packaging.pylock` on its own, so that every package with a defect is reported. Values on
which its reader would spend unbounded time are checked first: markers, and the tags in the filenames of wheels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, field
from packaging.pylock import PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from reqpi.core.filenames import variant_label, without_label
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
from reqpi.core.locks.tools.identities import identities
from reqpi.core.locks.tools.packages import Hashes, check_marker, note_overlaps, project, release, requirement
from reqpi.core.locks.tools.toml_document import TomlDocument, load
from reqpi.core.model import Archive, Git, Pin, Support
from reqpi.core.report import NOTE

__all__ = ["FORMAT", "read"]

FORMAT = "pylock.toml"

_ENTRIES = "packages"
_FILENAME = 512
_TAGS = 1000
_SPECIFIERS = 1024
_WORK = 1_000_000

_CHOICES = ("extras", "dependency_groups", "extra")


def read(document: bytes, findings: Findings) -> tuple[Pin, ...]:
    """Return the pins of a pylock.toml, in its order.

    :param document: at most 8 MiB of UTF-8.
    :param findings: receives defects and notes. The line of a defect is that of the key in the package's table, or of
        its ``[[packages]]`` header; 0 if the tables are written in another way.
    :raises reqpi.core.errors.BrokenLock: it is not TOML, or has another version.
    """
    parsed = load(document, _ENTRIES, findings)
    _check_head(parsed, findings)
    reader = _Reader(parsed, findings)
    pins = tuple(pin for _, pin in read_each(parsed, _ENTRIES, findings, reader.read))
    if reader.chosen:
        findings.note(
            0,
            f"{counted(reader.chosen, 'marker depends', 'markers depend')} on extras or dependency groups: every "
            "choice of them is served, and exports leave out that part of the marker.",
            NOTE,
        )
    reader.left_out.note(findings)
    note_overlaps(pins, findings)
    return pins


def _check_head(parsed: TomlDocument, findings: Findings) -> None:
    """Check the version, and everything in the document except for its packages.

    :raises reqpi.core.errors.BrokenLock: it has another version.
    """
    stated = parsed.tables.get("lock-version")
    try:
        version = Version(stated) if isinstance(stated, str) and len(stated) < 20 else None
    except InvalidVersion:
        version = None
    if not version or version.major != 1:
        spelled = "missing" if stated is None else str(stated)[:40]
        findings.only(Refused(rules.LOCK_VERSION, spelled, "lock-version 1.0"), parsed.top("lock-version"))
    if version > Version("1.0"):
        findings.note(parsed.top("lock-version"), f"lock-version {version} is read as 1.0: newer features are ignored.")
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
        """Return the pin of a package; ``None`` if the package is only on the machine that locked.

        :raises Refused: the package has a defect.
        """
        name = project(entry)
        if name != entry.name:
            raise entry.flaw(rules.SPELLING, name, "name")
        version = release(entry)
        marker = self._marker(entry, self.document.line(number))
        _check_costs(entry)
        try:
            _validate({"created-by": "x"}, [_without_labels(entry)])
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
        named = identities(entry, from_index=source is None)
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
            identities=named,
        )

    def _leave_out(self, entry: Entry, source: str, line: int) -> None:
        directory = entry.inner("directory")
        if directory and is_project_itself(directory.needed("path")):
            self.left_out.project()
        else:
            self.findings.note(line, f"{entry.name} is {source} on the machine that locked: it is left out.")

    def _marker(self, entry: Entry, line: int) -> str | None:
        """Return the package's marker without its conditions on extras and groups; ``None`` for always."""
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
            self.findings.note(line, f"The marker of {entry.name} is too long to be analysed: it is left out.")
            return None

    def _files(self, entry: Entry, hashes: Hashes, line: int) -> bool:
        """Add the digests of the package's wheels and sdist, and return whether any of these is not local."""
        local = 0
        for file in _files(entry):
            url = file.text("url") or ""
            if source_urls.has_password(url):
                raise file.flaw(rules.CREDENTIALS, url.partition("://")[0] + "://…")
            if entry.text("index") is None and source_urls.is_local(url):
                local += 1
                continue
            listed = file.inner("hashes")
            hashes.add(file, listed.table.items() if listed else ())
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
            plain, user = source_urls.index(url, entry.name)
        if user:
            self.findings.note(line, f"The user name in the URL of {entry.name}'s index is ignored.")
        return (plain,)


def _validate(head: Mapping[str, object], packages: list[Mapping[str, object]]) -> None:
    """Validate a document with packaging's reader.

    :raises packaging.pylock.PylockValidationError: the document is not valid.
    """
    Pylock.from_dict({"lock-version": "1.0", **head, "packages": packages})


def _check_costs(entry: Entry) -> None:
    """Reject values on which packaging would spend unbounded time.

    :raises EntryFlaw: a value is too long.
    """
    if len(entry.text("requires-python") or "") > _SPECIFIERS:
        raise entry.flaw(TOO_LONG, f"requires-python is longer than {_SPECIFIERS} characters", "requires-python")
    for key, filename in _filenames(entry):
        if len(filename) > _FILENAME:
            raise entry.flaw(TOO_LONG, f"filename is longer than {_FILENAME} characters", key)
        tags = 1
        for part in without_label(filename).split("-")[-3:]:
            tags *= part.count(".") + 1
        if tags > _TAGS:
            raise entry.flaw(TOO_LONG, f"filename of a wheel has more than {_TAGS} tags", key)


def _files(entry: Entry) -> list[Entry]:
    sdist = entry.inner("sdist")
    return [*entry.listed("wheels"), *([sdist] if sdist else [])]


def _filenames(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the key and filename of each wheel and sdist as packaging reads them, which reports invalid ones itself."""
    for file in _files(entry):
        name, path, url = file.text("name"), file.text("path"), file.text("url")
        kind = PackageWheel if file.within == "wheels" else PackageSdist
        try:
            yield file.within, kind(name=name, path=path, url=url, hashes={}).filename
        except (PylockValidationError, ValueError):
            continue


def _without_labels(entry: Entry) -> Mapping[str, object]:
    """Return the table of a package with the names of ordinary wheels in place of variant wheels (:pep:`825`).

    packaging does not know their names, and would reject the document.
    """
    wheels = entry.table.get("wheels")
    if not isinstance(wheels, list):
        return entry.table
    return {**entry.table, "wheels": [_without_label(wheel) for wheel in wheels]}


def _without_label(wheel: object) -> object:
    if not isinstance(wheel, dict):
        return wheel
    try:
        filename = PackageWheel(
            name=wheel.get("name"), path=wheel.get("path"), url=wheel.get("url"), hashes={}
        ).filename
    except (PylockValidationError, ValueError, TypeError, AttributeError):
        return wheel
    if not isinstance(filename, str) or variant_label(filename) is None:
        return wheel
    return {**wheel, "name": without_label(filename)}


def _inferred(entry: Entry) -> str:
    """Return the version in the filenames of a package that states none.

    :raises EntryFlaw: the filenames have several versions, or none.
    """
    versions = {
        parse_wheel_filename(without_label(filename))[1] if key == "wheels" else parse_sdist_filename(filename)[1]
        for key, filename in _filenames(entry)
    }
    if len(versions) != 1:
        raise entry.flaw(rules.ENTRY, f"{entry.name} has no version, and its filenames have {len(versions)}")
    return str(versions.pop())


def _source(entry: Entry, hashes: Hashes) -> Archive | Git | str | None:
    """Return the source of a package; a description of it if it is on the machine that locked; ``None`` for an index.

    :raises Refused: the source is not supported.
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
        listed = archive.inner("hashes")
        hashes.add(archive, listed.table.items() if listed else ())
        with archive.at("url"):
            return source_urls.archive(url, frozenset(hashes.digests), archive.text("subdirectory"), project(entry))
    return None
