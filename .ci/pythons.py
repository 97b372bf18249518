"""Find the Pythons that pyenv has, and say on which the unit tests ran. ``.ci/run`` asks; any Python 3 will do.

    pythons.py oldest           "3.11.7", if pyenv has the oldest Python and a later one
    pythons.py between          "3.12.1", if that stands between the oldest Python and a newer one
    pythons.py folders          the folders of pyenv's newest 3.11, 3.12, …, as a part of PATH
    pythons.py ran RESULT.json  what tox wrote with --result-json, in one line a Python

pyenv puts shims on PATH, and a shim runs the selected version only: tox finds no other through them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

OLDEST = 11
"""The minor version in ``requires-python``. It runs all tests; later ones may run fewer where it is there."""

BETWEEN = 12
"""The minor version that runs the fewest tests where an older and a newer one are there."""


def newest(versions: list[str]) -> list[str]:
    """Of each minor version the newest release; no previews, no free-threaded builds, no other implementations."""
    found: dict[int, int] = {}
    for version in versions:
        match = re.fullmatch(r"3\.(\d+)\.(\d+)", version.strip())
        if match and int(match[1]) >= OLDEST:
            minor, patch = int(match[1]), int(match[2])
            found[minor] = max(patch, found.get(minor, 0))
    return [f"3.{minor}.{found[minor]}" for minor in sorted(found)]


def installed() -> list[str]:
    """Return those of pyenv's versions that tests run on, the oldest first; none if there is no pyenv."""
    try:
        return newest(_asked("versions", "--bare").splitlines())
    except (OSError, subprocess.CalledProcessError):
        return []


def folders() -> list[str]:
    """Return the folders of the programs of these versions."""
    return [os.path.join(_asked("prefix", version), "bin") for version in installed()]


def _asked(*words: str) -> str:
    done = subprocess.run(["pyenv", *words], stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip()


def oldest(versions: list[str]) -> str:
    """Name the oldest supported Python, if it is there and a later one too; else nothing."""
    minors = [int(version.split(".")[1]) for version in versions]
    return versions[0] if len(minors) > 1 and minors[0] == OLDEST else ""


def between(versions: list[str]) -> str:
    """Name the version of :data:`BETWEEN` that stands between the oldest and a newer one, if there are all three."""
    minors = [int(version.split(".")[1]) for version in versions]
    amid = BETWEEN in minors and minors[0] == OLDEST and minors[-1] > BETWEEN
    return versions[minors.index(BETWEEN)] if amid else ""


def ran(result: dict[str, dict[str, dict]]) -> list[str]:
    """One line for each Python that tox has an environment for."""
    lines = []
    for name, env in sorted(result.get("testenvs", {}).items()):
        match = re.fullmatch(r"py3(\d+)", name)
        if match is None:
            continue
        if not env.get("test"):
            why = "there is none here" if env.get("result", {}).get("skipped") else "tox made no environment for it"
            lines.append(f"Python 3.{match[1]}: NOT RUN: {why}")
            continue
        version = env.get("python", {}).get("version", f"3.{match[1]}").split()[0]
        passed = all(command["retcode"] == 0 for command in env["test"])
        took = sum(command["elapsed"] for command in env["test"])
        lines.append(f"Python {version}: {'passed' if passed else 'FAILED'}, {took:.0f} s")
    return lines


def main(words: list[str]) -> int:
    """Do as the first word says."""
    if words == ["folders"]:
        print(os.pathsep.join(folders()))
    elif words == ["oldest"]:
        print(oldest(installed()))
    elif words == ["between"]:
        print(between(installed()))
    elif len(words) == 2 and words[0] == "ran":
        path = Path(words[1])
        lines = ran(json.loads(path.read_text("utf-8"))) if path.exists() else []
        print("\n".join(f"=== unit tests, {line}" for line in lines or ["NOT RUN: tox wrote no result"]))
    else:
        print("usage: pythons.py oldest | between | folders | ran RESULT.json", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
