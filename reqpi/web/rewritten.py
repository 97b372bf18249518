"""Locks whose URLs point here, and files at their original URLs: for clients that do not ask an index."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from urllib.parse import quote

from twisted.web.server import Request

from reqpi.core.errors import NotAdmitted, NotServed, UpstreamTrouble
from reqpi.core.model import Commitment, Project
from reqpi.core.original_urls import OriginalUrls
from reqpi.core.rewritten_lock import CannotRewrite, rewritten_lock
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf
from reqpi.web.http.answers import answer_with, send_representation
from reqpi.web.http.representation import Representation
from reqpi.web.index import IndexResource
from reqpi.web.public_url import PublicUrl

__all__ = ["OriginalFiles", "RewrittenLocks"]

_TABLES = 16 << 20
"""Bytes of tables of original URLs in memory, estimated: about 16,000 files, or those of a larger lock alone."""

_Reader = Callable[[Commitment], Coroutine[Any, Any, OriginalUrls]]


class RewrittenLocks:
    """The lock of an address with its URLs below the address.

    :param exports: those that were written before, each by its address and kind.
    """

    def __init__(self, shelf: Shelf, exports: DerivedCache[bytes], base: PublicUrl) -> None:
        self._shelf = shelf
        self._exports = exports
        self._base = base

    async def answer(self, request: Request, address: str, name: str) -> bytes:
        """Answer ``GET /<address>/uv.lock`` and ``/<address>/pdm.lock``.

        :param name: the format.
        :raises reqpi.core.errors.NotServed: the address has no document of this format, or more than one.
        """
        commitment = await self._shelf.commitment(address)
        document = _document(commitment, name)
        here = f"{self._base.of(request)}/{commitment.address}/"
        key = (commitment.address, name, here)
        written = self._exports.get(commitment, key)
        if written is None:
            written = await _written(document, name, here)
            self._exports.put(commitment, key, written, len(written))
        shown = Representation(written, "application/toml", caching=self._base.caching)
        return send_representation(request, shown)


async def _written(document: bytes, name: str, here: str) -> bytes:
    try:
        return (await in_thread(rewritten_lock, document, here)).document
    except CannotRewrite as error:
        raise NotServed(f"this {name} cannot be rewritten", f"The reason: {error}.") from error


def _document(commitment: Commitment, name: str) -> bytes:
    found = [document.data for document in commitment.lock.documents if document.format == name]
    if len(found) == 1:
        return found[0]
    title = f"lock {commitment.short} has {'several' if found else 'no'} {name}"
    raise NotServed(title, f"Its format is {commitment.lock.format}. Only a single uv.lock or pdm.lock is rewritten.")


class OriginalFiles:
    """``/<address>/files/<host>/<path>``: every admitted file at the path of its original URL.

    :param index: sends the file that was found, as it sends any other.
    """

    def __init__(self, shelf: Shelf, index: IndexResource) -> None:
        self._shelf = shelf
        self._index = index
        self._known: DerivedCache[OriginalUrls] = DerivedCache(_TABLES)
        self._reading: SingleFlight[OriginalUrls] = SingleFlight()

    def answer(self, request: Request, address: str, rest: list[str]) -> int:
        """Answer ``/<address>/files/<rest…>``."""
        return answer_with(request, partial(self._answer, request, address, rest))

    async def _answer(self, request: Request, address: str, rest: list[str]) -> None:
        commitment = await self._shelf.commitment(address)
        query = (request.uri or b"").partition(b"?")[2].decode("latin-1")
        url = f"https://{rest[0] if rest else ''}/{'/'.join(map(quote, rest[1:]))}"
        whole = f"{url}?{query}" if query else url
        found = await self._resolved(commitment, whole)
        if found is not None:
            await self._index.file(request, commitment, *found)
            return
        wheel = await self._resolved(commitment, url.removesuffix(".metadata")) if url.endswith(".metadata") else None
        if wheel is None:
            raise NotAdmitted(
                f"no file of lock {commitment.short} has this original URL",
                f"/{commitment.address}/files.json lists its files with their URLs.",
            )
        await self._index.metadata(request, commitment, *wheel)

    async def _resolved(self, commitment: Commitment, url: str) -> tuple[Project, str] | None:
        known = self._known.get(commitment, commitment.address)
        if known is not None:
            return known.resolve(url)
        try:
            return (await self._read(commitment, self._all)).resolve(url)
        except UpstreamTrouble:
            # Files of the projects that are frozen are served all the same.
            found = (await self._read(commitment, self._as_far_as_frozen)).resolve(url)
            if found is None:
                raise
            return found

    async def _read(self, commitment: Commitment, reader: _Reader) -> OriginalUrls:
        """Return the original URLs, read once for all who want them at the same time."""
        return await self._reading.do(
            (commitment.address, id(commitment), reader.__name__), partial(reader, commitment)
        )

    async def _all(self, commitment: Commitment) -> OriginalUrls:
        read = await in_thread(OriginalUrls, commitment, await self._shelf.pages(commitment))
        # Those of a large lock are kept alone.
        self._known.put(commitment, commitment.address, read, min(read.weight, _TABLES))
        return read

    async def _as_far_as_frozen(self, commitment: Commitment) -> OriginalUrls:
        pages = await self._shelf.frozen(commitment, commitment.lock.projects)
        return await in_thread(OriginalUrls, commitment, pages)
