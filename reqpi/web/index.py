"""The index of an address: pages, files and metadata.

Clients request these thousands of times, so it is a plain resource: klein's routing would halve the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from attrs import evolve
from packaging.utils import canonicalize_name
from twisted.web.resource import Resource
from twisted.web.server import Request

from reqpi.core import simple
from reqpi.core.address_page import page_here
from reqpi.core.errors import NotServed
from reqpi.core.model import Commitment, File, Page
from reqpi.core.provenance.objects import MEDIA_TYPE
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import RENDERED_LINKS
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.variants import VariantsOfReleases
from reqpi.web.http.answers import answer_with, send_representation
from reqpi.web.http.file_body import send_response
from reqpi.web.http.headers import header, listed
from reqpi.web.http.ready_answers import ANY_TYPE, ReadyAnswers
from reqpi.web.http.representation import IMMUTABLE, WITHHELD, Representation

__all__ = ["IndexListener", "IndexResource"]

_SMALL = 1 << 17
"""Bytes of a file, at most, that is kept in memory."""

_Key = tuple[str, str, str, str]
"""An address, a project (empty for the listing), a content type, and the prefix of each link."""


class IndexListener(Protocol):
    """Learns what an index is about to send in response to one request. Nothing is sent before its method returns."""

    async def page(self, page: Page) -> None:
        """Take note of a page."""

    async def file(self, file: File) -> None:
        """Take note of a file, with its size in bytes."""

    async def metadata(self, file: File, metadata: bytes) -> None:
        """Take note of the core metadata of a wheel."""

    async def provenance(self, file: File, provenance: bytes) -> None:
        """Take note of the provenance object of a file."""

    def not_refused(self) -> None:
        """Take note that the request, which was refused, did not count: it was pip's check of itself."""


class IndexResource(Resource):
    """``/<address>/simple/`` and everything below it. Its methods get the rest of the path in decoded segments.

    :param rendered_bytes: memory for rendered pages.
    :param variants: the files that describe variant wheels.
    """

    isLeaf = True

    def __init__(
        self, shelf: Shelf, ready_answers: ReadyAnswers, rendered_bytes: int, variants: VariantsOfReleases
    ) -> None:
        super().__init__()
        self._variants = variants
        self._shelf = shelf
        self._ready_answers = ready_answers
        self._rendered: DerivedCache[Representation] = DerivedCache(rendered_bytes)
        self._rendering: SingleFlight[Representation] = SingleFlight()
        shelf.on_metadata_difference(ready_answers.clear)
        shelf.denials.changed.append(ready_answers.clear)

    def answer(self, request: Request, address: str, rest: list[str]) -> int:
        """Answer ``/<address>/simple/<rest…>``."""
        return answer_with(request, partial(self._answer, request, address, rest))

    async def _answer(self, request: Request, address: str, rest: list[str]) -> None:
        await self.send(request, await self._shelf.commitment(address), rest)

    async def send(
        self, request: Request, commitment: Commitment, rest: list[str], listener: IndexListener | None = None
    ) -> None:
        """Answer a request for ``simple/<rest…>``, wherever that is.

        :param listener: learns what is about to be sent.
        """
        match rest:
            case []:
                await self._listing(request, commitment)
            case [project]:
                await self._page(request, commitment, project, listener)
            case [project, filename] if filename.endswith(".metadata"):
                await self.metadata(request, commitment, project, filename.removesuffix(".metadata"), listener)
            case [project, filename] if filename.endswith(".provenance"):
                await self.provenance(request, commitment, project, filename.removesuffix(".provenance"), listener)
            case [project, filename] if filename.endswith("-variants.json"):
                await self.variants(request, commitment, project, filename)
            case [project, filename]:
                await self.file(request, commitment, project, filename, listener)
            case _:
                raise NotServed("no such path", "Nothing is below a file: the path is <project>/<filename> at most.")

    async def _listing(self, request: Request, commitment: Commitment) -> None:
        content_type = simple.choose(listed(request, "Accept"))
        key = (commitment.address, "", content_type, _prefix(request, "simple"))
        render = simple.index_json if content_type == simple.V1_JSON else simple.index_html
        many = len(commitment.lock.projects)
        shown = await self._text(key, commitment, many, partial(render, commitment.lock.projects))
        self._send(request, commitment, content_type, shown)

    async def _page(
        self, request: Request, commitment: Commitment, name: str, listener: IndexListener | None = None
    ) -> None:
        if canonicalize_name(name) == "pip" and "pip" not in commitment.lock.projects:
            self._refuse_pip(request, commitment, listener)
        page = await self._shelf.page(commitment, name)
        if listener is not None:
            await listener.page(page)
        content_type = simple.choose(listed(request, "Accept"))
        key = (commitment.address, page.project, content_type, _prefix(request, page.project))
        render = simple.page_json if content_type == simple.V1_JSON else simple.page_html
        shown = await self._text(key, page, len(page.files), partial(page_here, render, page))
        self._send(request, commitment, content_type, shown, page.project)

    def _refuse_pip(self, request: Request, commitment: Commitment, listener: IndexListener | None) -> None:
        """Refuse a pip that the lock does not pin, unless pip checks for a newer version of itself.

        Such a check is not counted as a refusal; if it is recognised later, the count is taken back.

        :raises reqpi.core.errors.NotServed: it is pip's check of itself.
        """
        site: Any = request.site
        if site.self_checks.is_one(request):
            raise NotServed(f"pip is not in lock {commitment.short}")

        def undo() -> None:
            self._shelf.forget_refusal(commitment.address, canonicalize_name("pip"))
            if listener is not None:
                listener.not_refused()

        site.self_checks.may_be_one(request, undo)

    def _send(self, request: Request, commitment: Commitment, variant: str, shown: Representation, *below: str) -> None:
        """Send a representation, and keep it as a ready answer.

        :param variant: its content type, if it is one of several representations; otherwise :data:`ANY_TYPE`.
        :param below: its path below ``simple``, as a client spells it that normalises names.
        """
        path = "/".join(["", commitment.address, "simple", *below])
        # A client can invent any number of other spellings: they are answered, and not remembered.
        if request.uri.decode("latin-1").replace("%2B", "+") in (path, f"{path}/"):
            self._ready_answers.put(request.uri, self._shelf.lease(commitment), variant, shown)
        request.write(send_representation(request, shown))

    async def _text(
        self, key: _Key, source: Commitment | Page, many: int, render: Callable[..., bytes]
    ) -> Representation:
        """Return a rendered page, from the cache if it is there.

        :param source: the lock or page that it is rendered from: a lock that was removed and committed again may have
            another page.
        :param many: number of links.
        """
        cached = self._rendered.get(source, key)
        if cached is not None:
            return cached
        return await self._rendering.do((key, id(source)), partial(self._render, key, source, many, render))

    async def _render(
        self, key: _Key, source: Commitment | Page, many: int, render: Callable[..., bytes]
    ) -> Representation:
        content_type, prefix = key[2:]
        caching = WITHHELD if isinstance(source, Page) and source.withheld else IMMUTABLE
        shown = await RENDERED_LINKS.run(many, _represent, render, content_type, prefix, caching)
        self._rendered.put(source, key, shown, shown.weight)
        return shown

    async def file(
        self,
        request: Request,
        commitment: Commitment,
        name: str,
        filename: str,
        listener: IndexListener | None = None,
    ) -> None:
        """Send a file, if the lock admits it."""
        file_response = await self._shelf.file(commitment, name, filename)
        if listener is not None:
            await listener.file(evolve(file_response.file, size=file_response.size))
        sha256 = str(file_response.file.sha256)
        # A file that is still being downloaded has no link yet, though it may have one soon.
        whole = file_response.whole if file_response.link is None and file_response.size <= _SMALL else None
        if whole is not None and not header(request, "Range"):
            shown = Representation(await whole(), "application/octet-stream", ranges=True, digest=sha256)
            self._send(request, commitment, ANY_TYPE, shown, file_response.file.project, filename)
            return
        await send_response(request, file_response)

    async def variants(self, request: Request, commitment: Commitment, name: str, filename: str) -> None:
        """Send the file that describes the variant wheels of a release.

        A receipt does not list it: all of it is in the wheels, which are recorded when they are taken.
        """
        data = await self._variants.of(commitment, name, filename)
        shown = Representation(data, "application/json")
        body = send_representation(request, shown)
        request.setHeader("Cache-Control", "no-cache")  # the operator may deny a wheel, or admit it again
        request.write(body)

    async def metadata(
        self,
        request: Request,
        commitment: Commitment,
        name: str,
        filename: str,
        listener: IndexListener | None = None,
    ) -> None:
        """Send the core metadata of a wheel, if the lock admits the wheel."""
        metadata = await self._shelf.metadata(commitment, name, filename)
        if listener is not None:
            page = await self._shelf.page(commitment, name)
            await listener.metadata(page.by_filename[filename], metadata)
        settled = await self._shelf.is_settled(commitment, name, filename)
        shown = Representation(metadata, "application/octet-stream")
        if settled:
            self._send(request, commitment, ANY_TYPE, shown, canonicalize_name(name), f"{filename}.metadata")
        else:
            body = send_representation(request, shown)
            request.setHeader("Cache-Control", "no-cache")  # the wheel may contain other metadata
            request.write(body)

    async def provenance(
        self,
        request: Request,
        commitment: Commitment,
        name: str,
        filename: str,
        listener: IndexListener | None = None,
    ) -> None:
        """Send the provenance object of a file, if the lock admits the file."""
        provenance = await self._shelf.provenance.object(commitment, name, filename)
        if listener is not None:
            page = await self._shelf.page(commitment, name)
            await listener.provenance(page.by_filename[filename], provenance)
        shown = Representation(provenance, MEDIA_TYPE)
        self._send(request, commitment, ANY_TYPE, shown, canonicalize_name(name), f"{filename}.provenance")


def _prefix(request: Request, here: str) -> str:
    """Return the prefix that relative links need on a page whose URL has no slash at its end."""
    return "" if (request.path or b"").endswith(b"/") else f"{here}/"


def _represent(render: Callable[..., bytes], content_type: str, prefix: str, caching: str) -> Representation:
    charset = "; charset=utf-8" if content_type == simple.HTML else ""
    shown = Representation(render(prefix=prefix), content_type + charset, page=True, caching=caching)
    shown.prepare()
    return shown
