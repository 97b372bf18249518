"""``reqpi server``: ``twistd -n reqpi``, also if twistd cannot find the plugin (some editable installs hide it)."""

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
    """The options of twistd, with one service to choose from."""

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:
        """The services that twistd would find among the plugins; it looks up the chosen one in ``loadedPlugins``."""
        self.loadedPlugins = {_MAKER.tapname: _MAKER}
        yield _MAKER.tapname, None, _MAKER.options, _MAKER.description


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal arrives. There is no pidfile: a foreground process needs none, and two may share a folder.

    With invalid options, :mod:`reqpi.server.twistd` exits with one line and status 1, as under twistd.
    """
    if {"-h", "--help"} & set(arguments):
        command_line().print_help()
        return DONE
    options = _Options()
    options.parseOptions(["--nodaemon", "--pidfile=", _MAKER.tapname, *arguments])
    twistd.runApp(options)
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Return a parser for the help and for shells; twistd's own parser reads the options."""
    parser = argparse.ArgumentParser(
        prog="reqpi server",
        usage="reqpi server [options]",
        description="Serve locks to every client that can reach this machine, until Ctrl-C or SIGTERM. Without "
        "options, only this machine can reach it, on port 2000. The log goes to stdout and begins with the URL to use.",
        epilog="Each option can also be set in the environment: --max-age is REQPI_MAX_AGE. The command line takes "
        "precedence. twistd reqpi has the same options, and runs in the background. Exit status: 1 an invalid option, "
        "or the server cannot start on this machine.",
        add_help=False,
    )
    for option in sorted(OPTIONS):
        add_option(parser, option, locally=False)
    parser.add_argument("--help", action="store_true", help="print this help and exit")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    return parser
