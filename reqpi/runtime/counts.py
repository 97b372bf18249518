"""Numbers for the operator: plain integers, counted without locks, which the metrics show.

This is all that a feature has to know about metrics. Pass the server's :class:`ServerCounts` to the part that counts,
or make one where there is no server: counting costs nothing, and numbers that are not read do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, define

__all__ = ["OTHER", "REASONS", "ServerCounts"]

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


@define
class ServerCounts:
    """The numbers of one process. They only grow.

    Count in the reactor's thread. Reading is possible in any.

    :ivar refusals: how often each of :data:`REASONS` refused something.
    """

    refusals: dict[str, int] = Factory(dict)

    def refused(self, reason: str) -> None:
        """Count a request, a connection or a piece of work that a bound refused.

        :param reason: one of :data:`REASONS`; anything else is counted as :data:`OTHER`.
        """
        known = reason if reason in REASONS else OTHER
        self.refusals[known] = self.refusals.get(known, 0) + 1
