"""The crates of a static tree, as a sparse registry for cargo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reqpi.core.caching import REVALIDATED
from reqpi.core.crates.cargo_config import config_of_index, config_of_registry, registry_key
from reqpi.core.crates.commits import CrateCommit, commit_document
from reqpi.core.crates.index import index_path
from reqpi.core.crates.model import Crate
from reqpi.core.static_tree.resource import BYTES, StaticResource

__all__ = [
    "commit_resources",
    "commit_url",
    "crate_resources",
    "crate_url",
    "index_url",
    "line_resources",
    "registry_resources",
]

_JSON = "application/json"


def crate_url(crate: Crate) -> str:
    """Return the path of the file of a crate below its address."""
    return f"crates/dl/{crate.name}/{crate.version}/{crate.sha256}.crate"


def index_url(registry: str, name: str) -> str:
    """Return the path of the lines of a crate below its address."""
    return f"{_registry(registry)}{index_path(name)}"


def commit_url(commit: CrateCommit) -> str:
    """Return the path of the archive of a commit, without a suffix."""
    return f"crates/git/{commit.key}/{commit.id}"


def crate_resources(crates: Iterable[Crate]) -> Iterator[StaticResource]:
    """Yield the files of crates."""
    for url, sha256 in {crate_url(crate): crate.sha256 for crate in crates}.items():
        yield StaticResource(url, url, BYTES, sha256=sha256)


def line_resources(lines: Mapping[str, bytes]) -> Iterator[StaticResource]:
    """Yield the index of crates.

    :param lines: by :func:`index_url`.
    """
    for url, body in lines.items():
        yield StaticResource(url, url, "text/plain; charset=utf-8", body, caching=REVALIDATED)


def commit_resources(archives: Mapping[CrateCommit, tuple[str, int]]) -> Iterator[StaticResource]:
    """Yield the archives of commits.

    :param archives: the sha256 and the size of each.
    """
    for commit, (sha256, size) in archives.items():
        url = commit_url(commit)
        body = commit_document(commit.filename, sha256, size)
        yield StaticResource(f"{url}.json", f"{url}.json", _JSON, body, caching=REVALIDATED)
        yield StaticResource(f"{url}.tar.gz", f"{url}.tar.gz", BYTES, sha256=sha256)


def registry_resources(registries: Iterable[str], here: str) -> Iterator[StaticResource]:
    """Yield the configurations of the registries, and the one for cargo, which have absolute URLs.

    :param here: the URL of the address, with a slash at its end.
    """
    registries = tuple(registries)
    config = config_of_registry(f"{here}crates/dl")
    for registry in dict.fromkeys(("", *registries)):
        url = f"{_registry(registry)}config.json"
        yield StaticResource(url, url, _JSON, config, caching=REVALIDATED)
    toml = config_of_index(f"{here}crates/", registries)
    yield StaticResource("cargo/config.toml", "cargo/config.toml", "application/toml", toml, caching=REVALIDATED)


def _registry(registry: str) -> str:
    key = registry_key(registry)
    return f"crates/registry/{key}/" if key else "crates/"
