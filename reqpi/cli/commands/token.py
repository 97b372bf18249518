"""``reqpi token``: make, list and revoke the tokens of a server's clients, in the file of its ``--tokens``."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from reqpi.cli.folders.edited_tokens import edit_tokens, in_token_file, read_token_file
from reqpi.cli.messages import tell_remark
from reqpi.cli.statuses import DONE
from reqpi.client.errors import BadUsage
from reqpi.core.access.clients import AccessScope
from reqpi.core.access.token_file import BadTokenFile, line_of, read_tokens, with_token, without_token
from reqpi.core.access.tokens import SECRET_BYTES, Token, digest_of, token_text
from reqpi.core.sizes import BadSize, read_size

__all__ = ["command_line", "main"]

_LONGEST_LIFE = 36500  # days
_USUAL = (AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD)


def main(arguments: Sequence[str]) -> int:
    """Make, list or revoke tokens."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    if options.tokens is None:
        parser.error("name the file of tokens with --tokens FILE or REQPI_TOKENS")
    if (options.name is None) != (options.action == "list"):
        parser.error("write reqpi token new NAME, reqpi token revoke NAME, or reqpi token list")
    described = (options.scope, options.upstream, options.project, options.days, options.quota)
    if options.action != "new" and any(value is not None for value in described):
        parser.error("--scope, --upstream, --project, --days and --quota describe a new token: reqpi token new NAME …")
    _ACTIONS[options.action](options)
    return DONE


def _new(options: argparse.Namespace) -> None:
    """Add a token to the file, and print it: it is shown this once."""
    text = token_text(options.name, token_urlsafe(SECRET_BYTES))
    token = Token(
        options.name,
        digest_of(text),
        frozenset(options.scope or _USUAL),
        frozenset(options.upstream) if options.upstream else None,
        frozenset(options.project) if options.project else None,
        None if options.days is None else datetime.now(UTC).replace(microsecond=0) + timedelta(days=options.days),
        options.quota,
    )
    try:
        read_tokens(line_of(token).encode("ascii", "replace"))
    except BadTokenFile as bad:  # a name that the file cannot have
        raise BadUsage(bad.defects[0][1]) from None
    edit_tokens(options.tokens, partial(with_token, token=token))
    tell_remark("only the digest of this token is stored: it cannot be shown again")
    print(text)


def _list(options: argparse.Namespace) -> None:
    with in_token_file(options.tokens):
        tokens = read_tokens(read_token_file(options.tokens))
    if options.json:
        print(json.dumps([_as_json(token) for token in tokens], indent=2))
        return
    for token in tokens:
        expired = "" if token.is_valid(datetime.now(UTC).timestamp()) else "  (expired)"
        print(" ".join(word for word in line_of(token).split() if not word.startswith("sha256:")) + expired)


def _revoke(options: argparse.Namespace) -> None:
    edit_tokens(options.tokens, partial(without_token, name=options.name))


_ACTIONS = {"new": _new, "list": _list, "revoke": _revoke}


def _as_json(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "scopes": [scope for scope in AccessScope if scope in token.scopes],
        "upstreams": None if token.upstreams is None else sorted(token.upstreams),
        "projects": None if token.projects is None else sorted(token.projects),
        "quota": token.quota,
        "expires": None if token.expires is None else f"{token.expires:%Y-%m-%dT%H:%M:%SZ}",
    }


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi token",
        description="Make, list and revoke the tokens of a server's clients. A running server notices the change.",
        epilog="A new token is printed on stdout, once; the file has its digest. Exit status: 0 done, 2 usage, or the "
        "file cannot be read or written.",
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the name of the token: a-z, 0-9, dots and hyphens")
    parser.add_argument(
        "--tokens",
        type=Path,
        metavar="FILE",
        default=os.environ.get("REQPI_TOKENS") or None,
        help="the file of the server's --tokens (default: $REQPI_TOKENS)",
    )
    scopes = ", ".join(AccessScope)
    parser.add_argument(
        "--scope",
        type=_scope,
        action="append",
        metavar="SCOPE",
        help=f"what its client may do: {scopes} (repeatable; default: {', '.join(_USUAL)})",
    )
    parser.add_argument(
        "--upstream",
        action="append",
        metavar="NAME",
        help="the upstreams that its locks may use, by name; the one without a name is called default, a registry of "
        "--crates crates:NAME (repeatable; default: all)",
    )
    parser.add_argument(
        "--project",
        action="append",
        metavar="NAME",
        help="the projects that its locks may pin (repeatable; default: all)",
    )
    parser.add_argument(
        "--quota",
        type=_quota,
        metavar="BYTES",
        help="the bytes that its locks may bring into the store, such as 20GB (default: any number)",
    )
    parser.add_argument("--days", type=_days, metavar="N", help="how long it is valid (default: until it is revoked)")
    parser.add_argument("--json", action="store_true", help="list as JSON")
    return parser


def _scope(text: str) -> AccessScope:
    try:
        return AccessScope(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: write one of {', '.join(AccessScope)}") from None


def _quota(text: str) -> int:
    try:
        return read_size(text)
    except BadSize as bad:
        raise argparse.ArgumentTypeError(f"{text}: {bad}") from None


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 5 or not 0 < int(text) <= _LONGEST_LIFE:
        raise argparse.ArgumentTypeError(f"{text}: write a whole number of days, {_LONGEST_LIFE} at most")
    return int(text)
