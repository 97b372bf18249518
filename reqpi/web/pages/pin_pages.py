"""The pages about what is pinned: all pins, those of a project, a file, and the differences between two locks."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Any

from twisted.web.server import Request

from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.shelf import Shelf
from reqpi.web.http import problems
from reqpi.web.http.access import Access
from reqpi.web.pages.diff_page import LookUpAdvisories, ask_for_other, diff_page
from reqpi.web.pages.file_page import file_page
from reqpi.web.pages.frame import answer_page
from reqpi.web.pages.pin_drift import KnownFindings
from reqpi.web.pages.pins_page import pins_page, project_page

__all__ = ["PinPages"]

_ADDRESS = re.compile(r"[0-9A-Fa-f]{64}")

_LONGEST_PATHS = {"pins": 2, "diff": 1}
"""Segments below each of the two pages."""


_RENDERED = 8 << 20
"""Bytes of rendered tables of pins that are kept: a table with 1000 files takes some 0.2 s to render."""


class PinPages:
    """A :class:`~reqpi.web.http.feature.Feature`: the pages about what is pinned.

    :param access: the clients of the server, for the second address of a path; ``None``: it requires no login.
    :param known: returns the drift of a lock; ``None``: the server has none.
    :param advisories: returns those of the server, for the differences between two locks.
    """

    names = frozenset[str]()

    def __init__(
        self,
        shelf: Shelf,
        access: Access | None,
        known: KnownFindings | None = None,
        advisories: LookUpAdvisories = lambda: None,
    ) -> None:
        self._shelf = shelf
        self._known = known
        self._advisories = advisories
        self._access = access
        self._rendered: DerivedCache[bytes] = DerivedCache(_RENDERED)

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        if len(segments) < 2 or _ADDRESS.fullmatch(segments[0]) is None:
            return False
        return len(segments) - 2 <= _LONGEST_PATHS.get(segments[1], -1)

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        return answer_page(request, self._page(request, segments))

    def _page(self, request: Request, segments: list[str]) -> Awaitable[bytes]:
        address, kind, *below = segments
        if kind == "diff" and not below:
            return ask_for_other(request, self._shelf, address)
        if kind == "diff":
            [other] = below
            return diff_page(request, self._shelf, address, other, access=self._access, advisories=self._advisories)
        if not below:
            return pins_page(request, self._shelf, self._rendered, self._known, address)
        return (file_page if len(below) == 2 else project_page)(request, self._shelf, address, *below)
