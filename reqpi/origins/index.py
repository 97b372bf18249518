"""A package index as an :class:`~reqpi.interfaces.Origin` (:pep:`503`, :pep:`691`)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.web.iweb import UNKNOWN_LENGTH, IAgent, IResponse

from reqpi import simple
from reqpi.errors import UpstreamTrouble
from reqpi.interfaces import Transfer
from reqpi.model import Page, Project
from reqpi.origins.body import Body
from reqpi.origins.http import Http, split_credentials

__all__ = ["Index"]

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_LARGEST_PAGE = 64 << 20
"""Bytes of a project page, decoded. The largest on the public index has some 10 MiB."""

_LARGE_PAGE = 1 << 14
"""Bytes from which a page is parsed in a thread: 16 KiB take less than 2 ms."""

_PAUSES = (0.3, 1.0)
"""Seconds before a page is asked for again."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class Index:
    """The index at one URL.

    :param url: as pip takes it for ``--index-url``; a user and password in it are sent to its own host alone.
    :param agent: see :func:`reqpi.origins.http.make_agent`.
    :param reactor: where time passes.
    """

    def __init__(self, url: str, agent: IAgent, reactor: IReactorTime) -> None:
        bare, credentials = split_credentials(url)
        self.name = bare.rstrip("/")
        self._http = Http(agent, reactor, credentials)
        self._clock = reactor

    async def page(self, project: Project) -> Page:
        """See :meth:`reqpi.interfaces.Origin.page`."""
        final, content_type, text = await self._page_text(f"{self.name}/{project}/")
        if len(text) < _LARGE_PAGE:
            return simple.read_page(text, content_type, final, project)
        return await deferToThread(simple.read_page, text, content_type, final, project)

    async def open(self, url: str, start: int = 0, stop: int | None = None) -> Transfer:
        """See :meth:`reqpi.interfaces.Origin.open`."""
        _, response, body = await self._http.get(url, _range_header(start, stop), verbatim=True)
        try:
            return _transfer(response, body)
        except UpstreamTrouble:
            body.close()
            raise

    async def _page_text(self, url: str) -> tuple[str, str, bytes]:
        for pause in _PAUSES:
            try:
                return await self._page_text_once(url)
            except UpstreamTrouble as error:
                if error.final:
                    raise
            await _sleep(self._clock, pause)
        return await self._page_text_once(url)

    async def _page_text_once(self, url: str) -> tuple[str, str, bytes]:
        final, response, body = await self._http.get(url, {"Accept": _ACCEPT})
        content_type = (response.headers.getRawHeaders("Content-Type") or [""])[-1]
        return final, content_type, await body.whole(_LARGEST_PAGE)


@frozen
class _Transfer:
    """See :class:`reqpi.interfaces.Transfer`."""

    size: int | None
    start: int
    _body: Body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body

    def close(self) -> None:
        self._body.close()


def _range_header(start: int, stop: int | None) -> dict[str, str]:
    """:rfc:`9110`, section 14.2."""
    if start < 0:
        return {"Range": f"bytes={start}"}
    if start == 0 and stop is None:
        return {}
    return {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}


def _transfer(response: IResponse, body: Body) -> _Transfer:
    if response.code == 200:
        return _Transfer(None if response.length is UNKNOWN_LENGTH else response.length, 0, body)
    ranges = response.headers.getRawHeaders("Content-Range") or [""]
    match = _CONTENT_RANGE.fullmatch(ranges[-1])
    if match is None:
        raise UpstreamTrouble("the upstream sent an odd range", f"Content-Range: {ranges[-1][:100]}")
    return _Transfer(None if match[3] == "*" else int(match[3]), int(match[1]), body)


async def _sleep(clock: IReactorTime, seconds: float) -> None:
    over: Deferred[Any] = Deferred()
    clock.callLater(seconds, over.callback, None)
    await over
