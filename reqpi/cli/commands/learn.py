"""``reqpi learn``: run a command with an open index, and write what it downloaded as a lock."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.cli.folders.learned_file import LearnedOutput, output_of
from reqpi.cli.inputs.lock_files import take_or_tell
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.inputs.which_server import add_server, check_server, open_server_for
from reqpi.cli.messages import count_of, tell_error, tell_remark
from reqpi.cli.processes.child import commanded, die_of, run_child
from reqpi.cli.statuses import DIFFERENT, DONE
from reqpi.client import BadUsage, ClientError
from reqpi.client.errors import ServerTrouble
from reqpi.client.learning import LearnClient, LearnedFile, LearnReport, begin_learning, end_learning, taken
from reqpi.client.target import with_login_of
from reqpi.core import filenames
from reqpi.core.env_vars import pointed_at
from reqpi.core.exclude_newer import BadExcludeNewer, read_exclude_newer
from reqpi.core.export import learned_releases
from reqpi.core.model import Digest, File, Lock

__all__ = ["command_line", "main"]

_CACHES = ("PIP_CACHE_DIR", "UV_CACHE_DIR")
"""Caches to replace: an installer does not request what it has cached, nor the build requirements of cached wheels."""


def main(arguments: Sequence[str]) -> int:
    """Run a command and write what it downloaded; exit with its status, or by the signal that ended it."""
    parser = command_line()
    options, command = commanded(parser, arguments)
    check_server(parser, options)
    for name in ("append", "only_write_on_update", "exit_code"):
        if getattr(options, name) and not options.output:
            parser.error(f"--{name.replace('_', '-')} needs a file: add -o FILE")
    if options.exclude_newer:
        _check_exclude_newer(parser, options.exclude_newer)
    known = [_known(file, options) for file in options.requirement]
    output = output_of(options)
    with open_server_for(options) as url:
        status = _run(url, options, command, known, output)
    return die_of(-status) if status < 0 else status


def _check_exclude_newer(parser: argparse.ArgumentParser, said: str) -> None:
    try:
        read_exclude_newer(said, datetime.now(UTC))
    except BadExcludeNewer as bad:
        parser.error(f"--exclude-newer: {bad}")


def _known(file: str, options: argparse.Namespace) -> Lock:
    """Return the lock specified with ``-r``, without the pins of the output file, which it may include."""
    documents = take_or_tell([file], allow_outside=options.allow_outside)
    lock = lock_of(documents)
    if not options.output:
        return lock
    output = os.path.realpath(options.output)
    if file != "-" and os.path.realpath(file) == output:
        raise BadUsage(
            f"{file} is the file that -o writes", "Leave it out: the pins above its marker line are excluded anyway."
        )
    ours = {path for path in documents.paths if path and os.path.realpath(documents.names.of(path)) == output}
    return evolve(lock, pins=tuple(pin for pin in lock.pins if pin.document not in ours))


def _run(
    url: str, options: argparse.Namespace, command: Sequence[str], known: Sequence[Lock], output: LearnedOutput
) -> int:
    session = begin_learning(url, options.exclude_newer or "")
    try:
        # Without -o, stdout is for the requirements alone.
        stdout = None if options.output else sys.stderr
        with TemporaryDirectory(prefix="reqpi-learn-", ignore_cleanup_errors=True) as caches:
            status = run_child(command, _environ(url, session, caches), stdout)
        found = taken(url, session.token, all_files=options.all_files and (not status or options.ignore_errors))
    finally:
        with suppress(ClientError):  # the session expires
            end_learning(url, session.token)
    _tell_untimed(found)
    if status and not options.ignore_errors:
        tell_error(
            f"the command failed, so what it downloaded ({count_of(len(found.files), 'file')}) may be incomplete",
            "Nothing is written. Use --ignore-errors to write it anyway.",
        )
        return status
    written = output.write(learned_releases.releases(_needed(found, [*known, *output.known])), bool(found.files))
    return status or (DIFFERENT if written and options.exit_code else DONE)


def _environ(url: str, session: LearnClient, caches: str) -> Mapping[str, str]:
    own = {name: os.path.join(caches, name.partition("_")[0].lower()) for name in _CACHES}
    return pointed_at(with_login_of(url, session.index_url), os.environ) | own


def _needed(found: LearnReport, known: Iterable[Lock]) -> list[File]:
    """Return the downloaded files that no lock has, with the other files of the same releases."""
    files: Sequence[File] = [_file(each) for each in found.files]
    for lock in known:
        files = learned_releases.without(files, lock)
    releases = {(file.project, file.version) for file in files}
    beside = [_file(each) for each in found.beside]
    return [*files, *(file for file in beside if (file.project, file.version) in releases)]


def _file(listed: LearnedFile) -> File:
    project = canonicalize_name(listed.project)
    named = filenames.parse(listed.filename, project)
    if named is None:
        raise ServerTrouble(f"the server reports a file that does not belong to {project}", listed.filename)
    digests = frozenset({Digest("sha256", listed.sha256)})
    return File(listed.filename, project, named.version, named.version_text, named.wheel, url="", digests=digests)


def _tell_untimed(found: LearnReport) -> None:
    if found.untimed:
        tell_remark(
            f"the upstream does not report upload times, so --exclude-newer excluded every file of: "
            f"{', '.join(found.untimed)}"
        )


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi learn",
        usage="reqpi learn [-h] [-r FILE …] [-o FILE [--append] [--only-write-on-update] [--exit-code]] [--all-files] "
        "[--exclude-newer DATE] [--ignore-errors] [--url URL | --store WHERE --upstream URL …] -- COMMAND …",
        description="Run a command with environment variables that point pip, uv, pdm, pipenv and hatch at an open "
        "index, which serves everything and records what is downloaded; then print that as a requirements file with "
        "digests. For a build from source, these are the build requirements.",
        epilog="Exit status: that of the command; 126 or 127 if it cannot be run or found. 1 a lock has defects, "
        "2 usage, or the file cannot be written, 3 no server or its error, 6 with --exit-code: the file was written.",
    )
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="a lock: leave out what it admits (repeatable)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file, below your own part of it")
    parser.add_argument("--append", action="store_true", help="keep what was recorded before")
    parser.add_argument("--only-write-on-update", action="store_true", help="do not touch the file if nothing changes")
    parser.add_argument("--exit-code", action="store_true", help="exit with status 6 if the file was written")
    parser.add_argument(
        "--all-files", action="store_true", help="list every file of each downloaded release, also for other platforms"
    )
    parser.add_argument(
        "--exclude-newer",
        metavar="DATE",
        help="ignore files uploaded later: a date, a timestamp (RFC 3339), or an age such as 30 days",
    )
    parser.add_argument("--ignore-errors", action="store_true", help="write the lock even if the command fails")
    parser.add_argument("--allow-outside", action="store_true", help="also accept files outside the folder of a lock")
    add_server(parser)
    return parser
