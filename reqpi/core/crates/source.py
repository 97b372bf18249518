"""The source of crates, as the shelf sees it, and a crate as a file that the shelf can fetch and verify."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from urllib.parse import quote, unquote

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.crates.index import DownloadTemplate, IndexLine
from reqpi.core.crates.model import Crate
from reqpi.core.interfaces import FileSource
from reqpi.core.model import Digest, File

__all__ = ["CrateSource", "RegistryPlace", "crate_at", "file_of"]

_KIND = "crate+"


@frozen
class RegistryPlace:
    """The place where a registry is.

    :param index: the URL of its sparse index, without a login.
    :param files: where its crates are.
    """

    index: str
    files: DownloadTemplate


class CrateSource(FileSource, Protocol):
    """The registries that crates come from. As a source of files, it sends those that :func:`file_of` returns."""

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        """Return the lines of a crate in a registry, by version.

        :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`.
        :param versions: those that should be there. A cached index file that lacks one of them is not used.
        :raises reqpi.core.errors.NotFound: the registry has no such crate.
        :raises reqpi.core.errors.UpstreamTrouble: the registry cannot be asked.
        """

    async def whole(self, name: str, registry: str) -> bytes:
        """Return the index file of a crate as a registry has it now, with all of its releases.

        :param name: in lower case; the file may spell it in another way.
        :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`.
        :raises reqpi.core.errors.NotFound: the registry has no such crate.
        :raises reqpi.core.errors.UpstreamTrouble: the registry cannot be asked.
        """

    async def place(self, registry: str) -> RegistryPlace:
        """Return where a registry is.

        :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`.
        :raises reqpi.core.errors.UpstreamTrouble: the registry cannot be asked.
        """

    def name(self, registry: str) -> str:
        """Return the name of a registry in the limits of a token: of the operator's option, or its host.

        :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`; or the URL of the archive of a commit.
        """

    async def has_login(self, registry: str) -> bool:
        """Return whether the server has a login for a registry. No request is made.

        :param registry: as :attr:`reqpi.core.crates.model.Crate.registry`; or the URL of the archive of a commit.
        """

    def reveals(self, registry: str) -> bool:
        """Return whether a client may be told which releases a registry lists, and with which digests.

        If the server has a login for the registry, only crates that a Cargo.lock admits are known to clients.

        :param registry: one that was asked before, as :attr:`reqpi.core.crates.model.Crate.registry`.
        """


def file_of(crate: Crate) -> File:
    """Return a crate as a file, whose URL :func:`crate_at` reads.

    The URL at its registry is not known before the registry is asked for its configuration.
    """
    try:
        version = Version(crate.version)
    except InvalidVersion:
        version = Version("0")
    return File(
        filename=crate.filename,
        project=canonicalize_name(crate.name),
        version=version,
        version_text=crate.version,
        wheel=False,
        url=f"{_KIND}{quote(crate.name, safe='')}/{quote(crate.version, safe='')}/{crate.sha256}",
        digests=frozenset({Digest("sha256", crate.sha256)}),
        index=crate.registry,
        listed=False,
    )


def crate_at(url: str, registry: str) -> Crate:
    """Return the crate that a URL of :func:`file_of` names."""
    name, version, sha256 = map(unquote, url.removeprefix(_KIND).split("/"))
    return Crate(name, version, sha256, registry)
