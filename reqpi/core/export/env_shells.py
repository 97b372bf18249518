"""The variables that point clients at an address and at no other index, for shells, for containers and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from shlex import quote

from reqpi.core.env_vars import changes, changes_to_folder

__all__ = ["PAIRS", "SHELLS", "environment", "environment_of_folder"]

_Settings = Mapping[str, str]


def environment(index_url: str, shell: str) -> bytes:
    """The variables for the index at ``index_url``.

    :param shell: one of :data:`SHELLS`, or :data:`PAIRS`.
    """
    set_to, taken_away = changes(index_url)
    return _WRITERS[shell](dict(sorted(set_to.items())), taken_away).encode()


def environment_of_folder(folder: str, shell: str) -> bytes:
    """The variables for a folder of files, with no index.

    :param folder: absolute, where the variables will be used.
    :param shell: one of :data:`SHELLS`, or :data:`PAIRS`.
    """
    set_to, taken_away = changes_to_folder(folder)
    return _WRITERS[shell](dict(sorted(set_to.items())), taken_away).encode()


def _sh(set_to: _Settings, taken_away: Set[str]) -> str:
    lines = [f"unset {' '.join(sorted(taken_away))}"]
    return "\n".join([*lines, *(f"export {name}={quote(value)}" for name, value in set_to.items())]) + "\n"


def _fish(set_to: _Settings, taken_away: Set[str]) -> str:
    lines = [f"set -e {name}" for name in sorted(taken_away)]
    values = (f"set -gx {name} {quote(value)}" for name, value in set_to.items())
    return "\n".join([*lines, *values]) + "\n"


def _powershell(set_to: _Settings, taken_away: Set[str]) -> str:
    lines = [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in sorted(taken_away)]
    values = ("$env:{} = '{}'".format(name, value.replace("'", "''")) for name, value in set_to.items())
    return "\n".join([*lines, *values]) + "\n"


def _docker(set_to: _Settings, taken_away: Set[str]) -> str:
    unset = f"# No Dockerfile can take a variable away. Set none of: {' '.join(sorted(taken_away))}\n"
    return unset + "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in set_to.items())


def _pairs(set_to: _Settings, taken_away: Set[str]) -> str:
    """Only what is set: uv rejects an empty value where it wants one, so nothing is emptied instead of taken away."""
    return json.dumps([{"name": name, "value": value} for name, value in set_to.items()], indent=2) + "\n"


def _json(set_to: _Settings, taken_away: Set[str]) -> str:
    return json.dumps({"set": dict(set_to), "unset": sorted(taken_away)}, indent=2) + "\n"


SHELLS: Mapping[str, Callable[[_Settings, Set[str]], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "docker": _docker,
    "json": _json,
}
"""What the variables can be written for."""

PAIRS = "pairs"
"""A JSON array of objects with ``name`` and ``value``: what Hermeto's ``generate-env --format json`` prints."""

_WRITERS = {**SHELLS, PAIRS: _pairs}
