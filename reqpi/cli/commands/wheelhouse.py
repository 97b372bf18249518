"""``reqpi wheelhouse``: everything that a lock admits in one archive, reproducible byte for byte."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reqpi.cli.commands.build_requirements import lines_lacking
from reqpi.cli.folders.local_index import unproven, write_index
from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.received_archive import ReceivedArchive, largest, received
from reqpi.cli.folders.wheelhouse_folder import built_of, without_build_requirements, write
from reqpi.cli.inputs.checked_listing import CheckedListing, checked_files
from reqpi.cli.inputs.install_targets import target_of_filters
from reqpi.cli.inputs.lock_files import add_arguments, committed, take_or_tell
from reqpi.cli.inputs.refused_lines import lines_for, since
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.waiting import add_filters, filters_of, wait_until_held
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, size_of, tell_error, tell_lines, tell_remark
from reqpi.cli.processes.build_wheels import NotBuilt, compiled, to_be_built
from reqpi.cli.processes.cargo_settings import registries_in
from reqpi.cli.processes.interpreter import Interpreter
from reqpi.cli.progress import metered
from reqpi.cli.statuses import DONE, LACKING, NOT_BUILT, SERVER_TROUBLE
from reqpi.client import BadUsage, ClientError, Filters, ReportedRefusal, refused
from reqpi.client.archive import take_archive
from reqpi.client.build_requirements import build_requirements
from reqpi.client.fetching import fetch
from reqpi.client.listed_file import ListedFile
from reqpi.client.target import target_of, with_login_of
from reqpi.core import export
from reqpi.core.model import File

__all__ = ["command_line", "main"]

_FOLDER = "wheelhouse"


def main(arguments: Sequence[str]) -> int:
    """Write the archive, and print its sha256."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_server(parser, options)
    if options.python and not options.build:
        parser.error("--python is the interpreter to build with: add --build")
    if options.python and "current" in (options.platform or ()) and not options.python_version:
        parser.error("--platform current is the Python that runs reqpi: with --python, add --python-version")
    filters = filters_of(options)
    target = target_of_filters(parser, filters)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    check_digests(options, taken)
    with server_for(options, taken) as url:
        lock = committed(url, taken, hold=filters)
        if not wait_until_held(url, taken, lock.address, filters):
            return SERVER_TROUBLE
        listing = checked_files(url, lock.address, taken)
        if options.url:
            listing.check_target(target)
            listing.tell_open_digests()
        one = _has_target(filters) and not options.all_wheels
        files = export.selected(listing.commitment, listing.pages, target, one=one)
        _check_names(files)
        requirements = export.requirements(listing.commitment, listing.pages)
        query = [*filters, *([("one", "1")] if one else [])]
        with _taken(url, listing, files, query, options.output) as archive:
            if not options.build:
                archive.write(requirements, options.output)
                status = DONE
            else:
                status = _built(url, listing, archive, options)
    if status == DONE:
        _tell(options.output)
    return status


def _check_names(files: Iterable[File]) -> None:
    """Check that each file can be a member of its own.

    :raises BadUsage: two different files have one name, as archives called v1.0.tar.gz do.
    """
    known: dict[str, File] = {}
    for file in files:
        other = known.setdefault(file.filename, file)
        if other.sha256 != file.sha256:
            raise BadUsage(
                f"two different files are named {file.filename}",
                f"They are those of {other.project} and {file.project}, and an archive can have one of them. "
                "reqpi fetch puts both into a folder, under names of their own.",
            )


def _has_target(filters: Filters) -> bool:
    """Return whether a platform is specified: then pip would choose one wheel of each release."""
    return any(name == "platform" for name, _ in filters)


def _tell(output: Path) -> None:
    with output.open("rb") as archive:
        digest = file_digest(archive, "sha256").hexdigest()
    tell_remark(f"{size_of(output.stat().st_size)} in {output}")
    print(f"{digest}  {output}")


@contextmanager
def _taken(
    url: str, listing: CheckedListing, files: Sequence[File], query: Filters, output: Path
) -> Iterator[ReceivedArchive]:
    """Download the archive from the server, next to the one to be written, and verify it."""
    path = f"/{listing.commitment.address}/wheelhouse.tar{f'?{urlencode(query)}' if query else ''}"
    part = output.with_name(f".{output.name}.part")
    try:
        with metered(0) as meter:
            take_archive(url, path, part, largest(files), meter.count)
        yield received(part, listing, files)
    finally:
        with writing(output):
            part.unlink(missing_ok=True)


def _built(url: str, listing: CheckedListing, archive: ReceivedArchive, options: argparse.Namespace) -> int:
    """Write the archive with the wheels of its sdists, and return the exit status."""
    with TemporaryDirectory(prefix="reqpi-") as place:
        room = Path(place)
        folder = room / _FOLDER
        folder.mkdir()
        archive.unpack(_requirements(listing), folder)
        there = {(file.project, file.filename) for file in archive.files}
        files = [file for file in listing.files() if (file.project, file.filename) in there]
        return _build(url, listing, files, options, room)


def _requirements(listing: CheckedListing) -> bytes:
    """Return a requirements.txt of what runs."""
    commitment, pages = listing.commitment, listing.pages
    for_running = without_build_requirements(commitment, pages) if len(commitment.lock.documents) > 1 else None
    return export.requirements(commitment, pages) if for_running is None else for_running


def _build(
    url: str,
    listing: CheckedListing,
    files: Sequence[ListedFile],
    options: argparse.Namespace,
    room: Path,
) -> int:
    """Build the sdists, write the archive with the wheels, and return the exit status."""
    folder = room / _FOLDER
    interpreter = Interpreter(options.python or sys.executable)
    sdists = to_be_built(files, interpreter)
    address = listing.commitment.address
    before = refused(url, address)
    index = with_login_of(url, f"{target_of(url).url}/{address}/simple/")
    pages = _pages(url, listing, index, interpreter, room) if options.url and sdists else ""
    try:
        registries = registries_in(document.data for document in listing.commitment.lock.documents)
        wheels = (
            compiled(sdists, folder, room, index, interpreter, pages=pages, registries=registries) if sdists else {}
        )
    except NotBuilt as failed:
        tell_lines(failed.said)
        tell_error(failed.title, failed.detail)
        return _tell_lacking(url, address, {sdist.project for sdist in sdists}, before)
    write(folder, files, wheels.values(), built_of(sdists, wheels), options.output)
    tell_remark(f"{count_of(len(wheels), 'wheel')} built")
    return DONE


def _pages(url: str, listing: CheckedListing, index: str, interpreter: Interpreter, room: Path) -> str:
    """Return the URL of pages that admit to builds what the lock admits, whatever the server says.

    A server inside this process needs none.
    """
    measured, pages = room / "measured", room / "pages"
    able = [file for file in unproven(listing) if not file.filename.endswith(".whl") or interpreter.fits(file.filename)]
    fetch(url, listing.commitment.address, able, measured, is_right=listing.is_right)
    return write_index(listing, index, measured, pages)


def _tell_lacking(url: str, address: str, built: Iterable[str], before: Sequence[ReportedRefusal]) -> int:
    """Print what the lock lacks, from the sdists' requirements and the builds' requests; return the exit status."""
    try:
        found = build_requirements(url, address, [("no-binary", ",".join(sorted(built)))])
        asked = since(before, refused(url, address, suggest=True))
    except ClientError:
        return NOT_BUILT
    named = {canonicalize_name(Requirement(each.requirement).name) for each in found.requirements if each.lacking}
    lines = [*lines_lacking(found), *lines_for(each for each in asked if each.project not in named)]
    if not lines:
        return NOT_BUILT
    tell_lines(["# reqpi: the lock lacks build requirements of its sdists. To admit them, pin:", *lines])
    return LACKING


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi wheelhouse",
        description="Write everything that a lock admits into one tar archive, with a requirements.txt and a "
        "list for sha256sum -c: the same bytes on every machine and every day. The sha256 of the archive is printed.",
        epilog="Exit status: 0 done; 1 the lock has defects; 2 usage, or the archive cannot be written; 3 something "
        "could not be fetched; 4 the server returned another address; 7 the lock lacks a build requirement of an "
        "sdist; 8 an sdist could not be built.",
    )
    parser.add_argument(
        "--build", action="store_true", help="build wheels from sdists without a wheel for this machine, and add them"
    )
    parser.add_argument("--python", metavar="PYTHON", help="build with this Python (default: the one that runs reqpi)")
    parser.add_argument(
        "--all-wheels",
        action="store_true",
        help="with --platform, keep every wheel and sdist that fits, not only the one that pip would choose",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.tar", help="the archive")
    add_server(parser)
    add_filters(parser)
    add_require_hashes(parser)
    add_arguments(parser)
    return parser
