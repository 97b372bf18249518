"""The line of an index for a crate, made from the Cargo.toml inside it: what a registry does when a crate is published.

With it, a folder of verified ``.crate`` files is a registry of its own. Nothing of the index of a server enters it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reqpi.core.crates.crate_archive import BrokenCrate, CrateFile
from reqpi.core.crates.model import Crate

__all__ = ["index_line", "read_manifest"]

_MANIFEST = "Cargo.toml"
_LARGEST_MANIFEST = 4 << 20

_KINDS = (
    ("dependencies", "normal"),
    ("dev-dependencies", "dev"),
    ("dev_dependencies", "dev"),
    ("build-dependencies", "build"),
    ("build_dependencies", "build"),
)
"""The tables of dependencies, with the spellings of old versions of cargo."""


def read_manifest(files: Iterable[CrateFile], crate: Crate) -> Mapping[str, Any]:
    """Return the content of the Cargo.toml of a crate.

    :param files: of the crate. All of them are read, and so all of them are checked.
    :raises BrokenCrate: it has none, it cannot be read, or it is that of another crate.
    """
    file = None
    for each in files:
        file = each if each.path == _MANIFEST else file
    try:
        if file is None or len(file.data) > _LARGEST_MANIFEST:
            raise ValueError("it is missing, or too large")
        manifest = tomllib.loads(file.data.decode())
        package = _mapping(manifest.get("package", manifest.get("project")))
        if (package.get("name"), _version(package)) != (crate.name, crate.version.partition("+")[0]):
            raise ValueError("it is that of another crate")
    except (ValueError, TypeError, RecursionError) as error:
        raise BrokenCrate(f"the {_MANIFEST} of {crate.filename} cannot be used", f"{error}."[:200]) from error
    return manifest


def index_line(manifest: Mapping[str, Any], crate: Crate) -> bytes:
    """Return the line of the index for a crate, without a line break.

    :param manifest: as :func:`read_manifest` returns it.
    :raises BrokenCrate: the manifest states something in a form that cargo does not know.
    """
    try:
        package = _mapping(manifest.get("package", manifest.get("project")))
        plain, newer = _features(_mapping(manifest.get("features", {})))
        line: dict[str, Any] = {
            "name": crate.name,
            "vers": crate.version,
            "deps": list(_dependencies(manifest)),
            "cksum": crate.sha256,
            "features": plain,
            "yanked": False,
        }
        optional = {"links": package.get("links"), "rust_version": package.get("rust-version")}
        line |= {name: value for name, value in optional.items() if isinstance(value, str)}
        line |= {"features2": newer, "v": 2} if newer else {}
    except (ValueError, TypeError) as error:
        raise BrokenCrate(f"the {_MANIFEST} of {crate.filename} cannot be used", f"{error}."[:200]) from error
    return json.dumps(line, separators=(",", ":")).encode()


def _version(package: Mapping[str, Any]) -> str:
    version = package.get("version")
    return version.partition("+")[0] if isinstance(version, str) else ""


def _features(features: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the features, and apart from them those whose syntax cargo does not know before 1.60."""
    newer = {name for name, of in features.items() if any("dep:" in str(each) or "?/" in str(each) for each in of)}
    return (
        {name: of for name, of in features.items() if name not in newer},
        {name: of for name, of in features.items() if name in newer},
    )


def _dependencies(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _of_target(manifest, None)
    for target, tables in _mapping(manifest.get("target", {})).items():
        yield from _of_target(_mapping(tables), target)


def _of_target(tables: Mapping[str, Any], target: str | None) -> Iterator[dict[str, Any]]:
    for table, kind in _KINDS:
        for name, wanted in _mapping(tables.get(table, {})).items():
            yield _dependency(name, {"version": wanted} if isinstance(wanted, str) else _mapping(wanted), target, kind)


def _dependency(name: str, wanted: Mapping[str, Any], target: str | None, kind: str) -> dict[str, Any]:
    registry = wanted.get("registry-index")
    found = {
        "name": name,
        "req": wanted.get("version", "*"),
        "features": wanted.get("features", []),
        "optional": wanted.get("optional", False),
        "default_features": wanted.get("default-features", wanted.get("default_features", True)),
        "target": target,
        "kind": kind,
        "registry": registry if isinstance(registry, str) else None,
    }
    return found | ({"package": wanted["package"]} if wanted.get("package", name) != name else {})


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a table is expected where there is none")
    return value
