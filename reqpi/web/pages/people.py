"""The pages for people: which page answers a path, and which requests get a page about an error."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from typing import Any

from twisted.web.server import Request

from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http import problems
from reqpi.web.http.access import Access
from reqpi.web.http.headers import prefers_html
from reqpi.web.pages.address import PageSection, overview
from reqpi.web.pages.commit import commit_form
from reqpi.web.pages.frame import answer_page
from reqpi.web.pages.front import CommitForm, front
from reqpi.web.pages.graph import graph_page
from reqpi.web.pages.login import log_in, log_out, login_page
from reqpi.web.pages.problem import problem_page
from reqpi.web.public_url import PublicUrl

__all__ = ["PeopleResource"]

_ADDRESS = re.compile(r"[0-9A-Fa-f]{64}")

_LOGIN, _LOGOUT = "login", "logout"

_GRAPH = "graph"

_GRAPHS = 8 << 20
"""Bytes of rendered pages of graphs that are kept: one of 184 projects has 200 KB."""


class PeopleResource:
    """A :class:`~reqpi.web.http.feature.Feature`: the pages for people.

    :param access: the clients of the server; ``None``: it requires no login.
    :param sections: further parts of the page of an address, which features add.
    :param audits: the server has advisories.
    """

    names = frozenset({_LOGIN, _LOGOUT})

    def __init__(
        self,
        services: LockServices,
        base: PublicUrl,
        access: Access | None,
        sections: Sequence[PageSection] = (),
        *,
        audits: bool = False,
    ) -> None:
        self._services = services
        self._base = base
        self._access = access
        self._sections = tuple(sections)
        self._audits = audits
        self._graphs: DerivedCache[bytes] = DerivedCache(_GRAPHS)

    def show_problems(self, request: Request) -> None:
        """Make an error a page, if a browser shows the answer to this request."""
        shown: Any = request
        shown.problem_page = problem_page if prefers_html(request) else None

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        if len(segments) == 1 and segments[0] in ("", *self.names):
            return True
        return segments[1:] in ([], [_GRAPH]) and _ADDRESS.fullmatch(segments[0]) is not None

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        is_post = request.method == b"POST"
        if is_post and segments == [_LOGIN]:
            return log_in(request, self._access)
        if is_post and segments == [_LOGOUT]:
            return log_out(request)
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        if segments[0] in self.names:
            return login_page(request)
        if segments == [""]:
            return front(request, CommitForm(self._base.of(request)))
        return answer_page(request, self._of_address(request, segments))

    def _of_address(self, request: Request, segments: list[str]) -> Awaitable[bytes]:
        """Return the work for a page of an address."""
        if segments[1:] == [_GRAPH]:
            return graph_page(request, self._services, self._graphs, segments[0])
        base = self._base.of(request)
        return overview(request, self._services, base, segments[0], self._sections, audits=self._audits)

    async def commit(self, request: Request) -> bytes:
        """Answer the form that commits a lock, for ``POST /locks`` of a browser."""
        return await commit_form(request, self._services, self._base.of(request), self._access)
