"""The ``config.toml`` that makes cargo take crates from one place only, instead of the registries of a Cargo.lock.

Cargo calls this source replacement. Stable versions read it from configuration files, and from no environment variable:
https://doc.rust-lang.org/cargo/reference/source-replacement.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:  # it imports attrs, which takes longer than this module does
    from reqpi.core.crates.model import GitSource


__all__ = ["COMMITS", "FOLDER", "config_of_folder", "config_of_index", "config_of_registry", "registry_key"]

_INDEX = "reqpi"
FOLDER = "vendored-sources"
COMMITS = "vendored-commits"
"""The names of sources. The second one is the name that ``cargo vendor`` gives."""

_DEFAULT: Mapping[str, str] = {}
"""The definition of cargo's default registry: cargo has it."""


def registry_key(registry: str) -> str:
    """Return the name of a registry in the URLs of an address.

    :param registry: as :attr:`~reqpi.core.crates.model.Crate.registry`; cargo's default registry has an empty name.
    """
    return sha256(registry.encode()).hexdigest()[:16] if registry else ""


def config_of_registry(place: str, *, login: bool = False) -> bytes:
    """Return the ``config.json`` of a sparse registry.

    :param place: the URL below which its crates are, without a slash at its end.
    :param login: cargo has to log in for each request.
    """
    config = {"dl": f"{place}/{{crate}}/{{version}}/{{sha256-checksum}}.crate", "auth-required": login}
    return json.dumps(config).encode() + b"\n"


def config_of_index(
    crates_url: str,
    registries: Iterable[str] = (),
    token: str = "",
    *,
    login: bool = False,
    commits: Iterable[GitSource] = (),
    commits_place: str = "",
) -> bytes:
    """Return the configuration with which cargo asks the sparse indexes of an address instead of all registries.

    :param crates_url: of the index for cargo's default registry, with a slash at its end.
    :param registries: the further registries to replace; the address has an index for each.
    :param token: the ``Authorization`` of each request; empty: none is needed, or the user has it elsewhere.
    :param login: the user has the token for the index elsewhere: in ``CARGO_REGISTRIES_REQPI_TOKEN``, or in
        ``credentials.toml``, under the name of the index.
    :param commits: the git repositories whose crates are unpacked in a folder.
    :param commits_place: that folder.
    """
    tables: list[tuple[str, Mapping[str, str]]] = []
    for registry, replaced in {"": _DEFAULT, **_replaced(registries)}.items():
        key = registry_key(registry)
        name = f"{_INDEX}-{key}" if key else _INDEX
        index = f"sparse+{crates_url}{f'registry/{key}/' if key else ''}"
        tables.append((f"source.{_key(registry or 'crates-io')}", {**replaced, "replace-with": name}))
        if token or login:
            tables.append((f"registries.{name}", {"index": index} | ({"token": token} if token else {})))
        else:
            tables.append((f"source.{name}", {"registry": index}))
    tables += _of_commits(commits, COMMITS, commits_place)
    provider = '\n[registry]\nglobal-credential-providers = ["cargo:token"]\n' if token or login else ""
    return f"{_written(tables)}{provider}".encode()


def config_of_folder(
    place: str,
    *,
    unpacked: bool,
    registries: Iterable[str] = (),
    commits: Iterable[GitSource] = (),
    commits_place: str = "",
) -> bytes:
    """Return the configuration with which cargo takes crates from a folder.

    :param place: the folder; if relative, to the folder above that of the configuration.
    :param unpacked: it has unpacked crates, as ``cargo vendor`` writes them; otherwise it is a local registry.
    :param commits: the git repositories whose crates are unpacked in a folder.
    :param commits_place: that folder; empty: the same one.
    """
    replaced = {"crates-io": _DEFAULT, **_replaced(registries)}
    tables: list[tuple[str, Mapping[str, str]]] = [
        (f"source.{_key(name)}", {**source, "replace-with": FOLDER}) for name, source in replaced.items()
    ]
    tables += _of_commits(commits, COMMITS if commits_place else FOLDER, commits_place)
    folder = (f"source.{FOLDER}", {"directory" if unpacked else "local-registry": place})
    return _written([*tables, folder]).encode()


def _of_commits(commits: Iterable[GitSource], name: str, place: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return the tables for git repositories.

    :param name: of the source that replaces them.
    :param place: the folder of that source; empty: it is there already.
    """
    tables: list[tuple[str, Mapping[str, str]]] = [
        (f"source.{_quoted(each.name)}", {"git": each.url, **_reference(each.query), "replace-with": name})
        for each in sorted(set(commits))
    ]
    return [*tables, (f"source.{name}", {"directory": place})] if tables and place else tables


def _replaced(registries: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Return the definitions of registries to replace, by the names of their sources."""
    return {name: {"registry": _index_of(name)} for name in registries if name}


def _index_of(registry: str) -> str:
    """Return a registry as a configuration spells it: only the sparse protocol has a prefix there."""
    return registry.removeprefix("registry+")


def _reference(query: str) -> dict[str, str]:
    """Return a reference as a configuration spells it. cargo decodes the query of a source in every Cargo.lock."""
    kind, _, value = query.partition("=")
    kind = "branch" if kind == "ref" else kind
    return {kind: unquote_plus(value)} if kind in ("branch", "tag", "rev") else {}


def _written(tables: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    return "\n".join(
        f"[{name}]\n{''.join(f'{key} = {_quoted(value)}' + chr(10) for key, value in values.items())}"
        for name, values in tables
    )


def _key(name: str) -> str:
    return name if name.replace("-", "").isalnum() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    """Return a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
