"""The pages of a package index (:pep:`503`, :pep:`691`)."""

from __future__ import annotations

import re
from functools import partial

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from reqpi import simple
from reqpi.errors import UpstreamTrouble
from reqpi.model import Page, Project
from reqpi.origins import coding
from reqpi.origins.http import Busy, Http, header

__all__ = ["Index"]

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_ENDED = re.compile(rb"(?:</html>|</body>|\})\s*\Z", re.IGNORECASE)
"""How a page ends that came without its length and is whole."""

_LARGEST_PAGE = 64 << 20
"""Bytes of a project page, as it is sent and decoded. The largest on the public index has some 10 MiB."""

_LONGEST_PAGE = 300.0
"""Seconds that a page may take to come."""

_LARGE_PAGE = 1 << 14
"""Bytes from which a page is parsed in a thread: 16 KiB take less than 2 ms."""

_PAUSES = (0.3, 1.0)
"""Seconds before a page is asked for again; more where upstream says so."""


class Index:
    """The index at one URL.

    :param url: as pip takes it for ``--index-url``; without a user and password.
    :param http: what asks.
    :param clock: where time passes.
    """

    def __init__(self, url: str, http: Http, clock: IReactorTime) -> None:
        self.name = url.rstrip("/")
        self._http = http
        self._clock = clock

    async def page(self, project: Project) -> Page:
        """See :meth:`reqpi.interfaces.Origin.page`."""
        sent = await self._sent(f"{self.name}/{project}/")
        read = partial(_read, *sent, project)
        coded, data, *_ = sent
        # Of coded data nobody knows how large it is.
        if coded or len(data) >= _LARGE_PAGE:
            return await deferToThread(read)
        return read()

    async def _sent(self, url: str) -> tuple[str, bytes, str, str]:
        for pause in _PAUSES:
            try:
                return await self._sent_once(url)
            except UpstreamTrouble as error:
                if error.final:
                    raise
                wanted = max(pause, error.pause) if isinstance(error, Busy) else pause
            await deferLater(self._clock, wanted)
        return await self._sent_once(url)

    async def _sent_once(self, url: str) -> tuple[str, bytes, str, str]:
        """A page as it is sent: its coding, its bytes, its type, and its URL after redirects."""
        final, response, body = await self._http.get(url, {"Accept": _ACCEPT, "Accept-Encoding": coding.ACCEPTED})
        data = await body.whole(_LARGEST_PAGE, _LONGEST_PAGE)
        coded = header(response, "Content-Encoding")
        if body.unsure and not coded and not _ENDED.search(data[-200:]):
            # What is missing of a page would stay invisible for ever. What is packed has an end of its own.
            raise UpstreamTrouble("the upstream may have broken off", "It did not say how long its page is.")
        return coded, data, header(response, "Content-Type"), final


def _read(coded: str, data: bytes, content_type: str, url: str, project: Project) -> Page:
    return simple.read_page(coding.decode(data, coded, _LARGEST_PAGE), content_type, url, project)
