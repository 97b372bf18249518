"""Advice on adding a project to a lock: a command of the tool that wrote it, or a line for a requirements.txt."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.core.locks.formats import recognise
from reqpi.core.locks.pip.lines import physical_lines

__all__ = ["command_for", "how_to_pin"]

_COMMANDS = {
    "uv.lock": "uv add",
    "poetry.lock": "poetry add",
    "pdm.lock": "pdm add",
    "Pipfile.lock": "pipenv install",
}
_HEAD = 1 << 16
"""Characters of a document that are examined: its format shows early."""


def how_to_pin(formats: str, project: str) -> str:
    """Return the advice for a project that a lock lacks, as the beginning of a sentence.

    :param formats: the lock's formats as in :class:`reqpi.core.model.Lock`: one, or several separated by commas.
    """
    known = formats.split(", ")
    if "requirements.txt" in known:
        return f"Pin it, with a line such as `{project}==<version>`"
    command = next((_COMMANDS[name] for name in known if name in _COMMANDS), None)
    if command is None:
        return f"Add {project} to what the lock is made from, lock again"
    return f"Add it with `{command} {project}`"


def command_for(documents: Iterable[bytes]) -> str:
    """Return the command that adds a requirement to the lock; empty if the user adds a line, or if formats differ.

    :param documents: the documents of the lock.
    """
    found = [_format(document) for document in documents]
    return _COMMANDS.get(found[0], "") if len(set(found)) == 1 else ""


def _format(document: bytes) -> str:
    found, _ = recognise(physical_lines(document[:_HEAD].decode("utf-8-sig", "replace")))
    return found if isinstance(found, str) else ""
