"""``reqpi run``: run a command that sees nothing but what a lock pins."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.refused_lines import lines_for, since
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, tell_error, tell_lines, tell_remark
from reqpi.cli.processes.child import commanded, die_of, run_child
from reqpi.cli.run_progress import Watch
from reqpi.client import ClientError, ReportedRefusal, refused
from reqpi.client.target import with_login_of
from reqpi.core.env_vars import pointed_at

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Run a command behind a lock; its exit status is ours, and a signal that ended it ends us."""
    parser = command_line()
    options, command = commanded(parser, arguments)
    check_server(parser, options)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    watch = Watch(quiet=options.quiet or bool(options.url))
    with server_for(options, taken, watch=watch.note) as url:
        status, refusals = _run(url, taken, command, watch, quiet=options.quiet)
    if status < 0:
        return die_of(-status)
    if not options.quiet:
        # Another server has other clients, and does not say which of them took what.
        taking = [] if options.url else [f"{count_of(watch.files, 'file')} taken"]
        tell_remark(", ".join([*taking, f"{refusals} refused"]))
    return status


def _run(url: str, taken: LockFiles, command: Sequence[str], watch: Watch, *, quiet: bool) -> tuple[int, int]:
    """Run ``command`` behind what was taken, on the server at ``url``; then tell what was refused meanwhile.

    :returns: the command's status, and how many different things were refused.
    """
    lock = committed(url, taken, quiet=quiet)
    before = () if lock.created else _refused(url, lock.address)
    with watch.telling():
        status = run_child(command, pointed_at(with_login_of(url, lock.index_url), os.environ))
    asked = since(before, _refused(url, lock.address))
    if asked:
        # Only now: the server may have to ask its upstream about everything that was ever refused.
        asked = since(before, _refused(url, lock.address, suggest=True)) or asked
        command = _command_for(taken)
        add = "run" if command else "add"
        heading = f"# reqpi: not in {taken.names.whole}, and asked for. To admit it, {add}:"
        tell_lines([heading, *lines_for(asked, command)])
    return status, len(asked)


def _command_for(taken: LockFiles) -> str:
    """Return the command that adds a requirement to the lock; empty where it is a line of it."""
    # What reads a lock takes a tenth of a second and more to import: a run in which nothing was refused needs none.
    from reqpi.core.locks.adding import command_for  # noqa: PLC0415

    return command_for(document.data for document in taken.documents)


def _refused(url: str, address: str, *, suggest: bool = False) -> tuple[ReportedRefusal, ...]:
    """What was refused; nothing, and a message, where the server does not say: the command's status counts more."""
    try:
        return refused(url, address, suggest=suggest)
    except ClientError as error:
        tell_error(f"what was refused is not known: {error.title}", error.detail)
        return ()


def command_line() -> argparse.ArgumentParser:
    """Its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi run",
        usage="reqpi run [-h] [-q] [--url URL | --store WHERE --upstream URL … --offline] [--allow-outside] FILE … "
        "-- COMMAND …",
        description="Run a command whose environment points pip, uv, pdm, pipenv and hatch at the index of a lock and "
        "at no other. Without --url the lock is served from inside, for as long as the command runs.",
        epilog="Exit status: the command's own; 126 and 127 where it cannot be run or found. Before the command runs: "
        "1 the lock has defects, 2 usage, 3 no server or its error, 4 the server answers another address.",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress, no warnings and no count")
    add_server(parser)
    add_arguments(parser)
    return parser
