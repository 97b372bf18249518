"""The index under an address: pages, files and metadata.

This is what clients ask for thousands of times, so it is a plain resource: klein's routing would halve its rate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from twisted.web.server import Request

from reqpi import simple
from reqpi.errors import NotServed
from reqpi.model import Commitment, Page
from reqpi.once import Once
from reqpi.recent import Recent
from reqpi.shelf import Shelf
from reqpi.web.answering import answer_with
from reqpi.web.answers import Representation, send_elsewhere, send_file, send_page, send_representation
from reqpi.web.headers import listed

__all__ = ["Index"]

_RENDERED_BYTES = 32 << 20

_FEW_LINKS = 100
"""A page of more is rendered in a thread: 5,000 files take some tenths of a second."""

_Key = tuple[str, str, str, str]
"""An address, a project (none for the listing), a content type, and what comes before each link."""

_Rendered = tuple[Page | None, Representation]
"""A representation, and the page it was rendered from: a lock that was removed and committed again may have another."""


class Index(Resource):
    """``/<address>/simple/`` and all below it. What is asked for is the rest of the path, in decoded segments."""

    isLeaf = True

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf
        self._rendered: Recent[_Key, _Rendered] = Recent(_RENDERED_BYTES)
        self._rendering: Once[_Rendered] = Once()

    def answer(self, request: Request, address: str, rest: list[str]) -> int:
        """Answer ``/<address>/simple/<rest…>``."""
        return answer_with(request, partial(self._answer, request, address, rest))

    async def _answer(self, request: Request, address: str, rest: list[str]) -> None:
        commitment = await self._shelf.commitments.get(address)
        match rest:
            case []:
                request.write(await self._listing(request, commitment))
            case [project]:
                request.write(await self._page(request, commitment, project))
            case [project, filename] if filename.endswith(".metadata"):
                await self._metadata(request, commitment, project, filename.removesuffix(".metadata"))
            case [project, filename]:
                await self._file(request, commitment, project, filename)
            case _:
                raise NotServed("no such path", "An index has projects, and a project has files.")

    async def _listing(self, request: Request, commitment: Commitment) -> bytes:
        content_type = simple.choose(listed(request, "Accept"))
        key = (commitment.address, "", content_type, _prefix(request, "simple"))
        render = simple.index_json if content_type == simple.V1_JSON else simple.index_html
        many = len(commitment.lock.projects)
        return send_page(request, await self._text(key, None, many, partial(render, commitment.lock.projects)))

    async def _page(self, request: Request, commitment: Commitment, name: str) -> bytes:
        page = await self._shelf.page(commitment, name)
        content_type = simple.choose(listed(request, "Accept"))
        key = (commitment.address, page.project, content_type, _prefix(request, page.project))
        render = simple.page_json if content_type == simple.V1_JSON else simple.page_html
        return send_page(request, await self._text(key, page, len(page.files), partial(render, page)))

    async def _text(self, key: _Key, page: Page | None, many: int, render: Callable[..., bytes]) -> Representation:
        """A page of so many links as it goes over the wire: rendered now, unless it was already."""
        kept = self._rendered.get(key)
        if kept is None or kept[0] is not page:
            kept = await self._rendering.do((key, id(page)), partial(self._render, key, page, many, render))
        return kept[1]

    async def _render(self, key: _Key, page: Page | None, many: int, render: Callable[..., bytes]) -> _Rendered:
        content_type, prefix = key[2:]
        work = partial(_represent, render, content_type, prefix)
        shown = work() if many <= _FEW_LINKS else await deferToThread(work)
        self._rendered.put(key, (page, shown), shown.weight)
        return page, shown

    async def _file(self, request: Request, commitment: Commitment, name: str, filename: str) -> None:
        delivery = await self._shelf.file(commitment, name, filename)
        elsewhere = await delivery.link() if delivery.link is not None and request.method == b"GET" else None
        if elsewhere is not None:
            send_elsewhere(request, elsewhere)
            return
        request.setHeader("Content-Type", "application/octet-stream")
        await send_file(request, delivery.size, f'"{delivery.file.sha256}"', delivery.read)

    async def _metadata(self, request: Request, commitment: Commitment, name: str, filename: str) -> None:
        metadata = await self._shelf.metadata(commitment, name, filename)
        request.write(send_representation(request, Representation(metadata, "application/octet-stream")))


def _prefix(request: Request, here: str) -> str:
    """What makes a relative link right for a page that was asked for without the slash at its end."""
    return "" if (request.path or b"").endswith(b"/") else f"{here}/"


def _represent(render: Callable[..., bytes], content_type: str, prefix: str) -> Representation:
    charset = "; charset=utf-8" if content_type == simple.HTML else ""
    shown = Representation(render(prefix=prefix), content_type + charset)
    shown.prepare()
    return shown
