"""The server that a command needs: one that runs somewhere, or one of our own inside this process."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from reqpi.cli.inputs.lock_files import LockFiles, lines_told
from reqpi.client.environment import netrc_of_user
from reqpi.client.errors import ClientError, ServerTrouble
from reqpi.client.fetching import FetchFailed
from reqpi.core.address import address_of

__all__ = ["add_server", "check_server", "open_server_for", "private_index", "server_for"]

_OWN = (
    *("store", "store_option", "upstream", "allow_host", "trusted_host", "netrc", "ca", "client_cert", "proxy"),
    "offline",
)
_DEFAULT = re.compile(r"https?://", re.IGNORECASE)
"""How an upstream begins that has no name, so that it is the default one."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """``--url`` of a server that runs, or the options of one of our own."""
    parser.add_argument("--url", help="use the server that runs there")
    parser.add_argument("--store", metavar="WHERE", help="where files are kept (default: as for a server)")
    parser.add_argument("--store-option", action="append", metavar="NAME=VALUE", help="for an object store")
    parser.add_argument(
        "--upstream",
        action="append",
        metavar="[NAME=]URL",
        help="where files come from (default: the index of this host's pip); or, with a name, one more index",
    )
    for option, what in (
        ("--allow-host", "archives and git repositories may be taken from there"),
        ("--trusted-host", "its TLS is not verified"),
    ):
        parser.add_argument(option, action="append", metavar="HOST", help=what)
    parser.add_argument("--netrc", type=Path, metavar="FILE", help="users and passwords of upstreams, by host")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust beside the platform's")
    parser.add_argument("--client-cert", type=Path, metavar="FILE", help="a certificate and its key for upstreams")
    parser.add_argument("--proxy", metavar="URL", help="for upstreams; or off (default: HTTPS_PROXY and so on)")
    parser.add_argument("--offline", action="store_true", help="serve what is in the store, and ask no upstream")


def check_server(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a message where both are given."""
    if options.url and any(getattr(options, name) for name in _OWN):
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
    named = options.upstream or _words("REQPI_UPSTREAM")
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
    from reqpi.server.server import Settings  # noqa: PLC0415
    from reqpi.storage.place import options_of, place_of  # noqa: PLC0415
    from reqpi.upstream.allowed.operator import read_upstreams  # noqa: PLC0415

    where = options.store or os.environ.get("REQPI_STORE")
    upstream, upstreams = read_upstreams(options.upstream or _words("REQPI_UPSTREAM"))
    return served(
        Settings(
            listen=(f"tcp:{port_for(address) if address else 0}:interface=127.0.0.1",),
            store=None if not where else place_of(where),
            store_options=options_of(options.store_option or _words("REQPI_STORE_OPTION")),
            learning=address is None,
            local=True,
            upstream=upstream,
            upstreams=upstreams,
            allow_hosts=options.allow_host or _words("REQPI_ALLOW_HOST"),
            trusted_hosts=options.trusted_host or _words("REQPI_TRUSTED_HOST"),
            netrc=options.netrc or _path(os.environ.get("REQPI_NETRC")),
            own_netrc=netrc_of_user(),
            ca=options.ca or _path(os.environ.get("REQPI_CA")),
            client_cert=options.client_cert or _path(os.environ.get("REQPI_CLIENT_CERT")),
            proxy=options.proxy or os.environ.get("REQPI_PROXY"),
            offline=options.offline
            or os.environ.get("REQPI_OFFLINE", "").lower() not in ("", "0", "no", "false", "off"),
            passing=passing,
        ),
        watch,
    )


def _words(variable: str) -> list[str]:
    """What a variable lists."""
    return os.environ.get(variable, "").split()


def _path(text: str | None) -> Path | None:
    """A path, where there is one."""
    return Path(text) if text else None
