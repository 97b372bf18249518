"""The reports of a server on a lock that ``reqpi check`` asks for: one server and one commit for all of them."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from reqpi.cli.inputs.lock_files import LockFiles, committed
from reqpi.cli.inputs.waiting import filters_of
from reqpi.cli.inputs.which_server import check_server, server_for
from reqpi.client.build_requirements import BuildRequirements, build_requirements
from reqpi.client.closed import ClosedAnswer, closed

__all__ = ["ServerReports", "check_report_options", "server_reports"]


class ServerReports(NamedTuple):
    """The reports of a server on a lock; ``None``: it was not asked for one."""

    closed: ClosedAnswer | None = None
    builds: BuildRequirements | None = None


def check_report_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if the server inside this process would have to start twice."""
    if not (options.closed or options.strict_builds):
        return
    check_server(parser, options)
    if options.each and len(options.file) > 1 and not options.url:
        parser.error("--closed or --strict-builds, with --each and several files, needs --url")


def server_reports(options: argparse.Namespace, taken: LockFiles) -> ServerReports:
    """Return what ``--closed`` and ``--strict-builds`` ask for; without them, no server is used.

    :raises reqpi.client.errors.ServerTrouble: the server does not report it.
    """
    if not (options.closed or options.strict_builds):
        return ServerReports()
    with server_for(options, taken) as url:
        address = committed(url, taken, quiet=True).address
        return ServerReports(
            closed(url, address, filters_of(options)) if options.closed else None,
            build_requirements(url, address) if options.strict_builds else None,
        )
