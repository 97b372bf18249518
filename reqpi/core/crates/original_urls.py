"""Recognise the original URLs of crates: the configuration of a registry, a file of its index, a crate, or nothing.

Nothing is decided here: the name, the version and the digest then go to the predicate about crates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attrs import frozen

from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.index import DownloadTemplate
from reqpi.core.crates.model import Crate
from reqpi.core.crates.registry_names import DEFAULT_INDEX
from reqpi.core.original_urls import Place

__all__ = ["ConfigUrl", "CrateUrl", "IndexFileUrl", "crates_by_place", "index_of", "may_have", "meaning_below"]

_SCHEME = re.compile(r"(?:registry|sparse)\+")
_CONFIG = ("config.json",)

_LONGEST = 2048
"""Characters of a template, and of a URL that it gives. Longer ones are not recognised: there may be 100,000."""


@frozen
class ConfigUrl:
    """The configuration of a registry."""


@frozen
class IndexFileUrl:
    """A file in the index of a registry.

    :param key: the :func:`~reqpi.core.crates.cargo_config.registry_key` of the registry.
    :param path: ``("se", "rd", "serde")``.
    """

    key: str
    path: tuple[str, ...]


@frozen
class CrateUrl:
    """The file of a crate.

    :param filename: ``<sha256>.crate``.
    """

    name: str
    version: str
    filename: str


def index_of(registry: str) -> str:
    """Return the URL of the index of a registry, as a lock has it; for the default one, that which cargo has built in.

    :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`.
    """
    return _SCHEME.sub("", registry, count=1) if registry else DEFAULT_INDEX


def meaning_below(place: Place, index: str, registry: str) -> ConfigUrl | IndexFileUrl | CrateUrl | None:
    """Return the meaning of a place below the index of a registry; ``None`` if it has none.

    :param index: the URL of the index. Its crates are at ``dl`` below it, where our configuration says that they are.
    """
    top = Place.of(index)
    rest = place.below(top) if top is not None and not place.query else None
    match rest:
        case None | ():
            return None
        case ("dl", name, version, filename):
            return CrateUrl(name, version, filename)
        case _:
            return ConfigUrl() if rest == _CONFIG else IndexFileUrl(registry_key(registry), rest)


def may_have(template: DownloadTemplate, place: Place) -> bool:
    """Return whether a place is on the host that has the crates of a registry."""
    if len(template.dl) > _LONGEST:
        return False
    one, other = (Place.of(template.url(Crate(name, "1.0.0", "0" * 64))) for name in ("abcd", "efgh"))
    if one is None or other is None:
        return False
    return one.host != other.host or one.host == place.host


def crates_by_place(template: DownloadTemplate, crates: Iterable[Crate]) -> Mapping[Place, tuple[Crate, ...]]:
    """Return crates of a registry by the place of their files; several, if they differ in the digest alone."""
    found: dict[Place, tuple[Crate, ...]] = {}
    for crate in crates:
        url = template.url(crate)
        place = Place.of(url) if len(url) <= _LONGEST else None
        if place is not None:
            found[place] = (*found.get(place, ()), crate)
    return found
