"""``reqpi verify``: hash everything in a store again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from attrs import asdict

from reqpi.cli.messages import count_of, tell_error
from reqpi.cli.statuses import DAMAGED, DONE
from reqpi.cli.stores import add_store, at_once, opened
from reqpi.verifying import Verdict, Verifying

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Say what is damaged; with ``--repair``, remove the files that are."""
    options = _parser().parse_args(arguments)
    store = opened(options)
    verdict = at_once(Verifying(store, repair=options.repair).run())
    if options.json:
        print(json.dumps(asdict(verdict), indent=2))
    else:
        _tell(verdict)
    return DAMAGED if verdict.left else DONE


def _tell(verdict: Verdict) -> None:
    for damage in verdict.damages:
        removed = "Removed: a server fetches it again when it is asked for." if damage.repaired else ""
        tell_error(f"the {damage.kind} {damage.name} is damaged", f"{damage.problem}. {removed}".strip())
    repaired = sum(damage.repaired for damage in verdict.damages)
    damaged = f", {repaired} damaged and removed" if repaired else ""
    damaged += f", {verdict.left} damaged" if verdict.left else ""
    looked = f"{count_of(verdict.files, 'file')} of {count_of(verdict.size, 'byte')}"
    print(f"{looked}, {count_of(verdict.locks, 'lock')}, {count_of(verdict.lists, 'frozen list')}{damaged}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi verify",
        description="Hash every file and every lock of a store again, and read every frozen list. "
        "A server may run on it meanwhile.",
        epilog="Exit status: 0 all is right, or was repaired; 2 usage; 3 the store cannot be read; 5 something is "
        "damaged.",
    )
    add_store(parser)
    parser.add_argument("--repair", action="store_true", help="remove wrong files: a server fetches them again")
    return parser
