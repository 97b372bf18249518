"""``reqpi wheelhouse``: everything that a lock admits in one archive, reproducible byte for byte."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reqpi.cli.commands.build_requirements import lines_lacking
from reqpi.cli.folders.wheelhouse_folder import built_of, unpack, without_build_requirements, write
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.inputs.refused_lines import lines_for, since
from reqpi.cli.inputs.waiting import add_filters, filters_of, wait_until_held
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, size_of, tell_error, tell_lines, tell_remark
from reqpi.cli.processes.build_wheels import NotBuilt, compiled, to_be_built
from reqpi.cli.processes.interpreter import Interpreter
from reqpi.cli.progress import metered
from reqpi.cli.statuses import DONE, LACKING, NOT_BUILT, SERVER_TROUBLE
from reqpi.client import ClientError, Committed, Filters, ReportedRefusal, refused
from reqpi.client.archive import take_archive
from reqpi.client.build_requirements import build_requirements
from reqpi.client.listed_file import ListedFile
from reqpi.client.listing import listed, pages
from reqpi.client.target import with_login_of
from reqpi.core.frozen_pages import load_all
from reqpi.core.model import Commitment

__all__ = ["command_line", "main"]

_FOLDER = "wheelhouse"
_PLAIN = "plain.tar"
"""The archive from the server, before anything is built."""


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
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    with server_for(options, taken) as url:
        lock = committed(url, taken, hold=filters)
        if not wait_until_held(url, taken, lock.address, filters):
            return SERVER_TROUBLE
        admitted = listed(url, lock.address)
        with TemporaryDirectory(prefix="reqpi-") as room:
            one = [("one", "1")] if _has_target(filters) and not options.all_wheels else []
            to = Path(room, _PLAIN) if options.build else options.output
            _take(url, lock.address, [*filters, *one], admitted, to)
            status = DONE
            if options.build:
                files = _unpacked(url, taken, lock, admitted, Path(room))
                status = _build(url, lock, files, options, Path(room))
    if status == DONE:
        _tell(options.output)
    return status


def _has_target(filters: Filters) -> bool:
    """Return whether a platform is specified: then pip would choose one wheel of each release."""
    return any(name == "platform" for name, _ in filters)


def _tell(output: Path) -> None:
    with output.open("rb") as archive:
        digest = file_digest(archive, "sha256").hexdigest()
    tell_remark(f"{size_of(output.stat().st_size)} in {output}")
    print(f"{digest}  {output}")


def _take(url: str, address: str, filters: Filters, admitted: Iterable[ListedFile], to: Path) -> None:
    """Download the archive from the server."""
    query = f"?{urlencode(filters)}" if filters else ""
    digests = {file.filename: file.sha256 for file in admitted}
    with metered(0) as meter:
        take_archive(url, f"/{address}/wheelhouse.tar{query}", to, digests, meter.count)


def _unpacked(
    url: str, taken: LockFiles, lock: Committed, admitted: Iterable[ListedFile], room: Path
) -> list[ListedFile]:
    """Unpack the archive from the server, with a requirements.txt of what runs, and return its files."""
    folder = room / _FOLDER
    folder.mkdir()
    files = unpack(room / _PLAIN, folder, admitted)
    (room / _PLAIN).unlink()
    if len(taken.documents) > 1:
        known = load_all(pages(url, lock.address))
        requirements = without_build_requirements(Commitment(lock.address, lock_of(taken)), known)
        if requirements is not None:
            (folder / "requirements.txt").write_bytes(requirements)
    return files


def _build(url: str, lock: Committed, files: Sequence[ListedFile], options: argparse.Namespace, room: Path) -> int:
    """Build the sdists, write the archive with the wheels, and return the exit status."""
    folder = room / _FOLDER
    interpreter = Interpreter(options.python or sys.executable)
    sdists = to_be_built(files, interpreter)
    before = refused(url, lock.address)
    try:
        wheels = compiled(sdists, folder, room, with_login_of(url, lock.index_url), interpreter) if sdists else {}
    except NotBuilt as failed:
        tell_lines(failed.said)
        tell_error(failed.title, failed.detail)
        return _tell_lacking(url, lock, {sdist.project for sdist in sdists}, before)
    write(folder, files, wheels.values(), built_of(sdists, wheels), options.output)
    tell_remark(f"{count_of(len(wheels), 'wheel')} built")
    return DONE


def _tell_lacking(url: str, lock: Committed, built: Iterable[str], before: Sequence[ReportedRefusal]) -> int:
    """Print what the lock lacks, from the sdists' requirements and the builds' requests; return the exit status."""
    try:
        found = build_requirements(url, lock.address, [("no-binary", ",".join(sorted(built)))])
        asked = since(before, refused(url, lock.address, suggest=True))
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
    add_arguments(parser)
    return parser
