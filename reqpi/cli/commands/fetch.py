"""``reqpi fetch``: everything that a lock admits in one folder, for an install without a network."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.cli.fetched_crates import LandedCrates, add_crates_layout, fetch_crates, removing_if_wrong
from reqpi.cli.folders.fetched_folder import fetched_in
from reqpi.cli.folders.passing_files import forgetting, passing
from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.cargo_locks import with_stale_locks
from reqpi.cli.inputs.checked_listing import CheckedListing, checked_files
from reqpi.cli.inputs.crate_lines import frozen_lines
from reqpi.cli.inputs.install_targets import target_of_filters
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.needed_crates import needed_crates, refuse_unpinned, without_wheel
from reqpi.cli.inputs.receipt_option import add_receipt
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.waiting import add_filters, filters_of
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, size_of, tell_remark
from reqpi.cli.progress import metered
from reqpi.cli.receipts import ReceiptFile
from reqpi.cli.statuses import CRATES_NOT_PINNED, DONE, USAGE
from reqpi.client.fetching import fetch
from reqpi.client.listed_file import ListedFile
from reqpi.core import filenames
from reqpi.core.crates.model import Crate, GitCrate
from reqpi.core.crates.reading import crates_of
from reqpi.core.export.folder_record import RECORD, Fetched, FolderFile, record
from reqpi.core.model import File, Page, Project
from reqpi.core.receipts.model import LONGEST_TEXT, taken_file
from reqpi.core.receipts.recorder import ReceiptRecorder
from reqpi.core.targets import EVERYWHERE, InstallTarget

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Fetch the files, and report them."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_server(parser, options)
    if options.source is not None or options.request is not None:
        from reqpi.cli.hermeto_fetch import main as prefetch  # noqa: PLC0415

        if options.receipt is not None:
            parser.error("--receipt is for a lock, FILE: leave out --source and --request")

        return prefetch(parser, options)
    return _fetch(parser, options)


def _fetch(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if not options.file:
        parser.error("specify a lock, FILE; a source, --source DIR; or --request FILE")
    if options.mode or options.sbom_output_type:
        parser.error("--mode and --sbom-output-type are for --source and --request")
    target = target_of_filters(parser, filters_of(options))
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    check_digests(options, taken)
    receipt = (
        ReceiptFile(options.receipt, taken, _shown(filters_of(options)), options.file) if options.receipt else None
    )
    try:
        return _fetched(options, taken, target, receipt)
    finally:
        if receipt is not None:
            receipt.write()


def _fetched(options: argparse.Namespace, taken: LockFiles, target: InstallTarget, receipt: ReceiptFile | None) -> int:
    """Fetch the files for a target, and report them.

    :param receipt: records them, also if not all of them can be fetched.
    """
    with passing(options, options.output) as room, server_for(options, taken, room) as url:
        lock = committed(url, taken, soon=[("every", "1"), *filters_of(options)], quiet=options.quiet)
        found = checked_files(url, lock.address, taken)
        if options.url:
            found.check_target(target)
        files = found.files()
        wanted = _wanted(files, target)
        if not options.quiet:
            _announce(wanted, everywhere=target == EVERYWHERE)
            if options.url:
                found.tell_open_digests()
        forget = forgetting(room)
        noted = _Landed(wanted, options.output)
        with metered(sum(file.size or 0 for file in wanted), len(wanted), quiet=options.quiet) as meter:

            def there(file: ListedFile) -> None:
                meter.file()
                forget(file)
                noted(file)

            try:
                fresh = fetch(
                    url, lock.address, wanted, options.output, meter.count, landed=there, is_right=found.is_right
                )
            finally:
                if receipt is not None:
                    noted.count(found, receipt.recorder)
        with removing_if_wrong(fresh, options.output):
            needed = _crates(url, found, wanted, options, everywhere=target == EVERYWHERE)
            _fetch_crates(url, lock.address, needed, options, forget, receipt=receipt)
        if any(file.source for file in files):
            _record(found.pages, wanted, options.output)
    _tell(lock.address, wanted, fresh, options)
    return DONE


class _Landed:
    """The files that are in the folder now, for a receipt. It may be called from several threads.

    :param wanted: all that may land.
    """

    def __init__(self, wanted: Iterable[ListedFile], folder: Path) -> None:
        self._folder = folder
        self._before = {file.name for file in wanted if (folder / file.name).exists()}
        self._landed: list[ListedFile] = []

    def __call__(self, file: ListedFile) -> None:
        self._landed.append(file)

    def count(self, found: CheckedListing, recorder: ReceiptRecorder) -> None:
        """Count each file: as taken, or as a valid copy if it was there before."""
        for file in self._landed:
            entry = taken_file(found.file_of(file))
            place = self._folder / file.name
            size = entry.size or (place.stat().st_size if place.exists() else 0)
            recorder.took(evolve(entry, size=size), "unchanged" if file.name in self._before else "count")


def _shown(filters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the filters as the target of a receipt."""
    target: dict[str, list[str]] = {}
    for name, value in filters:
        target.setdefault(name.replace("-", "_"), []).append(value)
    return {name: ", ".join(values)[:LONGEST_TEXT] for name, values in target.items()}


def _crates(
    url: str, found: CheckedListing, wanted: Sequence[ListedFile], options: argparse.Namespace, *, everywhere: bool
) -> list[Crate | GitCrate]:
    """Return the crates of the sdists that the target builds, and those of all sdists if there is no target.

    :raises CratesNotPinned: nothing pins those of an sdist that has to be built.
    """
    sdists = [file for file in wanted if not file.filename.endswith(".whl")]
    built = without_wheel(sdists, wanted)
    needed = needed_crates(sdists if everywhere else built, options.output, crates_of(found.commitment.lock))
    needed = with_stale_locks(needed, built, options.output, partial(frozen_lines, url, found.commitment.address))
    refuse_unpinned(needed, [sdist.name for sdist in built])
    return needed.crates


def _fetch_crates(
    url: str,
    address: str,
    needed: Sequence[Crate | GitCrate],
    options: argparse.Namespace,
    forget: Callable[[ListedFile], None],
    *,
    receipt: ReceiptFile | None,
) -> None:
    """Fetch the crates, and record them, also if not all of them can be fetched."""
    noted = LandedCrates(needed, options.output)

    def there(file: ListedFile) -> None:
        forget(file)
        noted(file)

    try:
        fetch_crates(url, {address: needed}, options.output, options, there, keep=True)
    finally:
        if receipt is not None:
            noted.count(receipt.recorder)


def _announce(wanted: Sequence[ListedFile], *, everywhere: bool) -> None:
    """Report the total size if there are no filters: it is often ten times what one machine needs."""
    size = sum(file.size or 0 for file in wanted)
    if everywhere and len(wanted) > len({(file.project, file.version) for file in wanted}):
        unknown = "" if all(file.size for file in wanted) else "at least "
        tell_remark(
            f"{count_of(len(wanted), 'file')}, {unknown}{size_of(size)}, for every platform; "
            "use --platform current for this machine"
        )


def _wanted(files: Iterable[ListedFile], target: InstallTarget) -> list[ListedFile]:
    """Return the files that can be installed on the target, each once and with a unique name."""
    chosen = {(file.filename, file.sha256): file for file in files if target.needs(file.marker) and _fits(file, target)}
    times = Counter(filename for filename, _ in chosen)
    return [
        # Many archives are called v1.0.tar.gz.
        file._replace(saved_as=f"{file.sha256}-{file.filename}") if file.source and times[file.filename] > 1 else file
        for _, file in sorted(chosen.items())
    ]


def _record(pages: Mapping[Project, Page], wanted: Iterable[ListedFile], folder: Path) -> None:
    """Write which file is which source, for ``reqpi inject``."""
    names = {(file.project, file.sha256): file.name for file in wanted if file.source}
    sources, left_out = {}, []
    for file in (file for page in pages.values() for file in page.files if file.source is not None):
        assert file.source is not None
        name = names.get((file.project, str(file.sha256)))
        if name is None:
            left_out.append(file.source.place)
        else:
            sources[file.source.place] = FolderFile(name, str(file.sha256))
    before = fetched_in(folder, [RECORD]) or Fetched()
    write(folder / RECORD, record(sources, left_out, before), follow=False)


def _fits(file: ListedFile, target: InstallTarget) -> bool:
    project = canonicalize_name(file.project)
    named = filenames.parse(file.filename, project)
    if named is None:  # a source, whose name says nothing about platforms
        return True
    return target.takes(File(file.filename, project, named.version, named.version_text, named.wheel, url=""))


def _tell(address: str, wanted: Sequence[ListedFile], fresh: Sequence[ListedFile], options: argparse.Namespace) -> None:
    new = {file.name for file in fresh}
    if options.json:
        files = [
            {"project": file.project, "filename": file.name, "sha256": file.sha256, "new": file.name in new}
            for file in wanted
        ]
        print(json.dumps({"address": address, "folder": str(options.output), "files": files}, indent=2))
    if options.verbose:
        for file in wanted:
            tell_remark(f"{'fetched' if file.name in new else 'there'}: {file.name}")
    if not options.quiet:
        size = sum((options.output / file.name).stat().st_size for file in wanted)
        tell_remark(f"{count_of(len(wanted), 'file')}, {size_of(size)}, {len(new)} of them new, in {options.output}")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi fetch",
        description="Fetch and verify everything that a lock admits into one folder, for pip install --no-index "
        "--find-links. Without --url it is fetched from the upstream, through a server inside this process.",
        epilog=f"Exit status: 0 everything is there; 1 the lock has defects; {USAGE} usage, or the folder cannot be "
        "written; 3 something could not be fetched: run it again; 4 the server returned another address; "
        f"{CRATES_NOT_PINNED} nothing pins the crates of an sdist that has to be built, or its Cargo.lock is stale.",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder")
    _add_interfaces(parser)
    parser.add_argument("--json", action="store_true", help="print the files as JSON")
    add_receipt(parser, "write a JSON record of the files that were fetched, and of those that were there, to FILE")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the name of each file")
    add_crates_layout(parser)
    add_server(parser)
    add_require_hashes(parser)
    add_filters(parser)
    add_arguments(parser, nargs="*")
    return parser


def _add_interfaces(parser: argparse.ArgumentParser) -> None:
    """Add the options of the two other ways to call it."""
    group = parser.add_argument_group(
        "as with Hermeto, Cachi2 and Cachito",
        'FILE is then not a lock but the input: pip, \'{"type": "pip", …}\', or a file that contains it.',
    )
    group.add_argument("--source", type=Path, metavar="DIR", help="fetch for the packages of this folder")
    group.add_argument(
        "--request", metavar="FILE", help="fetch a repository, and what its packages need: a request of Cachito"
    )
    group.add_argument(
        "--mode",
        choices=("strict", "permissive"),
        help="permissive: the source need not be a git repository, and cargo chooses the crates of an sdist whose "
        "Cargo.lock is missing, damaged or stale",
    )
    group.add_argument(
        "--sbom-output-type", choices=("cyclonedx", "spdx"), help="the format of bom.json (default: cyclonedx)"
    )
