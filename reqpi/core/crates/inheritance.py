"""A Cargo.toml without what it inherits from the workspace of its repository: a crate can then be used by itself.

A directory source has each crate in a folder of its own, without the workspace above it. ``cargo vendor`` replaces
``workspace = true`` in the same way. Source: https://doc.rust-lang.org/cargo/reference/workspaces.html.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from reqpi.core.crates.manifest import DEPENDENCY_TABLES

__all__ = ["inherits", "without_workspace"]

_PATHS = ("readme", "license-file")
"""The keys of a package that are paths, apart from those of its own files."""

_ADDED = ("optional", "public")
"""The keys of a dependency that a member adds to the one of its workspace."""


def inherits(tables: Mapping[str, Any]) -> bool:
    """Return whether a Cargo.toml takes anything from a workspace."""
    return any(_is_inherited(each) for _, each in _inheriting(tables))


def without_workspace(tables: Mapping[str, Any], workspace: Mapping[str, Any], up: str) -> dict[str, Any]:
    """Return the tables of a Cargo.toml with the values that it inherits in their places.

    :param workspace: the table ``workspace`` of the Cargo.toml at the root.
    :param up: the path from the folder of the crate to that root: ``../..``.
    :raises ValueError: the workspace lacks one of them; the message says which.
    :raises TypeError: something that must be a table is none.
    """
    found = dict(tables)
    if "package" in tables:
        found["package"] = _package(tables["package"], _of(workspace, "package"), up)
    for key in ("lints", "badges"):
        if _is_inherited(tables.get(key)):
            found[key] = _named(workspace if key == "lints" else _of(workspace, "package"), key)
    found |= _dependencies(tables, _of(workspace, "dependencies"), up)
    if "target" in tables:
        found["target"] = {
            name: {**inner, **_dependencies(inner, _of(workspace, "dependencies"), up)}
            for name, inner in tables["target"].items()
        }
    return found


def _inheriting(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield everything that may be inherited."""
    package = tables.get("package")
    yield from package.items() if isinstance(package, dict) else ()
    yield from ((key, tables.get(key)) for key in ("lints", "badges"))
    targets = tables.get("target")
    for inner in (tables, *(targets.values() if isinstance(targets, dict) else ())):
        for table in DEPENDENCY_TABLES:
            found = inner.get(table) if isinstance(inner, dict) else None
            yield from found.items() if isinstance(found, dict) else ()


def _is_inherited(value: object) -> bool:
    return isinstance(value, dict) and value.get("workspace") is True


def _package(package: Mapping[str, Any], workspace: Mapping[str, Any], up: str) -> dict[str, Any]:
    found = dict(package)
    for key, value in package.items():
        if _is_inherited(value):
            inherited = _named(workspace, key)
            found[key] = posixpath.join(up, inherited) if key in _PATHS and isinstance(inherited, str) else inherited
    return found


def _dependencies(tables: Mapping[str, Any], workspace: Mapping[str, Any], up: str) -> dict[str, Any]:
    return {
        table: {
            name: _dependency(stated, _named(workspace, name), up) if _is_inherited(stated) else stated
            for name, stated in tables[table].items()
        }
        for table in DEPENDENCY_TABLES
        if table in tables
    }


def _dependency(stated: Mapping[str, Any], inherited: Any, up: str) -> dict[str, Any]:
    """Return a dependency of a member: features are added, and default features can be switched on, not off."""
    found: dict[str, Any] = {"version": inherited} if isinstance(inherited, str) else dict(inherited)
    if isinstance(found.get("path"), str):
        found["path"] = posixpath.join(up, found["path"])
    features = [*found.get("features", []), *stated.get("features", [])]
    if features:
        found["features"] = list(dict.fromkeys(features))
    if stated.get("default-features", stated.get("default_features")) is True:
        found.pop("default_features", None)
        found["default-features"] = True
    return found | {key: stated[key] for key in _ADDED if key in stated}


def _of(tables: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tables.get(key, {})
    if not isinstance(found, dict):
        raise TypeError("a table is expected where there is none")
    return found


def _named(workspace: Mapping[str, Any], key: str) -> Any:
    if key not in workspace:
        raise ValueError(f"the workspace has no `{key}` to inherit")
    return workspace[key]
