"""The server that a command needs: one that runs somewhere, or one of our own inside this process."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reqpi.cli.inputs.lock_files import LockFiles, lines_told
from reqpi.client.environment import netrc_of_user
from reqpi.client.errors import BadUsage, ClientError, ServerTrouble
from reqpi.client.fetching import FetchFailed
from reqpi.core.address import address_of
from reqpi.server.options import OPTIONS, BadOption, ServerOption, ValueKind, option_named

__all__ = [
    "add_option",
    "add_server",
    "check_server",
    "open_server_for",
    "private_index",
    "server_for",
    "value_of",
]

_LOCAL = tuple(option for option in OPTIONS if option.local)
"""The options for a server inside this process."""

_DEFAULT = re.compile(r"https?://", re.IGNORECASE)
"""How an upstream begins that has no name, so that it is the default one."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """``--url`` of a server that runs, or the options of one of our own."""
    parser.add_argument("--url", help="use the server that runs there")
    for option in _LOCAL:
        add_option(parser, option)


def add_option(parser: argparse.ArgumentParser, option: ServerOption) -> None:
    """Add an option of the server to the parser of a local command."""
    text = option.described(locally=True).replace("%", "%%")
    if option.kind is ValueKind.FLAG:
        parser.add_argument(f"--{option.name}", action="store_true", help=text)
    else:
        action = "append" if option.kind is ValueKind.LIST else "store"
        parser.add_argument(f"--{option.name}", action=action, metavar=option.metavar, help=text)


def value_of(options: argparse.Namespace, name: str) -> Any:
    """Return the value of a server option, from the command line or otherwise the environment.

    :param name: without the leading ``--``.
    :raises BadUsage: the value is not of the option's kind.
    """
    option = option_named(name)
    try:
        return option.read(getattr(options, option.dest) or None, os.environ)
    except BadOption as error:
        raise BadUsage(str(error)) from None


def check_server(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a message where both are given."""
    if options.url and any(getattr(options, option.dest) for option in _LOCAL):
        parser.error("--store, --upstream, --offline and the like are for a server of our own, and --url names another")


@contextmanager
def server_for(
    options: argparse.Namespace,
    taken: LockFiles,
    passing: Path | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:
    """The URL of the server that runs, or of one of our own for as long as that is needed.

    :param passing: a folder for files that our own need not keep.
    :param watch: is given lines of the access log of our own.
    :raises reqpi.cli.inputs.lock_files.Defective: the server cannot complete some lines of the lock. They were told.
    """
    with lines_told(taken):
        if options.url:
            yield options.url
            return
        with _served(options, address_of(taken.committed), passing, watch) as url, _in_its_own_words():
            yield url


@contextmanager
def _in_its_own_words() -> Iterator[None]:
    """Leave the URL of a server inside this process out of errors: it is gone when the user reads them."""
    try:
        yield
    except ServerTrouble as error:
        _shorten(error)
        raise
    except FetchFailed as failed:
        for each in failed.failures.values():
            _shorten(each)
        raise


def _shorten(error: ClientError) -> None:
    error.title = getattr(error, "said", "") or error.title


def private_index(options: argparse.Namespace) -> str:
    """Return the index that ``PIP_INDEX_URL`` names, as spelled there but without a login; empty if it is not asked.

    An index that is named with ``--upstream`` stands in for the default one, and has no releases of its own.
    """
    named = value_of(options, "upstream")
    if options.url or any(_DEFAULT.match(upstream) for upstream in named):
        return ""
    try:
        parts = urlsplit(os.environ.get("PIP_INDEX_URL", "").strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def open_server_for(options: argparse.Namespace) -> AbstractContextManager[str]:
    """The same of a server to learn from. One of our own is on any port: what it serves has a new URL every time."""
    return nullcontext(options.url) if options.url else _served(options)


def _served(
    options: argparse.Namespace,
    address: str | None = None,
    passing: Path | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> AbstractContextManager[str]:
    """A server which this machine alone can reach, its settings as for ``reqpi server``.

    :param address: what it is for; ``None``: to learn from.
    """
    # Imported here because they bring Twisted along, which --url does without.
    from reqpi.cli.inputs.in_process import port_for, served  # noqa: PLC0415
    from reqpi.server.settings import settings_of  # noqa: PLC0415

    settings = settings_of(
        {option.name: value_of(options, option.name) for option in _LOCAL},
        listen=(f"tcp:{port_for(address) if address else 0}:interface=127.0.0.1",),
        learning=address is None,
        local=True,
        own_netrc=netrc_of_user(),
        passing=passing,
    )
    return served(settings, watch)
