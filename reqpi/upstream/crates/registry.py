"""The sparse registry at one URL: its configuration, and the index file of each crate."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import field, frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core.crates.index import LARGEST_INDEX, IndexLine, RegistryConfig, index_path, read_config, read_index
from reqpi.core.crates.model import Crate
from reqpi.core.crates.source import RegistryPlace
from reqpi.core.errors import WrongPage
from reqpi.core.interfaces import Transfer
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.offload import INDEX_PAGE
from reqpi.upstream.allowed.credentials import split_credentials
from reqpi.upstream.allowed.hosts import host_and_port
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.crates.bounded import BoundedTransfer
from reqpi.upstream.documents import IndexDocuments, SentDocument
from reqpi.upstream.http.client import HttpClient
from reqpi.upstream.page_cache import PageCache
from reqpi.upstream.transfer import open_file

__all__ = ["IndexFile", "SparseRegistry"]

_CONFIG = "config.json"

_CONFIG_LASTS = 600.0
"""Seconds for which the configuration of a registry is used. Each crate that is fetched would need it otherwise."""

_OVERHEAD = 500
"""Bytes of memory of a cached file in addition to its content."""


@frozen
class IndexFile:
    """A file of a registry, as it was sent."""

    data: bytes = field(repr=False)

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""
        return len(self.data) + _OVERHEAD


class SparseRegistry:
    """The registry at one URL.

    :param url: without a user and password.
    :param clock: for pauses and the age of cached files.
    :param cache: is shared with other registries.
    :param permit: what requests for its files and its crates may use.
    """

    def __init__(
        self, url: str, http: HttpClient, clock: IReactorTime, cache: PageCache[IndexFile], permit: Permit
    ) -> None:
        self.name = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._permit = permit
        self._documents = IndexDocuments(self.name, http, clock, cache, permit, accept="*/*")
        self._config: tuple[RegistryConfig, float] | None = None

    async def lines(self, name: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        """Return the lines of a crate by version.

        :param versions: those that should be there. A cached file without one of them is not used.
        :raises reqpi.core.errors.NotFound: the registry has no such crate.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be asked.
        """
        path = index_path(name)
        cached = self._documents.cached(path)
        if cached is not None:
            known = await self._read(cached.listing, name)
            if not known.keys() >= set(versions):
                self._documents.forget(path)
            elif self._documents.is_fresh(cached):
                return known
        return await self._read(await self._documents.current(path, f"{self.name}/{path}", _received), name)

    async def whole(self, name: str) -> bytes:
        """Return the index file of a crate, in which its name may be spelled in any letter case.

        It raises the errors of :meth:`lines`.
        """
        path = index_path(name)
        cached = self._documents.cached(path)
        if cached is not None and self._documents.is_fresh(cached):
            return cached.listing.data
        return (await self._documents.current(path, f"{self.name}/{path}", _received)).data

    async def place(self) -> RegistryPlace:
        """Return where the registry is, by its configuration.

        :raises reqpi.core.errors.UpstreamTrouble: it cannot be asked.
        """
        return RegistryPlace(self.name, (await self._configuration()).dl)

    async def open(self, crate: Crate, start: int, stop: int | None, etag: str | None) -> Transfer:
        """Begin to download a crate; see :meth:`reqpi.core.interfaces.Upstream.open`."""
        config = await self._configuration()
        url = self._location(config, crate)
        transfer = await open_file(self._http, url, start, stop, etag=etag, permit=self._permit)
        return BoundedTransfer(crate.filename, transfer)

    def _location(self, config: RegistryConfig, crate: Crate) -> str:
        """Return the URL of a crate, without a login that the registry may have written into it."""
        try:
            url, _ = split_credentials(config.dl.url(crate))
            host_and_port(url)
        except ValueError as error:
            where = f"The `dl` of its config.json gives no valid URL for {crate.filename}."
            raise WrongPage(f"the configuration of {as_shown(self.name)} cannot be used", where) from error
        return url

    async def _configuration(self) -> RegistryConfig:
        if self._config is None or self._clock.seconds() - self._config[1] >= _CONFIG_LASTS:
            file = await self._documents.current(_CONFIG, f"{self.name}/{_CONFIG}", _received)
            self._config = self._read_config(file), self._clock.seconds()
        return self._config[0]

    def _read_config(self, file: IndexFile) -> RegistryConfig:
        try:
            return read_config(file.data)
        except ValueError as error:
            raise WrongPage(f"the configuration of {as_shown(self.name)} cannot be used", f"{error}.") from error

    async def _read(self, file: IndexFile, name: str) -> Mapping[str, IndexLine]:
        return await INDEX_PAGE.run(len(file.data), read_index, file.data, name)


def _received(sent: SentDocument) -> IndexFile:
    data = sent.decoded()
    if len(data) > LARGEST_INDEX:
        raise WrongPage("an index file is too large", f"{as_shown(sent.url)} has more than {LARGEST_INDEX} bytes.")
    return IndexFile(data)
