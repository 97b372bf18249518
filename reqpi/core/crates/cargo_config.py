"""The ``config.toml`` that makes cargo take crates from one place only, instead of the registries of a Cargo.lock.

Cargo calls this source replacement. Stable versions read it from configuration files, and from no environment variable:
https://doc.rust-lang.org/cargo/reference/source-replacement.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from reqpi.core.crates.model import CargoLock, GitCrate

__all__ = ["config_of_folder", "config_of_index", "registries_of"]

_INDEX = "reqpi"
_FOLDER = "vendored-sources"
"""The names of sources. The second one is the name that ``cargo vendor`` gives."""


def registries_of(locks: Iterable[CargoLock]) -> list[str]:
    """Return the registries that these locks name beside cargo's default one, as they spell them."""
    return sorted({crate.registry for lock in locks for crate in lock.crates} - {""})


def config_of_index(crates_url: str, registries: Iterable[str] = ()) -> bytes:
    """Return the configuration with which cargo asks one sparse index instead of all registries.

    :param crates_url: of the index, with a slash at its end, and with a login if it needs one: cargo reads no netrc.
    :param registries: the further registries to replace.
    """
    replaced = _replaced(registries)
    return _written(replaced, _INDEX, {"registry": f"sparse+{crates_url}"})


def config_of_folder(
    place: str, *, unpacked: bool, registries: Iterable[str] = (), commits: Iterable[GitCrate] = ()
) -> bytes:
    """Return the configuration with which cargo takes crates from a folder.

    :param place: the folder; if relative, to the folder above that of the configuration.
    :param unpacked: it has unpacked crates, as ``cargo vendor`` writes them; otherwise it is a local registry.
    :param commits: the crates of git repositories in the folder.
    """
    replaced = _replaced(registries)
    for crate in sorted(set(commits)):
        suffix = f"?{crate.query}" if crate.query else ""
        replaced[f"git+{crate.url}{suffix}"] = {"git": crate.url} | _reference(crate.query)
    return _written(replaced, _FOLDER, {"directory" if unpacked else "local-registry": place})


def _replaced(registries: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the tables of the registries to replace, by the names of their sources."""
    return {"crates-io": {}} | {name: {"registry": _index_of(name)} for name in registries}


def _index_of(registry: str) -> str:
    """Return a registry as a configuration spells it: only the sparse protocol has a prefix there."""
    return registry.removeprefix("registry+")


def _reference(query: str) -> dict[str, str]:
    kind, _, value = query.partition("=")
    return {kind: value} if kind in ("branch", "tag", "rev") else {}


def _written(replaced: Mapping[str, Mapping[str, str]], name: str, by: Mapping[str, str]) -> bytes:
    tables = [(each, {**source, "replace-with": name}) for each, source in replaced.items()]
    written = [_table(each, values) for each, values in [*tables, (name, by)]]
    return "\n".join(written).encode()


def _table(name: str, values: Mapping[str, str]) -> str:
    lines = [f"{key} = {_quoted(value)}\n" for key, value in values.items()]
    return f"[source.{name if name.replace('-', '').isalnum() else _quoted(name)}]\n{''.join(lines)}"


def _quoted(text: str) -> str:
    """Return a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
