"""The value of a variable at one place of a syntax tree, if the tree alone determines it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence

from attrs import define, frozen

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.text import decode

__all__ = ["NAMELESS_SCOPES", "FoundValue", "NodeBudget", "Statement", "assigned", "tree_of"]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NAMELESS_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions that have a scope of their own."""

_SCOPES = (*_FUNCTIONS, ast.ClassDef, *NAMELESS_SCOPES)


@define
class NodeBudget:
    """The number of nodes that may still be visited, which bounds the time spent on a hostile text.

    :param nodes: nodes of the tree.
    """

    nodes: int = 500_000

    def spend(self) -> bool:
        """Use up one node; return whether there was one left."""
        self.nodes -= 1
        return self.nodes >= 0


@frozen(eq=False)
class Statement:
    """A statement of a tree.

    :param block: the statements among which it stands.
    :param index: its index in the block.
    :param outer: the statement that contains the block; ``None`` for the module.
    """

    block: Sequence[ast.stmt]
    index: int
    outer: Statement | None

    @property
    def statement(self) -> ast.stmt:
        """The statement itself."""
        return self.block[self.index]


@frozen
class FoundValue:
    """An expression, and the statement in which it stands."""

    node: ast.expr
    place: Statement


def assigned(name: str, place: Statement | None, budget: NodeBudget) -> FoundValue | None:
    """Return the expression that was last assigned to ``name`` before ``place``; ``None`` if it is not certain."""
    end = place.index if place is not None else 0
    while place is not None:
        for index in range(end - 1, -1, -1):
            given = _given(place.block[index], name)
            if given is not None:
                return FoundValue(given, Statement(place.block, index, place.outer))
            if _binds(place.block[index], name, budget):
                return None
        place = place.outer
        if place is not None:
            if _binds_around(place.statement, name, budget):
                return None
            # A function is called after its whole module was run, including the assignments below the function.
            end = len(place.block) if isinstance(place.statement, _FUNCTIONS) else place.index
    return None


def _given(statement: ast.stmt, name: str) -> ast.expr | None:
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    else:
        return None
    return statement.value if any(isinstance(each, ast.Name) and each.id == name for each in targets) else None


def _binds_around(holder: ast.stmt, name: str, budget: NodeBudget) -> bool:
    """Return whether the statement around a block may rebind ``name`` before the block runs or while it runs."""
    if isinstance(holder, ast.If):  # its other branch is not taken
        return _binds(holder.test, name, budget)
    if not isinstance(holder, _FUNCTIONS):
        return _binds(holder, name, budget)
    own = [each.arg for each in ast.walk(holder.args) if isinstance(each, ast.arg)]
    return name in own or any(_binds(each, name, budget) for each in holder.body)


def _binds(node: ast.AST, name: str, budget: NodeBudget) -> bool:
    """Return whether running ``node`` may rebind ``name``; also true if the budget is used up."""
    queue = [(node, False)]
    while queue:
        each, elsewhere = queue.pop()
        if not budget.spend():
            return True
        if (isinstance(each, ast.Global) and name in each.names) or (not elsewhere and _is_binding(each, name)):
            return True
        # A node with a scope of its own rebinds this name only with ``global``.
        elsewhere = elsewhere or isinstance(each, _SCOPES)
        queue += [(inner, elsewhere) for inner in ast.iter_child_nodes(each)]
    return False


def _is_binding(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            return node.id == name
        case ast.alias():
            return (node.asname or node.name.partition(".")[0]) in (name, "*")
        case ast.MatchMapping():
            return node.rest == name
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == name
        case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar():
            return node.name == name
    return False


# The exceptions of CPython for text that is not Python, is nested too deeply, is too long, or has a NUL or a surrogate.
_UNREADABLE = (SyntaxError, RecursionError, MemoryError, ValueError, OverflowError)


def tree_of(data: bytes) -> ast.Module | None:
    """Return the syntax tree; ``None`` if this Python cannot parse the text, which may be for another version.

    :param data: with a byte order mark or a :pep:`263` line, or in UTF-8.
    """
    try:
        # Decoded here, because a coding line can make the parser use a codec that takes quadratic time.
        text = decode(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except BrokenLock:
        return None
    except _UNREADABLE:
        return None
