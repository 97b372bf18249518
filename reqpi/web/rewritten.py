"""Locks whose URLs point here, and files at their original URLs: for clients that do not ask an index."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from twisted.web.server import Request

from reqpi.core.errors import DeniedByOperator, NotAdmitted, NotServed, UpstreamTrouble
from reqpi.core.model import Commitment, File, Page
from reqpi.core.original_urls import FileUrl, Originals, SourceUrl, source_on
from reqpi.core.rewritten_lock import CannotRewrite, rewritten_lock
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf
from reqpi.web.http.answers import answer_with, send_representation
from reqpi.web.http.representation import Representation, prepared
from reqpi.web.index import IndexResource
from reqpi.web.public_url import PublicUrl

__all__ = ["OriginalFiles", "RewrittenLocks"]

_TABLES = 16 << 20
"""Bytes of tables of original URLs in memory, estimated: about 16,000 files, or those of a larger lock alone."""


class RewrittenLocks:
    """The lock of an address with its URLs below the address.

    :param exports: those that were written before, each by its address and kind.
    """

    def __init__(self, shelf: Shelf, exports: DerivedCache[Representation], base: PublicUrl) -> None:
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
        shown = self._exports.get(commitment, key)
        if shown is None:
            written = await _written(document, name, here)
            shown = await in_thread(prepared, lambda: written, "application/toml", self._base.caching)
            self._exports.put(commitment, key, shown, shown.weight)
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
        self._known: DerivedCache[Originals] = DerivedCache(_TABLES)
        self._reading: SingleFlight[Originals] = SingleFlight()

    def answer(self, request: Request, address: str, rest: list[str]) -> int:
        """Answer ``/<address>/files/<rest…>``."""
        return answer_with(request, partial(self._answer, request, address, rest))

    async def _answer(self, request: Request, address: str, rest: list[str]) -> None:
        commitment = await self._shelf.commitment(address)
        query = (request.uri or b"").partition(b"?")[2].decode("latin-1")
        url = f"https://{rest[0] if rest else ''}/{'/'.join(map(quote, rest[1:]))}"
        found = (
            None if not rest or "@" in rest[0] else await self._found(commitment, f"{url}?{query}" if query else url)
        )
        if found is None:
            await self._check_denied(commitment, url)
            raise NotAdmitted(
                f"no file of lock {commitment.short} has this original URL",
                f"/{commitment.address}/files.json lists its files with their URLs.",
            )
        file, metadata = found
        answer = self._index.metadata if metadata else self._index.file
        await answer(request, commitment, file.project, file.filename)

    async def _found(self, commitment: Commitment, url: str) -> tuple[File, bool] | None:
        """Return the file at a URL, and whether the URL is that of its core metadata; ``None`` if there is none."""
        originals = await self._originals_of(commitment)
        asked = originals.meaning(url)
        match asked:
            case FileUrl(_, projects, metadata):
                pages = [await self._shelf.page(commitment, project) for project in projects]
                files = [originals.file_on(asked, page) for page in pages]
            case SourceUrl(pin, metadata):
                files = [source_on(pin, await self._shelf.page(commitment, pin.project))]
            case _:
                files, metadata = [], False
        found = next((file for file in files if file is not None), None)
        if found is not None:
            return found, metadata
        if isinstance(asked, FileUrl) and originals.has(asked):
            await self._shelf.file(commitment, asked.projects[0], asked.filename)  # it says why this is not admitted
        return await self._found_on_any_page(commitment, originals, url)

    async def _check_denied(self, commitment: Commitment, url: str) -> None:
        """Check that no file with this URL is left out because the operator denies it.

        :raises reqpi.core.errors.DeniedByOperator: one is.
        """
        originals = await self._originals_of(commitment)
        for file, _ in await self._shelf.withheld(commitment, commitment.lock.projects):
            if originals.found_on(url, [Page(file.project, (file,))]) is not None:
                await self._shelf.file(commitment, file.project, file.filename)

    async def _found_on_any_page(
        self, commitment: Commitment, originals: Originals, url: str
    ) -> tuple[File, bool] | None:
        """Return what :meth:`_found` does, for a URL that does not end in the name of its file."""
        try:
            return await in_thread(originals.found_on, url, (await self._shelf.pages(commitment)).values())
        except (DeniedByOperator, UpstreamTrouble):
            # Files of the projects that are frozen are served all the same.
            pages = await self._shelf.frozen(commitment, commitment.lock.projects)
            found = await in_thread(originals.found_on, url, pages.values())
            if found is None:
                raise
            return found

    async def _originals_of(self, commitment: Commitment) -> Originals:
        known = self._known.get(commitment, commitment.address)
        if known is not None:
            return known
        key = (commitment.address, id(commitment))
        return await self._reading.do(key, partial(self._read, commitment))

    async def _read(self, commitment: Commitment) -> Originals:
        originals = Originals(commitment.lock)
        await in_thread(originals.prepare)
        # Those of a large lock are kept alone.
        self._known.put(commitment, commitment.address, originals, min(originals.weight, _TABLES))
        return originals
