"""Cold operations, measured by separate programs from inside the process; their output is the result."""

from __future__ import annotations

from pathlib import Path

from benchmarks.outcomes import Outcome, Said
from benchmarks.processes import run
from benchmarks.stage import Bench, say

__all__ = ["main"]

_HERE = Path(__file__).parent
_PROGRAMS = {
    "bench_freezing": "Freezing a lock, compared with a bare loop that fetches the same pages:",
    "bench_cold": "The first download of a file, compared with a bare proxy:",
    "bench_lookups": "A burst of connections while the resolver loses every tenth query, in seconds:",
    "bench_counting": "The processor time that the fast path spends on counting:",
    "bench_gaps": "How long the reactor was blocked:",
}


def main(bench: Bench) -> Outcome:
    """Run each program with the ReqPI of this clone. The programs have no quick mode."""
    said = []
    for name, caption in _PROGRAMS.items():
        program = _HERE / f"{name}.py"
        if not program.exists():
            say(f"skipping {name}: the file does not exist")
            continue
        say(name)
        said.append(Said(caption, run([bench.python, program], _HERE.parent)))
    return Outcome("cold", "Cold", [], said=said)
