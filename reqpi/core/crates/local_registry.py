"""The line of an index for a crate, made from the Cargo.toml inside it: what a registry does when a crate is published.

With it, a folder of verified ``.crate`` files is a registry of its own. Nothing of the index of a server enters it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reqpi.core.crates.crate_archive import BrokenCrate, CrateFile
from reqpi.core.crates.manifest import MANIFEST, StatedDependency, package_in, read_tables, stated_dependencies
from reqpi.core.crates.model import Crate

__all__ = ["index_line", "read_manifest"]


def read_manifest(files: Iterable[CrateFile], crate: Crate) -> Mapping[str, Any]:
    """Return the content of the Cargo.toml of a crate.

    :param files: of the crate. All of them are read, and so all of them are checked.
    :raises BrokenCrate: it has none, it cannot be read, or it is that of another crate.
    """
    file = None
    for each in files:
        file = each if each.path == MANIFEST else file
    try:
        if file is None:
            raise ValueError("it is missing")
        manifest = read_tables(file.data)
        package = package_in(manifest)
        if (package.get("name"), _version(package)) != (crate.name, crate.version.partition("+")[0]):
            raise ValueError("it is that of another crate")
    except (ValueError, TypeError, RecursionError) as error:
        raise BrokenCrate(f"the {MANIFEST} of {crate.filename} cannot be used", f"{error}."[:200]) from error
    return manifest


def index_line(manifest: Mapping[str, Any], crate: Crate) -> bytes:
    """Return the line of the index for a crate, without a line break.

    :param manifest: as :func:`read_manifest` returns it.
    :raises BrokenCrate: the manifest states something in a form that cargo does not know.
    """
    try:
        package = package_in(manifest)
        plain, newer = _features(_mapping(manifest.get("features", {})))
        line: dict[str, Any] = {
            "name": crate.name,
            "vers": crate.version,
            "deps": [_dependency(each) for each in stated_dependencies(manifest)],
            "cksum": crate.sha256,
            "features": plain,
            "yanked": False,
        }
        optional = {"links": package.get("links"), "rust_version": package.get("rust-version")}
        line |= {name: value for name, value in optional.items() if isinstance(value, str)}
        line |= {"features2": newer, "v": 2} if newer else {}
    except (ValueError, TypeError) as error:
        raise BrokenCrate(f"the {MANIFEST} of {crate.filename} cannot be used", f"{error}."[:200]) from error
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


def _dependency(stated: StatedDependency) -> dict[str, Any]:
    registry = stated.keys.get("registry-index")
    found = {
        "name": stated.name,
        "req": stated.version,
        "features": stated.keys.get("features", []),
        "optional": stated.keys.get("optional", False),
        "default_features": stated.default_features,
        "target": stated.target or None,
        "kind": stated.kind,
        "registry": registry if isinstance(registry, str) else None,
    }
    return found | ({"package": stated.package} if stated.package != stated.name else {})


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a table is expected where there is none")
    return value
