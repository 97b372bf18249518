"""``reqpi server``: ``twistd -n reqpi``, also where twistd cannot see the plugin (some editable installs hide it)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from twisted.application.service import ServiceMaker
from twisted.scripts import twistd

from reqpi.cli.statuses import DONE

__all__ = ["command_line", "main"]

_PATHS = {"store": "WHERE", "cache": "DIR", "netrc": "FILE", "ca": "FILE", "client-cert": "FILE"}
"""The options whose value is a path."""

_MAKER = ServiceMaker("ReqPI", "reqpi.service", "The hermetic package index", "reqpi")


class _Options(twistd.ServerOptions):  # type: ignore[name-defined, misc]  # twistd has no types
    """twistd's own, with one service to choose from."""

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Any, str]]:
        """What twistd would find out from the plugins; it looks into ``loadedPlugins`` for the one that was chosen."""
        self.loadedPlugins = {_MAKER.tapname: _MAKER}
        yield _MAKER.tapname, None, _MAKER.options, _MAKER.description


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal ends it. No pidfile: a process in the foreground needs none, and two may share a folder.

    Options that make no sense end it with one line and status 1, as they end twistd: :mod:`reqpi.service` sees to that.
    """
    options = _Options()
    options.parseOptions(["--nodaemon", "--pidfile=", _MAKER.tapname, *arguments])
    twistd.runApp(options)
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Its options, as twistd reads them: for a shell that completes them."""
    options: Any = _MAKER.options({})
    parser = argparse.ArgumentParser(prog="reqpi server", add_help=False)
    for name in sorted(options.longOpt):
        option = name.rstrip("=")
        text = options.docs.get(option) or ""
        if name.endswith("="):
            parser.add_argument(f"--{option}", metavar=_PATHS.get(option, "VALUE"), help=text.replace("%", "%%"))
        else:
            parser.add_argument(f"--{option}", action="store_true", help=text.replace("%", "%%"))
    return parser
