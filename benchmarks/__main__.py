"""The command line: ``python -m benchmarks [PART …]``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import files, pages, together
from benchmarks.outcomes import Outcome, goals_table, markdown
from benchmarks.peers import PEERS
from benchmarks.stage import Bench
from benchmarks.tools import program

_PARTS: Mapping[str, Callable[[Bench], Outcome]] = {
    "pages": pages.main,
    "files": files.main,
    "together": together.main,
}


def main() -> int:
    """Measure, print, and write if asked to."""
    arguments = _arguments()
    for name in ("nginx", "wrk", "openssl"):
        program(name)
    bench = Bench(arguments.python, _work(arguments.work), arguments.quick, _peers(arguments.peers))
    for part in arguments.part or _PARTS:
        outcome = _PARTS[part](bench)
        print(_printed(outcome), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(_PARTS)}; default: all of them")
    parser.add_argument("--python", default=sys.executable, help="of the environment that has ReqPI; default: this one")
    parser.add_argument("--work", type=Path, help="for environments, fixtures and stores; about 2 GB; kept")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it runs")
    parser.add_argument("--peers", default=",".join(PEERS), help="those to measure beside; 'none' for none")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return arguments


def _peers(named: str) -> list[str]:
    return [name for name in named.split(",") if name and name != "none"]


def _work(given: Path | None) -> Path:
    """Ours alone: what is in it is run."""
    folder = given or Path(tempfile.gettempdir()) / f"reqpi-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SystemExit(f"{folder} belongs to somebody else. Give another: --work")
    return folder.resolve()


def _printed(outcome: Outcome) -> str:
    tables = [*outcome.tables, *([goals_table(outcome.goals)] if outcome.goals else [])]
    return "\n".join([f"## {outcome.title}\n", *map(markdown, tables), *outcome.notes, ""])


if __name__ == "__main__":
    sys.exit(main())
