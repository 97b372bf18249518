"""Reading of a sparse registry of crates: the paths of its index, its lines, its config.json.

Source: https://doc.rust-lang.org/cargo/reference/registry-index.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from reqpi.core.crates.model import Crate
from reqpi.core.crates.registry_names import registry_named

__all__ = [
    "DownloadTemplate",
    "IndexLine",
    "RegistryConfig",
    "index_path",
    "read_config",
    "read_index",
    "read_open_index",
]

LARGEST_INDEX = 16 << 20
"""Bytes of the index of one crate: the largest known ones have 2 MiB."""

LARGEST_LINE = 1 << 20
"""Bytes of one line. A longer one is ignored."""

LARGEST_CONFIG = 1 << 16

_MARKERS = re.compile(r"\{(crate|version|prefix|lowerprefix|sha256-checksum)\}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


def index_path(name: str) -> str:
    """Return the path of a crate in an index: ``1/a``, ``2/ab``, ``3/a/abc``, ``ab/cd/abcd``; lower case."""
    return f"{_prefix(name.lower())}/{name.lower()}"


def _prefix(name: str) -> str:
    if len(name) < 3:
        return str(len(name))
    return f"3/{name[0]}" if len(name) == 3 else f"{name[:2]}/{name[2:4]}"


@frozen
class IndexLine:
    """One release in the index of a crate.

    :param vers: its version.
    :param cksum: the sha256 of its file that the registry claims: 64 lower-case hex digits.
    :param text: the line as the registry spells it, without its line break.
    :param name: of the crate, as the registry spells it.
    """

    vers: str
    cksum: str
    text: str
    name: str = field(default="", eq=False)


def read_index(body: bytes, name: str) -> Mapping[str, IndexLine]:
    """Return the lines of the index of a crate by version. Lines that are not valid or of another name are ignored.

    :param body: at most :data:`LARGEST_INDEX` bytes.
    """
    return _by_version(body, lambda said: said.get("name") == name)


def read_open_index(body: bytes, name: str, registries: Collection[str]) -> Mapping[str, IndexLine]:
    """Return the lines of the index of a crate by version, for a client that may choose any release.

    Lines are ignored that are not valid, of another name, or name a registry that the client may not ask.

    :param body: at most :data:`LARGEST_INDEX` bytes.
    :param name: in lower case; the lines may spell it in another way.
    :param registries: those that it may ask, as :attr:`reqpi.core.crates.model.Crate.registry`.
    """
    return _by_version(body, lambda said: str(said.get("name")).lower() == name and _asks_only(said, registries))


def _asks_only(said: Mapping[str, Any], registries: Collection[str]) -> bool:
    """Return whether the dependencies in a line come from these registries, or from the one that lists it."""
    deps = said.get("deps")
    named = [each.get("registry") if isinstance(each, dict) else 0 for each in deps] if isinstance(deps, list) else [0]
    return all(each is None or (isinstance(each, str) and registry_named(each) in registries) for each in named)


def _by_version(body: bytes, wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, IndexLine]:
    found: dict[str, IndexLine] = {}
    for line in body.split(b"\n"):
        read = _line(line, wanted)
        if read:
            found.setdefault(read.vers, read)
    return found


def _line(line: bytes, wanted: Callable[[Mapping[str, Any]], bool]) -> IndexLine | None:
    if not line.strip() or len(line) > LARGEST_LINE:
        return None
    try:
        text = line.decode("utf-8").strip()
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not wanted(said):
        return None
    vers, cksum = said.get("vers"), said.get("cksum")
    if not isinstance(vers, str) or not isinstance(cksum, str) or not _CHECKSUM.fullmatch(cksum):
        return None
    return IndexLine(vers, cksum, text, str(said["name"]))


@frozen
class DownloadTemplate:
    """The ``dl`` of a registry: a prefix, or a template.

    :param dl: for example ``https://host/crates`` or ``https://host/{crate}/{crate}-{version}.crate``.
    """

    dl: str

    def url(self, crate: Crate) -> str:
        """Return the URL of the file of a crate."""
        if not _MARKERS.search(self.dl):
            return f"{self.dl}/{crate.name}/{crate.version}/download"
        values = {
            "crate": crate.name,
            "version": crate.version,
            "prefix": _prefix(crate.name),
            "lowerprefix": _prefix(crate.name.lower()),
            "sha256-checksum": crate.sha256,
        }
        return _MARKERS.sub(lambda found: quote(values[found[1]], safe="/+"), self.dl)


@frozen
class RegistryConfig:
    """The config.json of a registry.

    :param dl: where files are.
    :param api: the URL of its web API; empty if it has none.
    :param auth_required: every request needs a login.
    """

    dl: DownloadTemplate
    api: str = ""
    auth_required: bool = False


def read_config(body: bytes) -> RegistryConfig:
    """Return the content of a config.json.

    :raises ValueError: it is not valid; the message says why.
    """
    if len(body) > LARGEST_CONFIG:
        raise ValueError(f"config.json is larger than {LARGEST_CONFIG} bytes")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("config.json is not JSON") from None
    dl = said.get("dl") if isinstance(said, dict) else None
    if not isinstance(dl, str) or not dl:
        raise ValueError("config.json has no `dl`")
    api = said.get("api")
    return RegistryConfig(DownloadTemplate(dl), api if isinstance(api, str) else "", said.get("auth-required") is True)
