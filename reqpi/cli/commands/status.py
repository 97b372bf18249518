"""``reqpi status``: the state of a server, or of a store, on one screen."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.cli.inputs.stores import add_store
from reqpi.cli.messages import count_of, size_of, visible
from reqpi.cli.statuses import DONE
from reqpi.client.status import HostStatus, ServerStatus, server_status, status_of

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Print the state."""
    parser = command_line()
    options = parser.parse_args(arguments)
    if options.url and (options.store or options.store_option):
        parser.error("--store and --store-option name a store of this machine: leave them out, or leave out --url")
    log_in(options)
    found = server_status(options.url) if options.url else _of_store(options)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        print("\n".join(visible(line) for line in lines_of(status_of(found), time.time())))
    return DONE


def _of_store(options: argparse.Namespace) -> Mapping[str, Any]:
    """Return the state of a local store, which has a part of what a server reports."""
    # Imported here because --url needs neither a store nor Twisted.
    from reqpi.cli.processes.store_status import store_status  # noqa: PLC0415

    return store_status(options)


def lines_of(status: ServerStatus, now: float) -> Iterator[str]:
    """Yield the lines of the screen.

    :param now: seconds since the epoch.
    """
    if status.uptime is not None:
        yield f"ready: {f'no: {status.problem}' if status.problem else 'yes'}, up for {_duration(status.uptime)}"
    yield "versions: " + ", ".join(f"{name} {version}" for name, version in status.versions.items())
    yield f"store: {_size(status)}"
    damage = ", ".join(f"{number} {kind}" for kind, number in status.damage.items())
    if status.uptime is not None:
        yield f"damage: {damage or 'none found since the start'}"
        yield f"last sweep: {_ago(status.swept_at, now)}"
    yield f"holds: {status.holds} under way"
    yield from _upstreams(status.upstreams, now)
    for title, numbers in (("downloads", status.downloads), ("refused", status.refused)):
        if numbers:
            yield f"{title}: " + ", ".join(f"{number} {name}" for name, number in numbers.items())
    if status.worker:
        yield f"These are the numbers of worker {status.worker}; --metrics has those of all workers."


def _size(status: ServerStatus) -> str:
    if status.files is None or status.size is None:
        return f"{status.kind}, whose size is not known yet"
    free = "" if status.free is None else f", {size_of(status.free)} free"
    return f"{status.kind}, {count_of(status.files, 'file')} of {size_of(status.size)}{free}"


def _upstreams(hosts: Sequence[HostStatus], now: float) -> Iterator[str]:
    longest = max((len(host.host) for host in hosts), default=0)
    for host in hosts:
        state = {True: "up", False: "down", None: "not asked yet"}[host.up]
        answered = "" if host.up is None else f", last answer {_ago(host.answered_at, now)}"
        yield f"upstream: {host.host:{longest}}  {state}{answered}"


def _ago(at: float | None, now: float) -> str:
    return "never since the start" if at is None else f"{_duration(max(0.0, now - at))} ago"


def _duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``3 d 4 h``."""
    parts = []
    rest = int(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi status",
        description="Print the state of a server on one screen: upstreams, store, holds and versions. Without --url, "
        "print that of a store on this machine, whether or not a server uses it.",
        epilog="Exit status: 0 printed, 2 usage, 3 no server answers, or the store cannot be read.",
    )
    parser.add_argument("--url", help="the URL of the server; where it requires tokens, the token needs operate")
    add_token_file(parser)
    add_store(parser)
    return parser
