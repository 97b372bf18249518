"""``reqpi diff``: the difference between two locks, addresses or SBOMs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import asdict

from reqpi.cli.changed_advisories import ChangedAdvisories, changed_advisories
from reqpi.cli.colour import CYAN, GREEN, RED, YELLOW, painted
from reqpi.cli.inputs.checked_listing import checked_files
from reqpi.cli.inputs.lock_files import LockFiles, take_or_tell
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.messages import DocumentNames, visible
from reqpi.cli.statuses import DIFFERENT, DONE
from reqpi.client import BadUsage
from reqpi.client.committed_lock import committed_lock
from reqpi.client.target import index_of
from reqpi.core.crates.contents import crate_contents
from reqpi.core.crates.reading import crates_of
from reqpi.core.diff import Change, Contents, NotAnSbom, changes, contents_of_lock, contents_of_sbom
from reqpi.core.model import Lock

__all__ = ["command_line", "main"]


_ADVISED = {"fixed": "fixes", "new": "brings", "both": "still has"}
"""The words before the ids of advisories, by the members of :class:`ChangedAdvisories`."""

_COLOURS = {"added": GREEN, "removed": RED, "version": YELLOW, "files": CYAN}


def main(arguments: Sequence[str]) -> int:
    """Print the differences, one project per line."""
    options = command_line().parse_args(arguments)
    found = changes(_contents(options.before), _contents(options.after))
    advised = changed_advisories((options.before, options.after), found)
    if options.json:
        print(json.dumps([_object(*each) for each in zip(found, advised, strict=True)], indent=2))
    else:
        for change, advisories in zip(found, advised, strict=True):
            print(painted(visible(_line(change)), _COLOURS[change.kind], sys.stdout))
            for line in _advisory_lines(advisories):
                print(visible(line))
    return DIFFERENT if found else DONE


def _object(change: Change, advisories: ChangedAdvisories | None) -> dict[str, object]:
    """Return the JSON of a change, with the advisories if a server was asked that has some."""
    return asdict(change) | ({} if advisories is None else {"advisories": asdict(advisories)})


def _advisory_lines(advisories: ChangedAdvisories | None) -> Iterator[str]:
    for words, ids in () if advisories is None else asdict(advisories).items():
        if ids:
            yield f"    {_ADVISED[words]}: {', '.join(ids)}"


def _line(change: Change) -> str:
    before, after = ", ".join(change.before), ", ".join(change.after)
    return {
        "added": f"+ {change.project} {after}",
        "removed": f"- {change.project} {before}",
        "version": f"~ {change.project} {before} -> {after}",
        "files": f"* {change.project} {after}: other files",
    }[change.kind].rstrip()


def _contents(what: str) -> Contents:
    if what.startswith(("http://", "https://")):
        base, address = index_of(what)
        taken = LockFiles(committed_lock(base, address), DocumentNames(f"the lock of {address[:8]}"))
        found: dict[str, dict[str, frozenset[str]]] = {}
        listing = checked_files(base, address, taken)
        for file in listing.files():
            versions = found.setdefault(file.project, {})
            versions[file.version] = versions.get(file.version, frozenset()) | {f"sha256:{file.sha256}"}
        return {**found, **crate_contents(crates_of(listing.commitment.lock))}
    if what.endswith(".json") and what != "Pipfile.lock":
        try:
            return contents_of_sbom(Path(what).read_bytes())
        except (OSError, NotAnSbom) as error:
            raise BadUsage(f"{what} cannot be read: {error}") from error
    return _with_crates(lock_of(take_or_tell([what])))


def _with_crates(lock: Lock) -> Contents:
    return {**contents_of_lock(lock), **crate_contents(crates_of(lock))}


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi diff",
        description="Print the differences between two locks, addresses or SBOMs: '+' added, '-' removed, '~' another "
        "version, '*' the same version with other files.",
        epilog="Exit status: 0 no difference; 1 a lock has defects; 2 usage; 3 no server or its error; 4 the server "
        "returned another lock; 6 there are differences.",
    )
    for name in ("before", "after"):
        parser.add_argument(
            name, metavar=name.upper(), help="a lock, the URL of an address, or a CycloneDX or SPDX .json"
        )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser
