"""``reqpi deny``: do not serve a file, a release, a project or a crate any more, whatever locks admit."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reqpi.cli.inputs.operated import add_operated, audited, check_operated, opened_to_decide, own_name
from reqpi.cli.messages import tell_remark, visible
from reqpi.cli.statuses import DIFFERENT, DONE
from reqpi.client.errors import BadUsage
from reqpi.client.operating import denials_at, deny_at, revoke_at
from reqpi.core.denials import BadDenial, Denial, read_denied, read_reason

__all__ = ["command_line", "main"]

_Shown = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Deny something, list what is denied, or revoke a denial."""
    parser = command_line()
    options = parser.parse_args(arguments)
    if (options.what is None) == (not options.list) or (options.list and options.revoke):
        parser.error("write what is denied, or --list without anything else")
    if (options.because is None) == (options.what is not None and not options.revoke):
        parser.error("--because TEXT says why something is denied, and belongs to nothing else")
    check_operated(parser, options)
    try:
        what = "" if options.what is None else read_denied(options.what)
        because = "" if options.because is None else read_reason(options.because)
    except BadDenial as bad:
        raise BadUsage(str(bad), bad.advice) from None
    denials = _at_server(options, what, because) if options.url else _in_store(options, what, because)
    if options.json:
        print(json.dumps({"revoked" if options.revoke else "denials": list(denials)}, indent=2))
    else:
        for denial in denials:
            print(f"{_did(options)}{_in_words(denial)}")
    if options.revoke and not denials:
        tell_remark(f"{what} is not denied: reqpi deny --list shows what is")
        return DIFFERENT
    return DONE


def _at_server(options: argparse.Namespace, what: str, because: str) -> Sequence[_Shown]:
    if options.list:
        return denials_at(options.url)
    return revoke_at(options.url, what) if options.revoke else [deny_at(options.url, what, because)]


def _in_store(options: argparse.Namespace, what: str, because: str) -> Sequence[_Shown]:
    with opened_to_decide(options) as (store, wait):
        # Imported here because the reactor must not be installed before a server chooses its own.
        from twisted.internet import reactor  # noqa: PLC0415

        from reqpi.shelf.denials import Denials  # noqa: PLC0415

        denials = Denials(store, reactor)
        if options.list:
            found: Sequence[Denial] = wait(denials.listed())
        elif options.revoke:
            with audited(options, "revoke", denied=what) as detail:
                found = wait(denials.revoke(what, own_name()))
                detail["revoked"] = len(found)
        else:
            with audited(options, "deny", denied=what, because=because):
                found = [wait(denials.deny(what, because, own_name()))]
    return [{"what": each.what, "because": each.because, "at": each.at, "by": each.by} for each in found]


def _did(options: argparse.Namespace) -> str:
    return "" if options.list else "revoked: " if options.revoke else "denied: "


def _in_words(denial: _Shown) -> str:
    """Return a denial on one line. It may be the text of a server."""
    try:
        at = f" since {datetime.fromtimestamp(float(denial['at']), UTC):%Y-%m-%d %H:%M UTC}"
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        at = ""
    by = f" by {denial['by']}" if denial.get("by") else ""
    return visible(f"{denial.get('what')}: {denial.get('because')} ({'denied' + at + by})")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi deny",
        description="Do not serve something any more, whatever locks admit. Every server on the store learns it within "
        "seconds, answers 410 with the reason, and leaves the file out of pages and exports. Locks, frozen lists and "
        "the bytes in the store stay as they are.",
        epilog="Exit status: 0 done, 2 usage, 3 the server or the store has an error, 6 --revoke: it is not denied.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="sha256:HEX of a file or a crate, PROJECT, PROJECT==VERSION, crate:NAME or crate:NAME==VERSION",
    )
    parser.add_argument("--because", metavar="TEXT", help="the reason, which clients are shown")
    parser.add_argument("--revoke", action="store_true", help="do not deny it any more")
    parser.add_argument("--list", action="store_true", help="list what is denied")
    add_operated(parser)
    return parser
