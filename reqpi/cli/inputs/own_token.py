"""The user's token for the server of ``--url``. It goes into that URL, so it reaches this server and no other."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from reqpi.client.errors import BadUsage

__all__ = ["add_token_file", "log_in", "own_token", "with_token"]

_LONGEST = 16384
"""Bytes of a token; one that a CI system signs has some thousand."""

_USER = "__token__"


def add_token_file(parser: argparse.ArgumentParser, of: str = "a file with the token for the server of --url") -> None:
    """Add ``--token-file``.

    :param of: says which token is in the file.
    """
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"{of} (default: the token in $REQPI_TOKEN, then netrc)",
    )


def log_in(options: argparse.Namespace) -> None:
    """Put the token of ``--token-file`` or ``REQPI_TOKEN`` into the URL of the server, unless a login is there already.

    :raises reqpi.client.errors.BadUsage: there is no such token, or no server for it.
    """
    if options.token_file is not None and not options.url:
        raise BadUsage("--token-file is for a running server", "Add --url, or leave it out.")
    if options.url:
        options.url = with_token(options.url, own_token(options.token_file))


def with_token(url: str, token: str) -> str:
    """Return the URL of a server with a token; without one, or if it has a login, as it is."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # it is reported where it is used
        return url
    if not token or "@" in parts.netloc or not parts.netloc:
        return url
    return parts._replace(netloc=f"{_USER}:{quote(token, safe='')}@{parts.netloc}").geturl()


def own_token(path: Path | None) -> str:
    """Return the token of ``--token-file``, otherwise that of ``REQPI_TOKEN``; empty if there is none.

    :raises reqpi.client.errors.BadUsage: it is not a token.
    """
    where, data = "REQPI_TOKEN", os.environ.get("REQPI_TOKEN", "").encode("utf-8", "surrogateescape")
    if path is not None:
        where = str(path)
        try:
            with path.open("rb") as file:
                data = file.read(_LONGEST + 1)
        except OSError as error:
            raise BadUsage(f"{path} cannot be read: {error.strerror or error}") from None
    token = data.strip()
    if len(token) > _LONGEST or any(not 32 < byte < 127 for byte in token) or (path is not None and not token):
        raise BadUsage(f"{where} has no token", "Write the token alone, on one line, as reqpi token new prints it.")
    return token.decode("ascii")
