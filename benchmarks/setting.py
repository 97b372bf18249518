"""One paragraph about the machine and the programs of a run, without host names and paths."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.peers import peer_versions
from benchmarks.processes import run
from benchmarks.stage import Bench
from benchmarks.tools import found_program, program, versions_of

__all__ = ["setting"]


def setting(bench: Bench) -> str:
    """Describe the machine, the versions and the rounds."""
    python = run([bench.python, "-c", "import platform; print(platform.python_version())"], bench.work).strip()
    own = versions_of(Path(bench.python), ["reqpi", "twisted"])
    clients = bench.work / "environments" / "clients" / "bin" / "python"
    found = {
        "Python": python,
        "Twisted": own.get("twisted", "?"),
        "ReqPI": own.get("reqpi", "?"),
        **{name: _version([program(name), "-v"]) for name in ("nginx", "wrk") if found_program(name)},
        **peer_versions(bench.work),
        **(versions_of(clients, ["pip", "uv"]) if clients.exists() else {}),
    }
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    return f"{describe()}. {versions}. {bench.rounds} rounds; loads of {bench.seconds} s."


def _version(command: list[str]) -> str:
    """Return the version that a program reports on either output, whatever its exit status; ``?`` without one."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"[0-9]+(\.[0-9]+)+", done.stdout + done.stderr)
    return found[0] if found else "?"
