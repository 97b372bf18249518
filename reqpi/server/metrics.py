"""The table of all metrics: what each is called, what it means, and where its numbers come from.

Nothing here imports a metrics library: docs/metrics.md is generated from the table, and a server without ``--metrics``
needs none. No label is an address, a project, a token or anything else that a client or an upstream can choose.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from attrs import frozen

import twisted
from reqpi import __version__
from reqpi.core.drift.finding import KINDS
from reqpi.runtime.counts import DOWNLOADS, REASONS, Histogram, ServerCounts
from reqpi.server.store_watch import StoreWatch
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.web.http.site import BoundedSite

__all__ = ["METRICS", "Metric", "MetricKind", "Sample", "ServerReadings"]

_DAMAGE = ("file", "lock", "document", "frozen list", "record")
"""The kinds of things that can be damaged in a store: see :class:`reqpi.shelf.maintenance.verify.Damage`."""


class MetricKind(StrEnum):
    """How the numbers of a metric change."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@frozen
class ServerReadings:
    """The parts of one server whose numbers are shown."""

    counts: ServerCounts
    site: BoundedSite
    holds: Holds
    store: StoreWatch

    @property
    def problem(self) -> str:
        """Why the server should get no requests now; empty if it should. No upstream has a part in this."""
        return "the server is stopping" if self.site.ending else self.store.problem


@frozen
class Sample:
    """One number, or one histogram.

    :param labels: the values of the labels, in the order of the metric's.
    """

    value: float | Histogram
    labels: tuple[str, ...] = ()


@frozen
class Metric:
    """One metric.

    :param name: without the suffix of its kind: ``_total`` for a counter.
    :param help: one line.
    :param read: returns its numbers as they are now.
    :param together: how the numbers of several workers become one: ``sum``, ``min`` or ``max``. Counters and histograms
        are always added.
    """

    name: str
    kind: MetricKind
    help: str
    read: Callable[[ServerReadings], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    together: str = "sum"

    @property
    def shown_name(self) -> str:
        """The name as Prometheus stores it; a histogram has three more, which begin with it."""
        return f"{self.name}_total" if self.kind is MetricKind.COUNTER else self.name


def _build(_: ServerReadings) -> Iterator[Sample]:
    yield Sample(1, (__version__, platform.python_version(), twisted.__version__))


def _ready(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(0 if readings.problem else 1)


def _requests(readings: ServerReadings) -> Iterator[Sample]:
    for (route, status), count in readings.counts.responses.copy().items():
        yield Sample(count.number, (route, str(status)))


def _durations(readings: ServerReadings) -> Iterator[Sample]:
    for (route, status), seconds in readings.counts.seconds.copy().items():
        yield Sample(seconds, (route, str(status)))


def _bytes(readings: ServerReadings) -> Iterator[Sample]:
    by_route: dict[str, int] = {}
    for (route, _), count in readings.counts.responses.copy().items():
        by_route[route] = by_route.get(route, 0) + count.size
    for route, size in by_route.items():
        yield Sample(size, (route,))


def _cut(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(readings.counts.cut)


def _in_flight(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(readings.site.in_flight)


def _connections(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(len(readings.site.self_checks.connected))


def _of(numbers: Callable[[ServerCounts], dict[str, int]], known: Iterable[str] = ()) -> Callable[..., list[Sample]]:
    """Return the samples of numbers by name. Those of known names begin with 0, so that the first event is seen."""
    zeros = dict.fromkeys(known, 0)
    return lambda readings: [Sample(value, (name,)) for name, value in (zeros | numbers(readings.counts)).items()]


def _upstream_requests(readings: ServerReadings) -> Iterator[Sample]:
    for host, counts in readings.counts.hosts.copy().items():
        for answer, number in counts.answers.copy().items():
            yield Sample(number, (host, answer))


def _upstream_durations(readings: ServerReadings) -> Iterator[Sample]:
    for host, counts in readings.counts.hosts.copy().items():
        yield Sample(counts.seconds, (host,))


def _upstream_up(readings: ServerReadings) -> Iterator[Sample]:
    for host, counts in readings.counts.hosts.copy().items():
        if counts.is_up is not None:
            yield Sample(int(counts.is_up), (host,))


def _upstream_answers(readings: ServerReadings) -> Iterator[Sample]:
    for host, counts in readings.counts.hosts.copy().items():
        if counts.answered_at is not None:
            yield Sample(counts.answered_at, (host,))


def _downloaded(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(readings.counts.downloaded)


def _store_bytes(readings: ServerReadings) -> Iterator[Sample]:
    if readings.store.figures is not None:
        yield Sample(readings.store.figures.size)


def _store_files(readings: ServerReadings) -> Iterator[Sample]:
    if readings.store.figures is not None:
        yield Sample(readings.store.figures.files)


def _store_free(readings: ServerReadings) -> Iterator[Sample]:
    if readings.store.figures is not None and readings.store.figures.free is not None:
        yield Sample(readings.store.figures.free)


def _holds(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(readings.holds.under_way)


def _swept(readings: ServerReadings) -> Iterator[Sample]:
    if readings.counts.swept_at is not None:
        yield Sample(readings.counts.swept_at)


def _drifted(readings: ServerReadings) -> Iterator[Sample]:
    if readings.counts.drift_at is not None:
        for kind in KINDS:
            for new in (True, False):
                yield Sample(readings.counts.drifted.get((kind, new), 0), (kind, "yes" if new else "no"))


def _looked_for_drift(readings: ServerReadings) -> Iterator[Sample]:
    if readings.counts.drift_at is not None:
        yield Sample(readings.counts.drift_at)


def _lag(readings: ServerReadings) -> Iterator[Sample]:
    yield Sample(readings.counts.lag)


_COUNTER, _GAUGE, _HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM

METRICS = (
    Metric("reqpi_build_info", _GAUGE, "The versions; always 1.", _build, ("version", "python", "twisted"), "max"),
    Metric("reqpi_ready", _GAUGE, "Whether /readyz answers 200; of several workers, all of them.", _ready, (), "min"),
    Metric("reqpi_requests", _COUNTER, "Requests by route and status; 499: the client left.", _requests,
           ("route", "status")),
    Metric("reqpi_request_duration_seconds", _HISTOGRAM, "Time from a whole request to the end of its response, "
           "without those of the fast path, which take less than a millisecond.", _durations, ("route", "status")),
    Metric("reqpi_response_bytes", _COUNTER, "Bytes of the bodies of responses.", _bytes, ("route",)),
    Metric("reqpi_responses_cut", _COUNTER, "Responses that ended early: the client left, or the file was wrong.",
           _cut),
    Metric("reqpi_requests_in_flight", _GAUGE, "Requests that are being answered.", _in_flight),
    Metric("reqpi_connections", _GAUGE, "Open connections of clients.", _connections),
    Metric("reqpi_problems", _COUNTER, "Problems that were sent, by the name of their type.",
           _of(lambda counts: counts.problems), ("type",)),
    Metric("reqpi_refusals", _COUNTER, "What a bound or a rule of the operator refused, by reason.",
           _of(lambda counts: counts.refusals, REASONS), ("reason",)),
    Metric("reqpi_commits", _COUNTER, "Locks that were committed: new ones, and ones that were known.",
           _of(lambda counts: counts.commits, ("new", "known")), ("lock",)),
    Metric("reqpi_upstream_requests", _COUNTER, "Requests to upstreams, by host and kind of answer.",
           _upstream_requests, ("host", "answer")),
    Metric("reqpi_upstream_request_duration_seconds", _HISTOGRAM, "Time until an answer of an upstream began.",
           _upstream_durations, ("host",)),
    Metric("reqpi_upstream_up", _GAUGE, "Whether the latest request to the host was answered, and not with 5xx.",
           _upstream_up, ("host",), "min"),
    Metric("reqpi_upstream_last_answer_timestamp_seconds", _GAUGE, "When the host answered last.", _upstream_answers,
           ("host",), "max"),
    Metric("reqpi_downloads", _COUNTER, "Downloads of files by outcome. Alert on wrong: these bytes were rejected.",
           _of(lambda counts: counts.downloads, DOWNLOADS), ("outcome",)),
    Metric("reqpi_downloaded_bytes", _COUNTER, "Bytes of files that were fetched, verified and stored.", _downloaded),
    Metric("reqpi_store_bytes", _GAUGE, "Bytes of everything in the store, measured every ten minutes.", _store_bytes,
           (), "max"),
    Metric("reqpi_store_files", _GAUGE, "The number of files in the store, without records.", _store_files, (), "max"),
    Metric("reqpi_store_free_bytes", _GAUGE, "Bytes that are free on the disk of the store; not for object stores.",
           _store_free, (), "min"),
    Metric("reqpi_store_damage", _COUNTER, "How often something in the store was found damaged, by kind.",
           _of(lambda counts: counts.damage, _DAMAGE), ("kind",)),
    Metric("reqpi_holds", _GAUGE, "Holds under way, including those that wait for their turn.", _holds),
    Metric("reqpi_last_successful_sweep_timestamp_seconds", _GAUGE, "When the latest sweep of this server succeeded.",
           _swept, (), "max"),
    Metric("reqpi_drifted_locks", _GAUGE, "Locks used in the last 30 days with a finding of this kind, new or known "
           "from the first look on; needs --drift-every.", _drifted, ("kind", "new"), "max"),
    Metric("reqpi_last_drift_timestamp_seconds", _GAUGE, "When the latest look for drift of any server ended.",
           _looked_for_drift, (), "max"),
    Metric("reqpi_reactor_lag_seconds", _HISTOGRAM, "By how much a timer was late, ten times a second: every client "
           "waits as long.", _lag),
)  # fmt: skip
"""All metrics of our own, in the order of docs/metrics.md."""
