"""The server that a command uses: a running one, or one inside this process."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reqpi.cli.inputs.lock_files import LockFiles, lines_told
from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.client.environment import netrc_of_user
from reqpi.client.errors import BadUsage, ClientError, ServerTrouble
from reqpi.client.fetching import FetchFailed
from reqpi.core.address import address_of
from reqpi.server.options import OPTIONS, BadOption, ServerOption, ValueKind, option_named

if TYPE_CHECKING:  # it imports Twisted, which --url does not need
    from reqpi.cli.inputs.in_process import Beside

__all__ = [
    "add_option",
    "add_server",
    "check_server",
    "open_server_for",
    "operated_server",
    "private_index",
    "server_for",
    "value_of",
]

_LOCAL = tuple(option for option in OPTIONS if option.local)
"""The options for a server inside this process."""

_DEFAULT = re.compile(r"https?://", re.IGNORECASE)
"""The beginning of an upstream without a name, which is the default one."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add ``--url`` for a running server, and the options of a server inside this process."""
    parser.add_argument("--url", help="use the server that runs at this URL")
    add_token_file(parser)
    for option in _LOCAL:
        add_option(parser, option)


def add_option(parser: argparse.ArgumentParser, option: ServerOption, *, locally: bool = True) -> None:
    """Add an option of the server to a parser.

    :param locally: the parser is that of a local command.
    """
    text = option.described(locally=locally).replace("%", "%%")
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
    """Exit with a usage error if ``--url`` is combined with an option of a server inside this process; log in there."""
    if options.url and any(getattr(options, option.dest) for option in _LOCAL):
        parser.error(
            "--store, --upstream, --offline and similar options set up a server inside this process: "
            "leave them out, or leave out --url"
        )
    log_in(options)


@contextmanager
def server_for(
    options: argparse.Namespace,
    taken: LockFiles,
    passing: Path | None = None,
    watch: Callable[[str], None] = lambda _: None,
    *,
    several: bool = False,
    beside: Beside | None = None,
) -> Iterator[str]:
    """Yield the URL of the running server, or of one inside this process that ends with the block.

    :param passing: a folder for files that the server inside this process need not keep.
    :param watch: receives lines of the access log of the server inside this process.
    :param several: more locks than this one are committed.
    :param beside: runs beside the server inside this process.
    :raises reqpi.cli.inputs.lock_files.LockHasDefects: the server cannot complete some lines of the lock. They have
        been reported.
    """
    with lines_told(taken):
        if options.url:
            yield options.url
            return
        address = address_of(taken.committed)
        inside = _served(options, address, passing, watch, several=several, beside=beside)
        with inside as url, _in_its_own_words():
            yield url


@contextmanager
def _in_its_own_words() -> Iterator[None]:
    """Remove the URL of a server inside this process from errors: the server is gone when the user reads them."""
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
    """Return the index that ``PIP_INDEX_URL`` names, as spelled there but without a login; empty if it is not used.

    An index specified with ``--upstream`` is a mirror of the default one, and has no releases of its own.
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
    """Return the URL of a server to learn from, as a context manager.

    A server inside this process takes any free port, because what it serves has a new URL every time.
    """
    return nullcontext(options.url) if options.url else _served(options)


def operated_server(options: argparse.Namespace, address: str) -> AbstractContextManager[str]:
    """Return the URL of a server whose operator the user is, as a context manager.

    :param address: the lock that it is about.
    """
    return nullcontext(options.url) if options.url else _served(options, address, operates=True)


def _served(
    options: argparse.Namespace,
    address: str | None = None,
    passing: Path | None = None,
    watch: Callable[[str], None] = lambda _: None,
    *,
    several: bool = False,
    operates: bool = False,
    beside: Beside | None = None,
) -> AbstractContextManager[str]:
    """Start a server that only this process and its children can use, with settings as for ``reqpi server``.

    :param address: the address of the lock that it serves; ``None``: to learn from.
    :param several: it serves other locks too.
    :param operates: its client is an operator.
    :param beside: runs beside it.
    """
    # Imported here because they import Twisted, which --url does not need.
    from reqpi.cli.inputs.in_process import port_for, served  # noqa: PLC0415
    from reqpi.server.settings import settings_of  # noqa: PLC0415
    from reqpi.web.http.only_client import OnlyClient  # noqa: PLC0415

    settings = settings_of(
        {option.name: value_of(options, option.name) for option in _LOCAL},
        listen=(f"tcp:{port_for(address) if address else 0}:interface=127.0.0.1",),
        learning=address is None,
        local=True,
        own_netrc=netrc_of_user(),
        passing=passing,
        only=OnlyClient(token_hex(16), None if several else address or "", operates),
    )
    return served(settings, watch, beside)
