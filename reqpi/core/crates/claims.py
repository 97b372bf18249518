"""The comparison of a line of an index with the Cargo.toml in the ``.crate``: the line is only a registry's claim.

cargo resolves by the line and builds by the Cargo.toml, and no digest covers the line. Two things are not compared:
development dependencies, which cargo ignores for a crate of a registry, and the registries of dependencies, which the
Cargo.lock names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.manifest import package_in, read_tables, stated_dependencies
from reqpi.core.locks.rules.requirements import shown

__all__ = ["differences"]

_MOST = 20
"""Differences that are listed."""

_OPERATOR = re.compile(r"(<=|>=|[<>=^~])?\s*(.*)", re.DOTALL)
_WILDCARD = re.compile(r"(?:^|(?<=\.))[xX](?=\.|$)")


@frozen(order=True)
class _Dependency:
    """A dependency as both sides state it.

    :param name: the name in the code: that of ``package`` if it is renamed.
    :param kind: ``normal`` or ``build``.
    :param target: a platform without spaces; empty for all.
    """

    name: str
    kind: str
    target: str
    req: str
    package: str
    optional: bool
    default_features: bool
    features: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.kind, self.target

    def __str__(self) -> str:
        kind = "" if self.kind == "normal" else f"{self.kind} "
        return f"the {kind}dependency {self.name}{f' for {self.target}' if self.target else ''}"


def differences(line: IndexLine, manifest: bytes) -> tuple[str, ...]:
    """Return in words how a line of an index differs from the Cargo.toml of the crate; empty if it does not.

    :param manifest: the Cargo.toml in the ``.crate``.
    """
    try:
        said = json.loads(line.text)
        tables = read_tables(manifest)
        found = list(_differences(said, tables))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ("the line of the index or the Cargo.toml cannot be read",)
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return (*(shown(each) for each in found[:_MOST]), *more)


def _differences(line: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[str]:
    package = package_in(tables)
    for key, ours in (("name", line["name"]), ("version", line["vers"])):
        if package[key] != ours:
            yield f"the {key} is {ours} in the index and {package[key]} in the Cargo.toml"
    yield from _of_dependencies(_listed(line), _stated(tables))
    yield from _of_features(line, tables)


def _of_dependencies(listed: list[_Dependency], stated: list[_Dependency]) -> Iterator[str]:
    left, right = {each.key: each for each in listed}, {each.key: each for each in stated}
    for key in sorted(left.keys() | right.keys()):
        one, other = left.get(key), right.get(key)
        if one is None or other is None:
            yield f"{one or other} is in the {'Cargo.toml' if one is None else 'index'} only"
        elif one != other:
            yield f"{one} differs: {', '.join(_fields(one, other))}"


def _fields(one: _Dependency, other: _Dependency) -> Iterator[str]:
    for name in ("req", "package", "optional", "default_features", "features"):
        listed, stated = getattr(one, name), getattr(other, name)
        if listed != stated:
            yield f"{name} is {_word(listed)} in the index and {_word(stated)} in the Cargo.toml"


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_features(line: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[str]:
    listed = _features({**(line.get("features") or {}), **(line.get("features2") or {})})
    stated = _features(tables.get("features") or {})
    for name in sorted(listed.keys() | stated.keys()):
        one, other = listed.get(name), stated.get(name)
        # A feature that an optional dependency implies stands in some lines, and in no Cargo.toml.
        if one != other and (other is not None or one not in ((f"dep:{name}",), (name,))):
            index, manifest = ("missing" if each is None else _word(each) for each in (one, other))
            yield f"the feature {name} is {index} in the index and {manifest} in the Cargo.toml"


def _features(features: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return {name: _sorted(features[name]) for name in features}


def _sorted(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError("it is not a list of strings")
    return tuple(sorted(set(values)))


def _listed(line: Mapping[str, Any]) -> list[_Dependency]:
    return [
        _Dependency(
            each["name"],
            each.get("kind") or "normal",
            _platform(each.get("target") or ""),
            _requirement(each["req"]),
            each.get("package") or each["name"],
            bool(each.get("optional")),
            bool(each.get("default_features", True)),
            _sorted(each.get("features") or []),
        )
        for each in line.get("deps", ())
        if (each.get("kind") or "normal") != "dev"
    ]


def _stated(tables: Mapping[str, Any]) -> list[_Dependency]:
    return [
        _Dependency(
            each.name,
            each.kind,
            _platform(each.target),
            _requirement(each.version),
            each.package,
            bool(each.keys.get("optional")),
            bool(each.default_features),
            _sorted(each.keys.get("features") or []),
        )
        for each in stated_dependencies(tables)
        if each.kind != "dev"
    ]


def _requirement(text: str) -> str:
    """Return a requirement in the spelling of an index: ``1.0`` means ``^1.0``."""
    return ", ".join(_comparator(part.strip()) for part in text.split(","))


def _comparator(text: str) -> str:
    found = _OPERATOR.fullmatch(text)
    assert found
    version = _WILDCARD.sub("*", found[2])
    wild = version.endswith("*")
    return version if wild and not found[1] else f"{found[1] or '^'}{version}"


def _platform(text: str) -> str:
    """Return a platform without the spaces and the final commas that have no meaning."""
    return re.sub(r"\s+", "", text).replace(",)", ")")
