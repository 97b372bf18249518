"""``reqpi server``: ``twistd -n reqpi``, also where twistd cannot see the plugin (some editable installs hide it)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from twisted.application.service import ServiceMaker
from twisted.scripts import twistd

from reqpi.cli.inputs.which_server import add_option
from reqpi.cli.statuses import DONE
from reqpi.server.options import OPTIONS

__all__ = ["command_line", "main"]

_MAKER = ServiceMaker("ReqPI", "reqpi.server.twistd", "The hermetic package index", "reqpi")


class _Options(twistd.ServerOptions):  # type: ignore[name-defined, misc]  # twistd has no types
    """twistd's own, with one service to choose from."""

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:
        """What twistd would find out from the plugins; it looks into ``loadedPlugins`` for the one that was chosen."""
        self.loadedPlugins = {_MAKER.tapname: _MAKER}
        yield _MAKER.tapname, None, _MAKER.options, _MAKER.description


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal ends it. No pidfile: a process in the foreground needs none, and two may share a folder.

    Options that make no sense end it with one line and status 1, as they end twistd: :mod:`reqpi.server.twistd` sees
    to that.
    """
    if {"-h", "--help"} & set(arguments):
        command_line().print_help()
        return DONE
    options = _Options()
    options.parseOptions(["--nodaemon", "--pidfile=", _MAKER.tapname, *arguments])
    twistd.runApp(options)
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Return its options, for its help and for shells; twistd's own parser reads them."""
    parser = argparse.ArgumentParser(
        prog="reqpi server",
        usage="reqpi server [options]",
        description="Serve locks to every client that can reach this machine, until Ctrl-C or SIGTERM. Without "
        "options: on port 2000, for this machine alone. The log goes to stdout, and begins with the URL to use.",
        epilog="Every option can come from the environment: --max-age is REQPI_MAX_AGE. The command line wins. "
        "twistd reqpi takes the same options, and runs in the background. Exit status: 1 an option or the machine "
        "does not let it start.",
        add_help=False,
    )
    for option in sorted(OPTIONS):
        add_option(parser, option)
    parser.add_argument("--help", action="store_true", help="print this help and exit")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    return parser
