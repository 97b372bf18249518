"""The pages for people: which page answers a path, and which requests get a page about an error."""

from __future__ import annotations

import re
from typing import Any

from twisted.web.server import Request

from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http import problems
from reqpi.web.http.headers import prefers_html
from reqpi.web.pages.address import overview
from reqpi.web.pages.frame import answer_page
from reqpi.web.pages.front import front
from reqpi.web.pages.problem import problem_page
from reqpi.web.public_url import PublicUrl

__all__ = ["PeopleResource"]

_ADDRESS = re.compile(r"[0-9A-Fa-f]{64}")


class PeopleResource:
    """A :class:`~reqpi.web.http.feature.Feature`: the pages for people."""

    names = frozenset[str]()

    def __init__(self, services: LockServices, base: PublicUrl) -> None:
        self._services = services
        self._base = base

    def show_problems(self, request: Request) -> None:
        """Make an error a page, if a browser shows the answer to this request."""
        shown: Any = request
        shown.problem_page = problem_page if prefers_html(request) else None

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return len(segments) == 1 and (segments[0] == "" or _ADDRESS.fullmatch(segments[0]) is not None)

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        if segments == [""]:
            return front(request, self._base.of(request))
        return answer_page(request, overview(request, self._services, self._base.of(request), segments[0]))
