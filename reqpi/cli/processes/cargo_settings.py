"""The configuration with which cargo takes crates from an address, with the login that it needs there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reqpi.client.environment import credentials_for
from reqpi.client.exchange import basic
from reqpi.client.target import target_of
from reqpi.core.crates.cargo_config import config_of_index
from reqpi.core.crates.registry_names import registry_of

if TYPE_CHECKING:
    from reqpi.core.crates.model import GitSource

__all__ = ["config_for", "registries_in"]

_SOURCE = re.compile(rb'^source = "((?:registry|sparse)\+[!-~]{1,2000})"\r?$', re.MULTILINE)
"""The source of a crate in a Cargo.lock, as cargo writes it."""


def registries_in(documents: Iterable[bytes]) -> list[str]:
    """Return the registries that Cargo.locks among these documents name, except cargo's default one."""
    named = {registry_of(found.decode()) for data in documents for found in _SOURCE.findall(data)}
    return sorted(named - {""})


def config_for(
    index_url: str, registries: Iterable[str] = (), *, commits: Iterable[GitSource] = (), commits_place: str = ""
) -> bytes:
    """Return the configuration with which cargo takes crates from an address. It has the login: keep it private.

    :param index_url: of the address, ``…/<address>/simple/``, with a login if it needs one that netrc does not have.
    :param registries: to replace beside cargo's default one.
    :param commits: the git repositories whose crates are unpacked in a folder.
    :param commits_place: that folder.
    """
    target = target_of(index_url)
    login = target.credentials or credentials_for(target.host)  # cargo reads no netrc
    crates_url = f"{target.url.removesuffix('/simple')}/crates/"
    token = basic(login) if login else ""
    return config_of_index(crates_url, registries, token, commits=commits, commits_place=commits_place)
