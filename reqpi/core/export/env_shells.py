"""The environment variables that point clients at one address only, for shells, containers and programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from shlex import quote

from reqpi.core.env_vars import changes, changes_to_folder

__all__ = ["PAIRS", "SHELLS", "environment", "environment_of_folder"]

_Settings = Mapping[str, str]


def environment(index_url: str, shell: str, more: Mapping[str, str] | None = None) -> bytes:
    """Return the variables for the index at ``index_url``.

    :param shell: one of :data:`SHELLS`, or :data:`PAIRS`.
    :param more: further variables to set.
    """
    set_to, unset = changes(index_url)
    return _WRITERS[shell](dict(sorted({**set_to, **(more or {})}.items())), unset).encode()


def environment_of_folder(folder: str, shell: str, more: Mapping[str, str] | None = None) -> bytes:
    """Return the variables for a folder of files, without an index.

    :param folder: its absolute path where the variables will be used.
    :param shell: one of :data:`SHELLS`, or :data:`PAIRS`.
    :param more: further variables to set.
    """
    set_to, unset = changes_to_folder(folder)
    return _WRITERS[shell](dict(sorted({**set_to, **(more or {})}.items())), unset).encode()


def _sh(set_to: _Settings, unset: Set[str]) -> str:
    lines = [f"unset {' '.join(sorted(unset))}"]
    return "\n".join([*lines, *(f"export {name}={quote(value)}" for name, value in set_to.items())]) + "\n"


def _fish(set_to: _Settings, unset: Set[str]) -> str:
    lines = [f"set -e {name}" for name in sorted(unset)]
    values = (f"set -gx {name} {quote(value)}" for name, value in set_to.items())
    return "\n".join([*lines, *values]) + "\n"


def _powershell(set_to: _Settings, unset: Set[str]) -> str:
    lines = [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in sorted(unset)]
    values = ("$env:{} = '{}'".format(name, value.replace("'", "''")) for name, value in set_to.items())
    return "\n".join([*lines, *values]) + "\n"


def _docker(set_to: _Settings, unset: Set[str]) -> str:
    comment = f"# A Dockerfile cannot unset a variable. Set none of: {' '.join(sorted(unset))}\n"
    return comment + "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in set_to.items())


def _pairs(set_to: _Settings, unset: Set[str]) -> str:
    """Return only the variables to set.

    Setting a variable to the empty text is no substitute for unsetting it: uv rejects some empty values.
    """
    return json.dumps([{"name": name, "value": value} for name, value in set_to.items()], indent=2) + "\n"


def _json(set_to: _Settings, unset: Set[str]) -> str:
    return json.dumps({"set": dict(set_to), "unset": sorted(unset)}, indent=2) + "\n"


SHELLS: Mapping[str, Callable[[_Settings, Set[str]], str]] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "docker": _docker,
    "json": _json,
}
"""The output formats, by name."""

PAIRS = "pairs"
"""A JSON array of objects with ``name`` and ``value``, the output of Hermeto's ``generate-env --format json``."""

_WRITERS = {**SHELLS, PAIRS: _pairs}
