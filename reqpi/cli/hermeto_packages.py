"""The packages of a source: the selection among the files of their locks, the fetch, and the SBOM."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import evolve, frozen

from reqpi.cli.inputs.checked_listing import CheckedListing, checked
from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects, committed, lines_told
from reqpi.cli.messages import tell_defects, tell_notes, tell_remark
from reqpi.cli.processes.bounded_regex import matched
from reqpi.cli.progress import metered
from reqpi.client import BadUsage
from reqpi.client.errors import ClientError
from reqpi.client.fetching import FetchFailed, fetch, remove
from reqpi.client.includes import includes_of
from reqpi.client.listed_file import ListedFile
from reqpi.core import metadata as sdists
from reqpi.core import sbom
from reqpi.core.errors import ReqPIError
from reqpi.core.hermeto import FetchedPackage, InputPackage, Selection, name_of, platforms, select
from reqpi.core.metadata.wheel import wheel_metadata
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.report import Defect, Note
from reqpi.core.sbom.inside import InsideSbom, bounded, read_inside, with_inside

__all__ = ["ChosenFiles", "PackageWork", "SdistMetadata", "chosen", "fetched", "package_sbom", "refuse_lacking"]


@frozen
class PackageWork:
    """A package and what was read from it.

    :param taken: the documents that are committed.
    """

    package: InputPackage
    files: FetchedPackage
    own: sbom.MainComponent
    taken: LockFiles
    lock: Lock


@frozen
class ChosenFiles:
    """The files selected from a package's lock.

    :param listing: the files that the lock admits.
    """

    work: PackageWork
    commitment: Commitment
    listing: CheckedListing
    selection: Selection

    @property
    def pages(self) -> Mapping[Project, Page]:
        """The frozen page of every project that the lock pins."""
        return self.listing.pages

    def listed(self) -> list[ListedFile]:
        """Return the files, each with its name in the folder."""
        return [
            ListedFile(
                file.project,
                file.filename,
                str(file.sha256),
                file.size,
                version="" if file.source is not None else str(file.version),
                saved_as=name_of(file),
                source=file.source is not None,
                subdirectory=(file.source.subdirectory or "") if file.source is not None else "",
            )
            for file in self.selection.files
        ]


def chosen(url: str, work: PackageWork, *, quiet: bool, wheels_at_urls: bool = True) -> ChosenFiles:
    """Commit a package's lock to the server at ``url``, and select among the files of its pages.

    :param quiet: report no warnings.
    :param wheels_at_urls: whether wheels that the lock names by URL are selected without being requested.
    :raises reqpi.cli.inputs.lock_files.LockHasDefects: the server finds defects.
    :raises reqpi.client.ClientError: the server does not answer, or answers with an error.
    """
    # Without "binary", one sdist of each release is fetched.
    soon = [("every", "1"), ("no-binary", ":all:")] if work.package.binary is None else None
    commitment = Commitment(committed(url, work.taken, soon=soon, quiet=quiet).address, work.lock)
    with lines_told(work.taken):
        listing = checked(url, commitment)
    found = listing.pages
    binary = work.package.binary
    pattern = binary.pattern if binary is not None else None
    tags = () if pattern is None else matched(pattern, platforms(found), '"platform"')
    selection = select(commitment, found, binary, tags, wheels_at_urls=wheels_at_urls)
    if not quiet:
        _tell(work, selection)
    return ChosenFiles(work, commitment, listing, selection)


def _tell(work: PackageWork, selection: Selection) -> None:
    pins = {pin.project: pin for pin in work.lock.pins}
    yanked = [(pins[file.project], file) for file in selection.yanked]
    tell_notes(
        work.taken.names,
        [
            Note(
                pin.line,
                pin.text,
                f"{file.filename} is yanked{f': {file.yanked}' * (file.yanked is not True)}",
                pin.document,
            )
            for pin, file in yanked
        ],
    )
    for project in selection.unmeant:
        tell_remark(f'"binary" names {project}, which no requirements file pins')


def refuse_lacking(picks: Sequence[ChosenFiles]) -> None:
    """Report every pin that has no file to select.

    :raises reqpi.cli.inputs.lock_files.LockHasDefects: there is at least one.
    """
    for pick in picks:
        lacking = pick.selection.lacking
        defects = [
            Defect(lack.pin.line, lack.pin.text, lack.problem, lack.advice, document=lack.pin.document)
            for lack in lacking
        ]
        if defects:
            tell_defects(pick.work.taken.names, defects)
    if any(pick.selection.lacking for pick in picks):
        raise LockHasDefects


def fetched(
    url: str,
    picks: Sequence[ChosenFiles],
    folder: Path,
    landed: Callable[[ListedFile], None] = lambda _: None,
    *,
    quiet: bool = False,
) -> set[str]:
    """Fetch all files into ``folder``.

    :param landed: called from several threads with each file that is in the folder.
    :param quiet: show no progress.
    :returns: the names of the files that were not there before.
    :raises reqpi.client.fetching.FetchFailed: some files could not be fetched. The others are in the folder, unless the
        server sent wrong bytes.
    :raises reqpi.client.BadUsage: two different files have one name, or the folder cannot be written.
    """
    _check_names(picks)
    failures: dict[str, ClientError] = {}
    fresh: set[ListedFile] = set()
    files = [file for pick in picks for file in pick.selection.files]
    with metered(sum(file.size or 0 for file in files), len(files), quiet=quiet) as meter:

        def there(file: ListedFile) -> None:
            meter.file()
            landed(file)

        for pick in picks:
            try:
                came = fetch(
                    url,
                    pick.commitment.address,
                    pick.listed(),
                    folder,
                    meter.count,
                    landed=there,
                    is_right=pick.listing.is_right,
                    replace=True,
                )
            except FetchFailed as failed:
                failures |= failed.failures
            else:
                fresh |= set(came)
    if failures:
        together = FetchFailed(failures)
        if together.wrong:
            remove(fresh, folder)
        raise together
    return {file.name for file in fresh}


def _check_names(picks: Sequence[ChosenFiles]) -> None:
    known: dict[str, ListedFile] = {}
    for file in (file for pick in picks for file in pick.listed()):
        if known.setdefault(file.name, file).sha256 != file.sha256:
            raise BadUsage(
                f"two different files are named {file.name}",
                "Two packages take it from two indexes: fetch each package into a folder of its own.",
            )


class SdistMetadata:
    """The core metadata in fetched sdists, each read once.

    :param folder: has the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, bytes | None] = {}

    def read(self, sdist: ListedFile) -> None:
        """Read an sdist that has just been fetched, in the thread that has fetched it: the network is slower."""
        self._read[sdist.name] = _metadata_of_sdist(self._folder / sdist.name)

    def of(self, file: File) -> bytes | None:
        """Return the core metadata in a file; ``None`` if it has none that can be read."""
        name = name_of(file)
        if file.wheel:
            return _metadata_of_wheel(self._folder / name, file)
        return self._read[name] if name in self._read else _metadata_of_sdist(self._folder / name)


def package_sbom(
    pick: ChosenFiles, folder: Path, source: Path, index: str = "", metadata: SdistMetadata | None = None
) -> sbom.Sbom:
    """Return the SBOM of the files selected from one package.

    :param folder: the folder that has the files.
    :param source: the folder that the paths of documents are relative to.
    :param index: see :func:`reqpi.core.sbom.with_index`.
    :param metadata: that of the sdists that were read before.
    """
    shown = {document.path: _relative(pick.work.taken, document.path, source) for document in pick.work.taken.documents}
    lock = evolve(pick.work.lock, pins=tuple(evolve(pin, document=shown[pin.document]) for pin in pick.work.lock.pins))
    commitment = evolve(pick.commitment, lock=lock)
    known = _known(commitment, pick, metadata or SdistMetadata(folder))
    made = sbom.sbom_of(
        commitment,
        {project: _renamed(page) for project, page in pick.pages.items()},
        {evolve(file, filename=name_of(file)): about for file, about in known.items()},
        builds=_builds(pick.work, shown),
        files={evolve(file, filename=name_of(file)) for file in pick.selection.files},
    )
    return sbom.with_index(with_inside(made, _inside(pick, folder)), index)


def _inside(pick: ChosenFiles, folder: Path) -> dict[str, tuple[InsideSbom, ...]]:
    """Return the SBOMs inside the verified wheels that were selected, by the sha256 of the wheel."""
    found: list[tuple[str, tuple[InsideSbom, ...]]] = []
    for file in sorted(filter(lambda file: file.wheel, pick.selection.files), key=lambda file: file.filename):
        with suppress(ReqPIError, OSError), (folder / name_of(file)).open("rb") as wheel:
            found.append((str(file.sha256), read_inside(wheel, file.filename, file.project)))
    return bounded(found)


def _known(commitment: Commitment, pick: ChosenFiles, metadata: SdistMetadata) -> dict[File, sbom.About]:
    """Return the core metadata of each component: that of a wheel if one was selected, otherwise that of an sdist."""
    files = sbom.described_by(commitment, pick.pages, frozenset(pick.selection.files))
    found = {file: metadata.of(file) for file in files}
    return {file: sbom.about(data) for file, data in found.items() if data is not None}


def _metadata_of_wheel(place: Path, file: File) -> bytes | None:
    """Return the core metadata that a verified wheel contains; ``None`` if it has none that can be read."""
    with suppress(ReqPIError, OSError), place.open("rb") as wheel:
        return wheel_metadata(wheel, file.filename, file.project)
    return None


def _metadata_of_sdist(place: Path) -> bytes | None:
    """Return the core metadata that a verified sdist contains; ``None`` if it has none that can be read."""
    with suppress(ReqPIError, OSError):  # the SBOM marks the components whose core metadata is unknown
        if place.stat().st_size <= sdists.LARGEST:
            return sdists.core_metadata(place.read_bytes(), place.name)
    return None


def _builds(work: PackageWork, shown: Mapping[str, str]) -> set[str]:
    """Return the documents that have only build requirements: no requirements file for run time includes them."""
    data = {shown[document.path]: document.data for document in work.taken.documents}
    queue = [posixpath.normpath(f"{work.files.path}/{file}") for file in work.files.requirements_files]
    for place in queue:
        queue += [each for each in _named_by(place, data.get(place, b"")) if each in data and each not in queue]
    return data.keys() - set(queue)


def _named_by(place: str, data: bytes) -> Iterator[str]:
    return (posixpath.normpath(posixpath.join(posixpath.dirname(place), each.said)) for each in includes_of(data))


def _relative(taken: LockFiles, document: str, source: Path) -> str:
    return Path(os.path.relpath(taken.names.of(document), source)).as_posix()


def _renamed(page: Page) -> Page:
    return evolve(page, files=tuple(evolve(file, filename=name_of(file)) for file in page.files))
