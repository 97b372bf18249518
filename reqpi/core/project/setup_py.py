"""The reader for ``setup(name=…, version=…)`` of a setup.py, which it parses as a syntax tree.

The value of an argument counts if it is certain: a literal, or a variable to which the same branch, or one around it,
assigns a literal. A variable that is changed in between, or in a branch that may not be taken, is not certain.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from attrs import frozen

from reqpi.core.project.values import ProjectMetadata, ReadFile, joined, name_of, version_of
from reqpi.core.project.variables import NAMELESS_SCOPES, NodeBudget, Statement, assigned, tree_of

__all__ = ["read"]

_FILE = "setup.py"

_PARTS = 20
"""The largest number of parts of a version that is a tuple."""

_STEPS = 20
"""The largest number of steps from variable to variable."""


def read(read_file: ReadFile) -> ProjectMetadata | None:
    """Return the name and version in the first call of ``setup`` that has a name; ``None`` if there is none."""
    data = read_file(_FILE)
    tree = tree_of(data) if data is not None else None
    if tree is None:
        return None
    budget = NodeBudget()
    for call in _calls(tree):
        name = _argument(call, "name", budget)
        if name is not None and (known := name_of(name)) is not None:
            return ProjectMetadata(known, version_of(_argument(call, "version", budget) or ""), _FILE)
    return None


@frozen
class _Call:
    node: ast.Call
    place: Statement | None


def _calls(tree: ast.Module) -> Iterator[_Call]:
    """Yield the calls of ``setup`` or ``setuptools.setup``, in the order of the text."""
    queue: list[tuple[ast.AST, Statement | None]] = [(tree, None)]
    while queue:
        node, place = queue.pop()
        if isinstance(node, ast.Call) and _is_setup(node.func):
            yield _Call(node, place)
        queue += reversed([*_inner(node, place)])


def _inner(node: ast.AST, place: Statement | None) -> Iterator[tuple[ast.AST, Statement | None]]:
    if isinstance(node, NAMELESS_SCOPES):  # they have names of their own, and no statements
        place = None
    for _, value in ast.iter_fields(node):
        for index, each in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(each, ast.stmt):
                yield each, Statement(value, index, place)
            elif isinstance(each, ast.AST):
                yield each, place


def _is_setup(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "setup" and isinstance(function.value, ast.Name) and function.value.id == "setuptools"
    return isinstance(function, ast.Name) and function.id == "setup"


def _argument(call: _Call, keyword: str, budget: NodeBudget) -> str | None:
    given = next((each.value for each in call.node.keywords if each.arg == keyword), None)
    if given is None:
        return None
    node, place = _followed(given, call.place, budget)
    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= _PARTS:
        return joined([_literal(each, place, budget) for each in node.elts])
    return joined(_literal(node, place, budget))


def _literal(node: ast.expr, place: Statement | None, budget: NodeBudget) -> object:
    node, _ = _followed(node, place, budget)
    return node.value if isinstance(node, ast.Constant) else None


def _followed(node: ast.expr, place: Statement | None, budget: NodeBudget) -> tuple[ast.expr, Statement | None]:
    """Return the expression that the variable ``node`` stands for, and its place.

    If ``node`` is not a variable, or its value is not certain, return it unchanged.
    """
    for _ in range(_STEPS):
        found = assigned(node.id, place, budget) if isinstance(node, ast.Name) else None
        if found is None:
            break
        node, place = found.node, found.place
    return node, place
