"""All limits of a site in one value, and the report of each refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import Factory, field, frozen
from twisted.logger import Logger

from reqpi.core.limits.limit import Limit
from reqpi.runtime.counts import ServerCounts
from reqpi.web.http.connections import Connections
from reqpi.web.http.rate_limits import RateLimits
from reqpi.web.http.repeats import Repeats
from reqpi.web.http.unread import Unread
from reqpi.web.http.uploads import Uploads

__all__ = ["SiteLimits"]

_log = Logger()


@frozen(eq=False)
class SiteLimits:
    """The limits of a site.

    :param now: returns the time, in seconds.
    :param seconds: for the parts of a request, :attr:`Limit.HEAD_TIME` and :attr:`Limit.BODY_TIME`.
    """

    now: Callable[[], float]
    rates: RateLimits = field(default=Factory(lambda own: RateLimits({}, own.now), takes_self=True))
    connections: Connections = field(factory=Connections)
    uploads: Uploads = field(factory=Uploads)
    unread: Unread = field(factory=Unread)
    seconds: Mapping[Limit, float] = field(factory=dict)
    _logged: Repeats = field(default=Factory(lambda own: Repeats(own.now), takes_self=True), init=False)

    def report(self, limit: Limit, client: str, counts: ServerCounts) -> None:
        """Count a refusal, and log it unless the same limit was logged in the last minute."""
        counts.refused(limit.reason)
        if self._logged.is_new(str(limit)):
            _log.warn("{client} has reached the limit of {limit}", client=client, limit=limit)
