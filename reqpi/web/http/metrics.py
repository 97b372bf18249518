"""The site of ``--metrics``: ``/metrics``, and a second way to the health of a server, apart from its clients.

The resource of prometheus_client for Twisted would write the metrics in a thread of the reactor's pool. A store that
hangs occupies all of these threads, and then the metrics are needed most. Writing them takes a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import Request

from reqpi.web.http import problems
from reqpi.web.http.answers import send_fresh
from reqpi.web.http.authority import problem_of_host
from reqpi.web.http.feature import Feature
from reqpi.web.http.headers import listed
from reqpi.web.http.representation import COMMON, SERVER

__all__ = ["MetricsRoot"]


class MetricsRoot(Resource):
    """The root of the site.

    :param written: returns the metrics and their content type, for the header ``Accept`` of a request.
    :param features: what else it answers.
    """

    isLeaf = True

    def __init__(self, written: Callable[[str], tuple[bytes, str]], features: Sequence[Feature] = ()) -> None:
        super().__init__()
        self._written = written
        self._features = tuple(features)

    def render(self, request: Request) -> Any:
        """Answer a request."""
        site: Any = request.site
        request.setHeader("Server", SERVER)
        request.setHeader("Date", site.date(site.clock.seconds()))
        for name, value in COMMON:
            request.setHeader(name, value)
        problem = problem_of_host(request, site.names)
        if problem is not None:
            return problems.send(request, problem)
        segments = [segment.decode("latin-1") for segment in request.postpath or () if segment] or [""]
        feature = next((each for each in self._features if each.takes(segments)), None)
        if feature is not None:
            return feature.answer(request, segments)
        if segments != ["metrics"]:
            return problems.send(request, problems.Problem(problems.NO_SUCH_PATH, "no such path", "Ask for /metrics."))
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        body, content_type = self._written(listed(request, "Accept"))
        return send_fresh(request, content_type, body)
