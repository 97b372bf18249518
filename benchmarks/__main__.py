"""Compare ReqPI with nginx and its peers on loopback: all parts, or only those that are named."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    attacks,
    cold,
    crowd,
    curves,
    documented,
    files,
    first_build,
    installs,
    memory,
    memory_session,
    objects,
    pages,
    run_proxy,
    scale,
    soak,
    together,
)
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
    "first-build": first_build.main,
    "curves": curves.main,
    "cold": cold.main,
    "run-proxy": run_proxy.main,
    "soak": soak.main,
    "attacks": attacks.main,
    "objects": objects.main,
    "crowd": crowd.main,
    "scale": scale.main,
}

_SELF_CONTAINED = {"first-build", "memory-session", "run-proxy", "soak", "attacks"}
"""Parts that need none of nginx, wrk and openssl."""


def main() -> int:
    """Measure the parts, print the results, and with ``--write`` write them into the page."""
    arguments = _arguments()
    # sys.exit unwinds the context managers, so a SIGTERM also stops the processes that were started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    for name in ("nginx", "wrk", "openssl") if set(arguments.part or _PARTS) - _SELF_CONTAINED else ():
        program(name)
    bench = Bench(arguments.python, _work(arguments.work), arguments.quick, _peers(arguments.peers), arguments.soak)
    for part in arguments.part or _PARTS:
        say(f"## {part}")
        outcome = _PARTS[part](bench)
        where = setting(bench)
        print(f"## {outcome.title}\n\n{documented.section(outcome, where, bench.quick)}", flush=True)
        if arguments.write:
            page = documented.PAGE.with_name(outcome.page)
            documented.write(outcome, where, bench.work, bench.quick, page)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"{', '.join(_PARTS)}; default: all")
    parser.add_argument("--write", action="store_true", help="put tables and pictures into the pages of docs/")
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter of the environment that has ReqPI; default: this one"
    )
    parser.add_argument(
        "--work", type=Path, help="folder for environments, fixtures and stores; about 2 GB; not removed"
    )
    parser.add_argument("--quick", action="store_true", help="one short round, to check that everything runs")
    parser.add_argument(
        "--peers", default=",".join(PEERS), help="peers to compare with, separated by commas; 'none' for none"
    )
    parser.add_argument(
        "--soak", type=float, default=600.0, metavar="SECONDS", help="length of the soak; default: 600, or 40 if quick"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(_PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    if unknown := set(_peers(arguments.peers)) - set(PEERS):
        parser.error(f"unknown peer: {', '.join(sorted(unknown))}")
    return arguments


def _peers(named: str) -> list[str]:
    return [name for name in named.split(",") if name and name != "none"]


def _work(given: Path | None) -> Path:
    """Create the working folder, which must belong to this user alone, because programs in it are executed."""
    folder = given or Path(tempfile.gettempdir()) / f"reqpi-benchmarks-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SystemExit(f"{folder} belongs to another user. Specify another folder with --work")
    return folder.resolve()


if __name__ == "__main__":
    sys.exit(main())
