"""Measure ReqPI beside nginx and its peers, on loopback; all of it, or the parts that are named."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import cold, curves, documented, files, installs, memory, memory_session, pages, together
from benchmarks.outcomes import Outcome
from benchmarks.peers import PEERS
from benchmarks.setting import setting
from benchmarks.stage import Bench, say
from benchmarks.tools import program

_PARTS: Mapping[str, Callable[[Bench], Outcome]] = {
    "pages": pages.main,
    "files": files.main,
    "together": together.main,
    "memory": memory.main,
    "memory-session": memory_session.main,
    "installs": installs.main,
    "curves": curves.main,
    "cold": cold.main,
}

_BY_THEMSELVES = {"memory-session"}
"""Parts that need no other program."""


def main() -> int:
    """Measure, print, and write it down if asked to."""
    arguments = _arguments()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    for name in ("nginx", "wrk", "openssl") if set(arguments.part or _PARTS) - _BY_THEMSELVES else ():
        program(name)
    bench = Bench(arguments.python, _work(arguments.work), arguments.quick, _peers(arguments.peers))
    for part in arguments.part or _PARTS:
        say(f"## {part}")
        outcome = _PARTS[part](bench)
        where = setting(bench)
        print(f"## {outcome.title}\n\n{documented.section(outcome, where, bench.quick)}", flush=True)
        if arguments.write:
            documented.write(outcome, where, bench.work, bench.quick)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(_PARTS)}; default: all of them")
    parser.add_argument("--write", action="store_true", help="put tables and pictures into docs/performance.md")
    parser.add_argument("--python", default=sys.executable, help="of the environment that has ReqPI; default: this one")
    parser.add_argument("--work", type=Path, help="for environments, fixtures and stores; about 2 GB; kept")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it runs")
    parser.add_argument("--peers", default=",".join(PEERS), help="those to measure beside; 'none' for none")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if unknown := set(_peers(arguments.peers)) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
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


if __name__ == "__main__":
    sys.exit(main())
