"""The index under an address: pages, files and metadata.

This is what clients ask for thousands of times, so it is a plain resource: klein's routing would halve its rate.
"""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from reqpi import simple
from reqpi.errors import NotServed
from reqpi.model import Commitment, Page
from reqpi.recent import Recent
from reqpi.shelf import Shelf
from reqpi.web import problems
from reqpi.web.answers import Representation, send_file, send_representation

__all__ = ["Index"]

_RENDERED_BYTES = 32 << 20

_VARY = "Accept, Accept-Encoding"

_log = Logger()

_Rendered = tuple[Page | None, Representation]
"""A representation, and the page it was rendered from: a lock that was removed and committed again may have another."""


class Index(Resource):
    """``/<address>/simple/`` and all below it. What is asked for is the rest of the path, in decoded segments."""

    isLeaf = True

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf
        self._rendered: Recent[tuple[str, ...], _Rendered] = Recent(_RENDERED_BYTES)

    def answer(self, request: Request, address: str, rest: list[str]) -> int:
        """Answer ``/<address>/simple/<rest…>``."""
        if request.method not in (b"GET", b"HEAD"):
            request.write(problems.send(request, problems.not_allowed("GET, HEAD")))
            request.finish()
            return NOT_DONE_YET
        answered = Deferred.fromCoroutine(self._answer(request, address, rest))
        gone = request.notifyFinish()
        gone.addErrback(lambda _: answered.cancel())
        answered.addCallbacks(lambda _: request.finish(), partial(_failed, request))
        answered.addErrback(lambda failure: _log.failure("fault while answering", failure))
        return NOT_DONE_YET

    async def _answer(self, request: Request, address: str, rest: list[str]) -> None:
        commitment = await self._shelf.commitment(address)
        match rest:
            case []:
                request.write(self._listing(request, commitment))
            case [project]:
                request.write(await self._page(request, commitment, project))
            case [project, filename] if filename.endswith(".metadata"):
                await self._metadata(request, commitment, project, filename.removesuffix(".metadata"))
            case [project, filename]:
                await self._file(request, commitment, project, filename)
            case _:
                raise NotServed("no such path", "An index has projects, and a project has files.")

    def _listing(self, request: Request, commitment: Commitment) -> bytes:
        content_type = simple.choose(request.getHeader("Accept"))
        key = (commitment.address, content_type)
        kept = self._rendered.get(key)
        if kept is None:
            render = simple.index_json if content_type.endswith("json") else simple.index_html
            kept = self._keep(key, None, render(list(commitment.lock.projects)), content_type)
        return send_representation(request, kept[1], _VARY)

    async def _page(self, request: Request, commitment: Commitment, name: str) -> bytes:
        page = await self._shelf.page(commitment, name)
        content_type = simple.choose(request.getHeader("Accept"))
        key = (commitment.address, page.project, content_type)
        kept = self._rendered.get(key)
        if kept is None or kept[0] is not page:
            render = simple.page_json if content_type.endswith("json") else simple.page_html
            kept = self._keep(key, page, render(page), content_type)
        return send_representation(request, kept[1], _VARY)

    def _keep(self, key: tuple[str, ...], page: Page | None, body: bytes, content_type: str) -> _Rendered:
        charset = "; charset=utf-8" if content_type == simple.HTML else ""
        shown = Representation(body, content_type + charset)
        self._rendered.put(key, (page, shown), shown.weight)
        return page, shown

    async def _file(self, request: Request, commitment: Commitment, name: str, filename: str) -> None:
        delivery = await self._shelf.file(commitment, name, filename)
        request.setHeader("Content-Type", "application/octet-stream")
        await send_file(request, delivery.size, f'"{delivery.file.sha256}"', delivery.read)

    async def _metadata(self, request: Request, commitment: Commitment, name: str, filename: str) -> None:
        metadata = await self._shelf.metadata(commitment, name, filename)
        request.write(send_representation(request, Representation(metadata, "application/octet-stream")))


def _failed(request: Request, failure: Failure) -> None:
    if failure.check(CancelledError) or request._disconnected:
        return
    if request.startedWriting:
        # The status line is gone. The connection was cut where the body failed.
        _log.warn("{path!r} was cut off: {reason}", path=request.path, reason=failure.getErrorMessage())
        return
    request.write(problems.respond(request, failure))
    request.finish()
