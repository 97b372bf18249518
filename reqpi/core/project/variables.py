"""What a name stands for at one place of a syntax tree, where the tree alone can tell."""

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
"""Expressions that have names of their own."""

_SCOPES = (*_FUNCTIONS, ast.ClassDef, *NAMELESS_SCOPES)


@define
class NodeBudget:
    """How much is still looked at: a hostile text has an end, and so has the time spent on it.

    :param nodes: of the tree.
    """

    nodes: int = 500_000

    def spend(self) -> bool:
        """Whether there is one left to look at."""
        self.nodes -= 1
        return self.nodes >= 0


@frozen(eq=False)
class Statement:
    """A statement of a tree.

    :param block: the statements that it is one of.
    :param outer: the statement that has the block; ``None`` for the module.
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
    """An expression, and where it stands."""

    node: ast.expr
    place: Statement


def assigned(name: str, place: Statement | None, budget: NodeBudget) -> FoundValue | None:
    """What ``name`` was given last before ``place``; ``None`` where that may depend on anything."""
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
            # A function is called once its module was read: then what stands below it was given too.
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
    """Whether the statement around a block may give ``name`` another value before, or while, the block runs."""
    if isinstance(holder, ast.If):  # its other branch was not taken
        return _binds(holder.test, name, budget)
    if not isinstance(holder, _FUNCTIONS):
        return _binds(holder, name, budget)
    own = [each.arg for each in ast.walk(holder.args) if isinstance(each, ast.arg)]
    return name in own or any(_binds(each, name, budget) for each in holder.body)


def _binds(node: ast.AST, name: str, budget: NodeBudget) -> bool:
    """Whether running ``node`` may give ``name`` another value; true as well where there is no time to look."""
    queue = [(node, False)]
    while queue:
        each, elsewhere = queue.pop()
        if not budget.spend():
            return True
        if (isinstance(each, ast.Global) and name in each.names) or (not elsewhere and _is_binding(each, name)):
            return True
        # What has names of its own changes this one only where it says ``global``.
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


# What CPython raises for text that is too deep, too long, has a NUL or half a character, beside what is no Python.
_UNREADABLE = (SyntaxError, RecursionError, MemoryError, ValueError, OverflowError)


def tree_of(data: bytes) -> ast.Module | None:
    """The syntax tree; ``None`` where this Python makes none of it: a program may be written for another.

    :param data: with a byte order mark or a :pep:`263` line, or in UTF-8.
    """
    try:
        # Decoded here: the codecs that a coding line can name for the parser include some that take quadratic time.
        text = decode(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except BrokenLock:
        return None
    except _UNREADABLE:
        return None
