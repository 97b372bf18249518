"""``reqpi run``: run a command that can install only what a lock pins."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from reqpi.cli.inputs.follow_index import add_follow_index, check_follow_index, index_for
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.receipt_option import add_receipt
from reqpi.cli.inputs.refused_lines import lines_for, since
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, tell_error, tell_lines, tell_remark
from reqpi.cli.processes.cargo_home import cargo_home
from reqpi.cli.processes.cargo_settings import registries_in
from reqpi.cli.processes.child import commanded, die_of, run_child
from reqpi.cli.processes.seal import add_seal, check_seal, sealing
from reqpi.cli.run_progress import Watch
from reqpi.cli.statuses import DONE, REFUSED
from reqpi.client import ClientError, ReportedRefusal, refused
from reqpi.client.target import with_login_of
from reqpi.core.env_vars import pointed_at

if TYPE_CHECKING:  # they import Twisted, which --url does not need
    from reqpi.cli.inputs.in_process import Beside
    from reqpi.cli.processes.run_proxy import RunProxy
    from reqpi.cli.receipts import ReceiptFile
    from reqpi.cli.run_events import RunEvents

__all__ = ["command_line", "main"]

_FILE_URL = re.compile(rb"https?://[^\s\"']{4,2048}?\.(?:whl|tar\.gz|zip)\b")

_NO_CACHE = "pip --no-cache-dir and uv --no-cache"
"""The options of clients with which they request everything."""


class _Proxied(NamedTuple):
    """The proxy of a run, and what it reports.

    :param beside: what runs beside the server: the proxy, or the receipt with the proxy.
    """

    proxy: RunProxy
    events: RunEvents
    beside: Beside


def main(arguments: Sequence[str]) -> int:
    """Run a command with the index of a lock; exit with its status, or by the signal that ended it."""
    parser = command_line()
    options, command = commanded(parser, arguments)
    check_server(parser, options)
    check_follow_index(parser, options)
    check_seal(options)
    if options.url and options.passed:
        parser.error("--pass is for the proxy of a server inside this process: leave it out, or leave out --url")
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    check_digests(options, taken)
    receipt = _receipt(options, taken) if options.receipt else None
    watch = Watch(quiet=options.quiet or bool(options.url))
    with _proxied(options, taken, watch, receipt) as proxied:
        proxy, beside = (proxied.proxy, proxied.beside) if proxied is not None else (None, None)
        with server_for(options, taken, watch=watch.note, beside=beside) as url:
            status, refusals = _run(url, taken, command, watch, options, proxy=proxy, receipt=receipt)
    if receipt is not None:
        receipt.write()
        if receipt.recorder.has_copies and not options.quiet:
            tell_remark(
                f"the command used copies of its own cache, which {options.receipt} does not list; "
                f"{_NO_CACHE} leave the cache out"
            )
    if status < 0:
        return die_of(-status)
    nothing = proxied is not None and watch.nothing and not refusals and not proxied.events.refused
    refusals += _tell_refused_hosts(proxied)
    if not options.quiet:
        _tell_counts(watch, refusals, nothing=nothing, taking=not options.url)
    return REFUSED if options.strict and status == DONE and (refusals or nothing) else status


def _receipt(options: argparse.Namespace, taken: LockFiles) -> ReceiptFile:
    from reqpi.cli.receipts import ReceiptFile, this_machine  # noqa: PLC0415  # SBOMs come with them

    return ReceiptFile(options.receipt, taken, this_machine(), options.file)


def _tell_refused_hosts(proxied: _Proxied | None) -> int:
    """Print the hosts that the proxy refused; return their number."""
    if proxied is None:
        return 0
    tell_lines(f"# reqpi: {line}" for line in proxied.events.lines())
    return proxied.events.refused


def _tell_counts(watch: Watch, refusals: int, *, nothing: bool, taking: bool) -> None:
    """Print the counts at the end of a run.

    :param nothing: nothing was asked at all.
    :param taking: the number of files is known. Another server has other clients, and does not report which of them
        downloaded what.
    """
    if nothing:
        tell_remark(
            "nothing was asked of the index, and nothing of the proxy: the command needed nothing, or has it in a "
            f"cache of its own, which {_NO_CACHE} leave out"
        )
    files = [f"{count_of(watch.files, 'file')} taken"] if taking else []
    tell_remark(", ".join([*files, f"{refusals} refused"]))


@contextmanager
def _proxied(
    options: argparse.Namespace, taken: LockFiles, watch: Watch, receipt: ReceiptFile | None
) -> Iterator[_Proxied | None]:
    """Yield the proxy for the command, in a folder that is removed at the end; ``None`` with another server.

    That server's shelf is not here, and only a shelf can answer for an original URL.

    :param receipt: records what the command takes; ``None``: nothing does.
    """
    if options.url:
        if not options.quiet and any(_FILE_URL.search(document.data) for document in taken.documents):
            tell_remark(
                "the lock has URLs of files: a program that uses them downloads from there, not from the server"
            )
        yield None
        return
    from reqpi.cli.processes.run_proxy import RunProxy  # noqa: PLC0415
    from reqpi.cli.run_events import RunEvents, all_of  # noqa: PLC0415
    from reqpi.upstream.allowed.hosts import Hosts  # noqa: PLC0415

    passed = Hosts.read(options.passed, "--pass")

    events = RunEvents(watch)
    with TemporaryDirectory(prefix="reqpi-run-", ignore_cleanup_errors=True) as folder:
        if receipt is None:
            proxy = RunProxy(Path(folder), passed, events)
            yield _Proxied(proxy, events, proxy)
            return
        from reqpi.cli.processes.run_receipt import RunReceipt  # noqa: PLC0415

        recorded = RunReceipt(receipt.recorder)
        proxy = RunProxy(Path(folder), passed, all_of(events, recorded))
        yield _Proxied(proxy, events, recorded.over(proxy))
        receipt.recorder.complete &= recorded.settled  # the server's end is not waited for without a limit


def _run(
    url: str,
    taken: LockFiles,
    command: Sequence[str],
    watch: Watch,
    options: argparse.Namespace,
    *,
    proxy: RunProxy | None,
    receipt: ReceiptFile | None = None,
) -> tuple[int, int]:
    """Run ``command`` with the index of the lock on the server at ``url``; then print what was refused meanwhile.

    :param proxy: that of the command; ``None`` with another server.
    :param receipt: learns whether the command was sealed.
    :returns: the command's status, and the number of different refusals.
    """
    lock = committed(url, taken, quiet=options.quiet)
    index = index_for(options, url, lock)
    before = () if lock.created else _refused(url, lock.address)
    registries = registries_in(document.data for document in taken.documents)
    with _recorded(options, url, lock.address, index, receipt) as own_index:
        environ = pointed_at(with_login_of(url, own_index), os.environ)
        ways = [own_index]
        if proxy is not None:
            environ = proxy.environment(environ)
            ways.append(proxy.url)
        # On another server, the command could reach more than the run.
        sealed = receipt.seal if receipt is not None and not options.url else lambda: None
        with (
            cargo_home(with_login_of(url, own_index), environ, registries) as with_cargo,
            sealing(options.seal, ways, quiet=options.quiet, on_sealed=sealed) as start,
            watch.telling(),
        ):
            status = run_child(command, with_cargo, start=start)
    asked = since(before, _refused(url, lock.address))
    if asked:
        # Not earlier: the server may have to ask its upstream about everything that was ever refused.
        asked = since(before, _refused(url, lock.address, suggest=True)) or asked
        command = _command_for(taken)
        add = "run" if command else "add"
        heading = f"# reqpi: requested, but not in {taken.names.whole}. To admit it, {add}:"
        tell_lines([heading, *lines_for(asked, command)])
    return status, len(asked)


def _recorded(
    options: argparse.Namespace, url: str, address: str, index: str, receipt: ReceiptFile | None
) -> AbstractContextManager[str]:
    """Yield the URL of the index for the command: that of a run, if another server has to record what is taken."""
    if receipt is None or not options.url:
        return nullcontext(index)
    from reqpi.cli.processes.server_run import recorded_on  # noqa: PLC0415  # it imports the reader of receipts

    return recorded_on(url, address, index, receipt)


def _command_for(taken: LockFiles) -> str:
    """Return the command that adds a requirement to the lock; empty if the requirement is a line of the lock."""
    # The modules that read a lock take 100 ms and more to import; a run without refusals does not need them.
    from reqpi.core.locks.adding import command_for  # noqa: PLC0415

    return command_for(document.data for document in taken.documents)


def _refused(url: str, address: str, *, suggest: bool = False) -> tuple[ReportedRefusal, ...]:
    """Return what was refused; nothing, with a message, if the server fails: the command's status matters more."""
    try:
        return refused(url, address, suggest=suggest)
    except ClientError as error:
        tell_error(f"the list of refused requests is not available: {error.title}", error.detail)
        return ()


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi run",
        usage="reqpi run [-h] [-q] [--url URL [--follow-index] | --store WHERE --upstream URL … --offline] "
        "[--require-hashes] [--pass HOST …] [--strict] [--receipt FILE] [--allow-outside] [--seal] FILE … -- COMMAND …",
        description="Run a command with environment variables that point pip, uv, pdm, pipenv and hatch at the index "
        "of a lock and at no other. Without --url, a server inside this process serves the lock until the "
        "command ends.",
        epilog="Exit status: that of the command; 126 or 127 if it cannot be run or found. Before the command runs: "
        "1 the lock has defects, 2 usage, 3 no server or its error, 4 the server returned another address, or an index "
        "on another host. With --strict: 10 the command succeeded, but a request was refused, or there was none.",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress, no warnings and no count")
    parser.add_argument(
        "--pass",
        dest="passed",
        action="append",
        default=[],
        metavar="HOST",
        help="let the command reach this HOST or HOST:PORT through the proxy; repeat it for each host",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 10 if the command succeeds, but a request was refused, or it requested nothing; "
        f"pip and uv request nothing that their own cache has, except with {_NO_CACHE}",
    )
    add_receipt(parser, "write a JSON record of everything that the command took, and was refused, to FILE")
    add_server(parser)
    add_follow_index(parser)
    add_require_hashes(parser)
    add_seal(parser)
    add_arguments(parser)
    return parser
