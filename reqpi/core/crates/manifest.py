"""The Cargo.toml of a crate: its tables, its package, and the dependencies that it states. This is the one reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.toml_document import load

__all__ = ["DEPENDENCY_TABLES", "MANIFEST", "StatedDependency", "package_in", "read_tables", "stated_dependencies"]

MANIFEST = "Cargo.toml"

_LARGEST = 4 << 20
"""Bytes of a Cargo.toml. The largest known ones have some hundred KB."""

DEPENDENCY_TABLES: Mapping[str, str] = {
    "dependencies": "normal",
    "dev-dependencies": "dev",
    "dev_dependencies": "dev",
    "build-dependencies": "build",
    "build_dependencies": "build",
}
"""The tables of dependencies with their kinds, and with the spellings of old versions of cargo."""


@frozen
class StatedDependency:
    """A dependency as a Cargo.toml states it.

    :param name: the name in the code: that of ``package`` if it is renamed.
    :param kind: ``normal``, ``dev`` or ``build``.
    :param target: the platform as it is written; empty for all.
    :param keys: its table; a version that stands alone is ``version``.
    """

    name: str
    kind: str
    target: str
    keys: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> Any:
        """The required version: any if it states none."""
        return self.keys.get("version", "*")

    @property
    def package(self) -> Any:
        """The name of the crate."""
        return self.keys.get("package", self.name)

    @property
    def default_features(self) -> Any:
        """Whether the default features of the crate are on."""
        return self.keys.get("default-features", self.keys.get("default_features", True))


def read_tables(manifest: bytes) -> Mapping[str, Any]:
    """Return the tables of a Cargo.toml.

    :raises ValueError: it is too large, or it is not TOML; the message says why.
    """
    if len(manifest) > _LARGEST:
        raise ValueError(f"its {MANIFEST} has more than {_LARGEST} bytes")
    try:
        return load(manifest, "", Findings(manifest.decode("utf-8", "replace").split("\n"))).tables
    except BrokenLock as broken:
        raise ValueError(broken.defects[0].problem) from None


def package_in(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of the package.

    :raises TypeError: there is none.
    """
    return _table(tables.get("package", tables.get("project")))  # the name of the table before Rust 1.0


def stated_dependencies(tables: Mapping[str, Any]) -> Iterator[StatedDependency]:
    """Yield all dependencies of a Cargo.toml.

    :raises TypeError: one of them, or something above them, is not a table.
    """
    yield from _of_target(tables, "")
    for target, inner in _table(tables.get("target", {})).items():
        yield from _of_target(_table(inner), target)


def _of_target(tables: Mapping[str, Any], target: str) -> Iterator[StatedDependency]:
    for table, kind in DEPENDENCY_TABLES.items():
        for name, stated in _table(tables.get(table, {})).items():
            keys = {"version": stated} if isinstance(stated, str) else _table(stated)
            yield StatedDependency(name, kind, target, keys)


def _table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a table is expected where there is none")
    return value
