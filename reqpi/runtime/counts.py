"""Numbers for the operator: plain integers, counted without locks, which the metrics show.

This is all that a feature has to know about metrics. Pass the server's :class:`ServerCounts` to the part that counts,
or make one where there is no server: counting costs nothing, and numbers that are not read do no harm.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from attrs import Factory, define, field

__all__ = ["DOWNLOADS", "OTHER", "REASONS", "Histogram", "HostCounts", "ResponseCount", "ServerCounts"]

OTHER = "other"
"""The label of everything that is not in a table: nothing from outside becomes a label."""

REASONS: Mapping[str, str] = {
    "body-bytes": "the bodies of requests in flight were as large as they may be together",
    "commits": "a client committed more locks than it may in that time",
    "connections": "there were too many connections, in total or from one client",
    "denied": "the operator denies the file or the release",
    "file-bytes": "a file is larger than one file may be",
    "hold-bytes": "the files of one hold are larger than they may be together",
    "holds": "a client began more holds than it may in that time",
    "parse": "reading a lock took more time, lines or tables than it may",
    "quota": "a client has used the space in the store that it may use",
    "requests": "a client sent more requests than it may in that time",
    "sessions": "a client began more learn sessions or runs than it may in that time",
    "slow-body": "the body of a request did not arrive in time",
    "slow-head": "the head of a request did not arrive in time",
    "store-bytes": "the store is as large as it may be",
    "unread-bytes": "responses that clients do not read were as large as they may be together",
    OTHER: "a bound that this table does not have",
}
"""Why a bound or a rule of the operator refuses something, and what that means. Add a row for a new bound."""


DOWNLOADS: Mapping[str, str] = {
    "kept": "the file was verified and stored",
    "shared": "a request used the download of another request, or of another process of this host",
    "measured": "the file was fetched for its digests, and not stored",
    "wrong": "the bytes do not have the digest that the lock or the page claims: this is the alarm",
    "short": "the upstream ended the file early, also when it was asked again",
    "failed": "the file could not be fetched or stored for another reason",
}
"""How a download ends."""

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0)
"""The upper bounds of what is measured for requests."""

_LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Those for the reactor, in seconds: a request waits this long in addition."""


@define
class Histogram:
    """How often a value was in each of some ranges.

    :param bounds: the upper bounds of the ranges but the last, in order.
    :ivar numbers: how many values were in each range.
    :ivar sum: the sum of all values.
    """

    bounds: Sequence[float] = _SECONDS
    numbers: list[int] = field(default=Factory(lambda made: [0] * (len(made.bounds) + 1), takes_self=True))
    sum: float = 0.0

    def observe(self, value: float) -> None:
        """Count a value. A clock that was set back makes no negative one."""
        self.numbers[bisect_left(self.bounds, value)] += 1
        self.sum += max(0.0, value)


@define
class ResponseCount:
    """The responses of one route with one status. The fast path adds to its numbers.

    :ivar number: how many responses.
    :ivar size: the bytes of their bodies.
    """

    number: int = 0
    size: int = 0


@define
class HostCounts:
    """The requests to one upstream host.

    :ivar answers: the number of requests by the kind of answer: ``2xx`` to ``5xx``, or ``none``.
    :ivar seconds: how long each answer took to begin.
    :ivar is_up: whether the latest request was answered, with another status than 5xx; ``None``: there was none yet.
    :ivar answered_at: when the host answered last, in seconds since the epoch; ``None`` if it never did.
    """

    answers: dict[str, int] = Factory(dict)
    seconds: Histogram = Factory(Histogram)
    is_up: bool | None = None
    answered_at: float | None = None


@define
class ServerCounts:
    """The numbers of one process. They only grow.

    Count in the reactor's thread. Reading is possible in any.

    :ivar began_at: when the server started, in seconds since the epoch.
    :ivar refusals: how often each of :data:`REASONS` refused something.
    :ivar problems: the number of problems that were sent, by the name of their type.
    :ivar responses: by route and status.
    :ivar seconds: the time that requests took, by route and status, without those of the fast path.
    :ivar cut: the number of responses that were not sent to their end.
    :ivar commits: the number of locks that were committed: ``new`` ones, and ``known`` ones.
    :ivar hosts: the requests to upstreams, by host.
    :ivar downloads: the number of downloads, by :data:`DOWNLOADS`.
    :ivar downloaded: the bytes of files that were fetched and stored.
    :ivar damage: how often something in the store was found damaged: a ``file``, a ``record`` or a ``lock``.
    :ivar swept_at: when the latest sweep succeeded, in seconds since the epoch; ``None``: none did yet.
    :ivar drifted: the number of locks that have a finding of each kind which is new, or not, as the latest look found.
    :ivar drift_at: when the latest look for drift ended, in seconds since the epoch; ``None``: none did yet.
    :ivar lag: by how many seconds timers of the reactor were late.
    """

    began_at: float = 0.0
    refusals: dict[str, int] = Factory(dict)
    problems: dict[str, int] = Factory(dict)
    responses: dict[tuple[str, int], ResponseCount] = Factory(dict)
    seconds: dict[tuple[str, int], Histogram] = Factory(dict)
    cut: int = 0
    commits: dict[str, int] = Factory(dict)
    hosts: dict[str, HostCounts] = Factory(dict)
    downloads: dict[str, int] = Factory(dict)
    downloaded: int = 0
    damage: dict[str, int] = Factory(dict)
    swept_at: float | None = None
    drifted: Mapping[tuple[str, bool], int] = Factory(dict)
    drift_at: float | None = None
    lag: Histogram = Factory(lambda: Histogram(_LAG))

    def refused(self, reason: str) -> None:
        """Count a request, a connection or a piece of work that a bound refused.

        :param reason: one of :data:`REASONS`; anything else is counted as :data:`OTHER`.
        """
        _add(self.refusals, reason if reason in REASONS else OTHER)

    def problem(self, name: str) -> None:
        """Count a problem that is sent to a client.

        :param name: that of its type.
        """
        _add(self.problems, name)

    def committed(self, *, new: bool) -> None:
        """Count a lock that a client has committed."""
        _add(self.commits, "new" if new else "known")

    def response(self, route: str, status: int) -> ResponseCount:
        """Return the count of the responses of a route with a status.

        :param route: a name from a table, not a path.
        """
        count = self.responses.get((route, status))
        if count is None:
            count = self.responses[route, status] = ResponseCount()
        return count

    def request(self, route: str, status: int, size: int, seconds: float) -> None:
        """Count a request that the fast path did not answer.

        :param size: bytes of the body that were sent.
        :param seconds: from its last byte to the last byte of its response.
        """
        count = self.response(route, status)
        count.number += 1
        count.size += size
        taken = self.seconds.get((route, status))
        if taken is None:
            taken = self.seconds[route, status] = Histogram()
        taken.observe(seconds)

    def host(self, label: str) -> HostCounts:
        """Return the counts of an upstream host.

        :param label: the name of a host that the operator has named, or :data:`OTHER`.
        """
        counts = self.hosts.get(label)
        if counts is None:
            counts = self.hosts[label] = HostCounts()
        return counts

    def download(self, outcome: str, size: int = 0) -> None:
        """Count a download.

        :param outcome: one of :data:`DOWNLOADS`.
        :param size: the bytes of the file, if it has come as a whole.
        """
        _add(self.downloads, outcome)
        if outcome == "kept":
            self.downloaded += size

    def damaged(self, kind: str) -> None:
        """Count something in the store that was found damaged."""
        _add(self.damage, kind)


def _add(numbers: dict[str, int], name: str) -> None:
    numbers[name] = numbers.get(name, 0) + 1
