"""``reqpi refreeze``: freeze the pages of a lock again, and report what has changed on them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence

from reqpi.cli.inputs.operated import add_address, add_audit_log, address_in, audited
from reqpi.cli.inputs.which_server import add_server, check_server, operated_server
from reqpi.cli.messages import count_of, visible
from reqpi.cli.statuses import DONE, SERVER_TROUBLE
from reqpi.client.json_members import objects, text, texts
from reqpi.client.operating import refreeze_at

__all__ = ["command_line", "main"]

_SHOWN = 12
"""Digits of a digest in words."""


def main(arguments: Sequence[str]) -> int:
    """Freeze the pages of a lock again."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    address = address_in(parser, options)
    if options.url and options.audit_log:
        parser.error("--audit-log is for a command without a server: the server of --url has one of its own")
    check_server(parser, options)
    project = options.project or ""
    with operated_server(options, address) as url, audited(options, "refreeze", address=address, project=project):
        answer = refreeze_at(url, address, project)
    projects = objects(answer, "projects")
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        for each in projects:
            for line in _in_words(each):
                print(visible(line))
    return SERVER_TROUBLE if any(text(project, "trouble") for project in projects) else DONE


def _in_words(project: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines about one project."""
    name, trouble = text(project, "project"), text(project, "trouble")
    if trouble:
        yield f"{name}: not frozen again, and as before: {trouble}"
        return
    added, removed, facts = (texts(project, key) for key in ("added", "removed", "facts"))
    changed = objects(project, "changed")
    counted = (
        (added, "added"),
        (removed, "removed"),
        (changed, "with other bytes"),
        (facts, "about which the index says something else"),
    )
    found = [f"{count_of(len(files), 'file')} {what}" for files, what in counted if files]
    yield f"{name}: {', '.join(found) or 'nothing has changed'}"
    yield from (f"  + {filename}" for filename in added)
    yield from (f"  - {filename}" for filename in removed)
    for each in changed:
        yield f"  ! {text(each, 'filename')}: {text(each, 'old')[:_SHOWN]} is now {text(each, 'new')[:_SHOWN]}"
    yield from (f"  ~ {filename}" for filename in facts)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi refreeze",
        description="Freeze the pages of a lock as the upstream has them now, whatever was frozen before, and report "
        "the files that were added, were removed or have other bytes. Clients of the address get the new pages.",
        epilog="Exit status: 0 done, 2 usage, 3 a page could not be frozen again, there is no such lock, or the server "
        "or the store has an error.",
    )
    add_address(parser)
    parser.add_argument("project", nargs="?", metavar="PROJECT", help="freeze its page alone")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_server(parser)
    add_audit_log(parser)
    return parser
