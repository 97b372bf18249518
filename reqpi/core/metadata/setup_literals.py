"""The requirements that ``setup.py`` and ``setup.cfg`` state literally. Neither is run, and nothing is computed.

setuptools takes ``setup_requires`` and ``install_requires`` from the call of ``setup``, or, if the call does not have
them, from ``[options]`` in setup.cfg.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from attrs import frozen

from reqpi.core.errors import UnreadableProject
from reqpi.core.project.setup_cfg import parsed
from reqpi.core.project.variables import tree_of

__all__ = ["LiteralFields", "setup_cfg", "setup_py"]

_KEYS = ("setup_requires", "install_requires")

_LARGEST_PROGRAM = 1 << 16
"""Bytes of a setup.py. CPython's parser blocks all other threads, and takes quadratic time for some texts (f-strings,
in 3.11): 0.3 s for this size, and minutes for a MiB."""

_ATTEMPTS = 3
"""Attempts to parse: CPython 3.11 fails occasionally if two threads parse at the same time."""


@frozen
class LiteralFields:
    """The requirements in one file.

    :param lists: the requirements, by key, for each key that is written literally.
    :param unread: for each other key that the file has, a sentence that says why it cannot be read.
    """

    lists: Mapping[str, Sequence[str]]
    unread: Mapping[str, str]


def setup_cfg(data: bytes) -> LiteralFields:
    """Return the lists in ``[options]``: one entry per line, or separated by semicolons (setuptools, "list-semi")."""
    try:
        sections = parsed(data)
    except UnreadableProject:
        return LiteralFields({}, {key: "setup.cfg cannot be read" for key in _KEYS if key.encode() in data})
    options = sections["options"] if sections.has_section("options") else {}
    lists, unread = {}, {}
    for key in _KEYS:
        value = options.get(key) or ""
        if value.lstrip().startswith(("file:", "attr:")):
            unread[key] = f"setup.cfg takes {key} from elsewhere: {value.strip()[:80]}"
        elif key in options:
            lists[key] = _lines(value.splitlines() if "\n" in value else value.split(";"))
    return LiteralFields(lists, unread)


def setup_py(data: bytes) -> LiteralFields:
    """Return the literal arguments of the call of ``setup``: lists and texts written there or in a variable."""
    present = [key for key in _KEYS if key.encode() in data]
    if not present:
        return LiteralFields({}, {})
    if len(data) > _LARGEST_PROGRAM:
        return LiteralFields({}, dict.fromkeys(present, "setup.py is too large to be read"))
    tree = _parsed(data)
    if tree is None:
        return LiteralFields({}, dict.fromkeys(present, "setup.py cannot be parsed as Python"))
    call = next(_calls(tree), None)
    given = {keyword.arg: keyword.value for keyword in call.keywords} if call is not None else {}
    variables = _variables(tree)
    lists, unread = {}, {}
    for key in present:
        # If the key stands only in a comment, or in a dictionary that is passed to setup(), nothing is certain.
        found = _literal(given.get(key), variables) if key in given else None
        if found is not None:
            lists[key] = found
        elif key in given or None in given or _mentioned(tree, key):
            unread[key] = f"setup.py computes {key}"
    return LiteralFields(lists, unread)


def _parsed(data: bytes) -> ast.Module | None:
    for _ in range(_ATTEMPTS):
        with suppress(SystemError):
            return tree_of(data)
    return None


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "setup":
                yield node


def _variables(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Return the variables that are assigned exactly once, outside functions and branches, and never extended."""
    assigned: dict[str, list[ast.expr | None]] = {}
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value if id(node) in top else None)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            assigned.setdefault(node.target.id, []).append(None)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):  # x.append(…)
            assigned.setdefault(node.value.id, []).append(None)
    return {name: values[0] for name, values in assigned.items() if len(values) == 1 and values[0] is not None}


def _literal(node: ast.expr | None, variables: Mapping[str, ast.expr]) -> list[str] | None:
    """Return a literal list of texts, or the lines of a literal text; ``None`` for anything else."""
    if isinstance(node, ast.Name):
        node = variables.get(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _lines(node.value.splitlines())
    if isinstance(node, ast.List | ast.Tuple):
        values = [each.value if isinstance(each, ast.Constant) else None for each in node.elts]
        if all(isinstance(value, str) for value in values):
            return [str(value) for value in values]
    return None


def _mentioned(tree: ast.Module, key: str) -> bool:
    """Return whether ``key`` is a text or an argument anywhere. A comment does not count."""
    return any(
        (isinstance(node, ast.Constant) and node.value == key) or (isinstance(node, ast.keyword) and node.arg == key)
        for node in ast.walk(tree)
    )


def _lines(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
