"""A feature of the web: paths of its own, which the routes do not know.

A feature enters the server by one line, which adds it to the features of :class:`reqpi.web.routes.Root`.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.web.server import Request

__all__ = ["Feature"]


class Feature(Protocol):
    """One feature, with its paths."""

    @property
    def names(self) -> frozenset[str]:
        """The first segments of its paths that are not addresses, for example ``livez``."""

    def takes(self, segments: list[str]) -> bool:
        """Return whether a path belongs to this feature.

        :param segments: of the path, in UTF-8, at least one; none is empty unless the path is ``/``.
        """

    def answer(self, request: Request, segments: list[str]) -> Any:
        """Answer a request for a path that :meth:`takes` has accepted, as ``Resource.render`` does."""
