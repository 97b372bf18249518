"""Metrics in the format of Prometheus, through prometheus_client: of one process, and of several workers together.

A collector reads the plain numbers when they are scraped, so that counting takes no lock. Workers write theirs into the
files of prometheus_client's multi-process mode every second, and the parent reads these files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.utils import floatToGoString
from prometheus_client.values import MultiProcessValue

from reqpi.runtime.counts import Histogram
from reqpi.server.metrics import METRICS, Metric, MetricKind, ServerReadings

__all__ = ["Exposition", "WorkerFiles", "forget_worker"]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with the folder of the files; prometheus_client reads it."""

_TOGETHER = {"process_start_time_seconds": "min", "process_max_fds": "min"}
"""How the process metrics of several workers become one, unless they are added."""


class Exposition:
    """Everything that one endpoint shows.

    :param registry: has the collectors.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    @classmethod
    def of_process(cls, readings: ServerReadings) -> Exposition:
        """Return the metrics of this process."""
        registry = CollectorRegistry()
        registry.register(_Collector(readings))
        ProcessCollector(registry=registry)
        return cls(registry)

    @classmethod
    def of_workers(cls, folder: str) -> Exposition:
        """Return the metrics of all workers together.

        :param folder: has their files.
        """
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)
        return cls(registry)

    def value(self, name: str) -> float | None:
        """Return the value of a metric without labels; ``None`` if it has none."""
        return self._registry.get_sample_value(name)

    def written(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics as they are now, and their content type.

        :param accept: the header ``Accept`` of the request.
        """
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type


class _Collector:
    """The collector of :data:`reqpi.server.metrics.METRICS`."""

    def __init__(self, readings: ServerReadings) -> None:
        self._readings = readings

    def describe(self) -> Iterable[Family]:
        """Return no description: registering must not read the numbers, some of which do not exist yet."""
        return ()

    def collect(self) -> Iterator[Family]:
        """Yield each metric with its numbers."""
        for metric in METRICS:
            yield _family(metric, self._readings)


def _family(metric: Metric, readings: ServerReadings) -> Family:
    family: Any = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
    for sample in metric.read(readings):
        if isinstance(sample.value, Histogram):
            family.add_metric(sample.labels, _buckets(sample.value), sample.value.sum)
        else:
            family.add_metric(sample.labels, sample.value)
    return family  # type: ignore[no-any-return]


_FAMILIES = {
    MetricKind.COUNTER: CounterMetricFamily,
    MetricKind.GAUGE: GaugeMetricFamily,
    MetricKind.HISTOGRAM: HistogramMetricFamily,
}


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return the upper bounds, each with the number of values up to it."""
    bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.numbers), strict=True))


class WorkerFiles:
    """The numbers of one worker, in files that the parent reads.

    The numbers of a worker that ended are still part of the sum, because the next one under the same name goes on
    from there.

    :param readings: the parts of the worker's server.
    :param name: that of the worker, the same whenever it is started again.
    """

    def __init__(self, readings: ServerReadings, name: str) -> None:
        self._value = MultiProcessValue(lambda: name)
        self._collector, self._process = _Collector(readings), ProcessCollector(registry=None)
        self._modes = {metric.name: metric.together for metric in METRICS} | _TOGETHER
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Any, float]] = {}

    def write(self) -> None:
        """Write the numbers as they are now."""
        for family in (*self._collector.collect(), *self._process.collect()):
            below = 0.0
            for sample in family.samples:
                value = sample.value
                if sample.name.endswith("_bucket"):
                    # The files have how many values each range has, and not how many there are up to its end.
                    value, below = value - below, 0.0 if sample.labels["le"] == "+Inf" else value
                elif family.type == "histogram" and sample.name.endswith("_count"):
                    continue
                self._set(family, sample.name, sample.labels, value)

    def _set(self, family: Family, name: str, labels: dict[str, str], value: float) -> None:
        key = name, tuple(labels.values())
        known = self._known.get(key)
        if known is None:
            mode = f"live{self._modes.get(family.name, 'sum')}"
            written = self._value(
                family.type, family.name, name, tuple(labels), tuple(labels.values()), family.documentation, mode
            )
            known = self._known[key] = written, 0.0 if family.type == "gauge" else written.get()
        written, before = known
        written.set(before + value)


def forget_worker(folder: str, name: str) -> None:
    """Remove the gauges of a worker that ended: it has no connections, and no memory, any more."""
    if os.path.isdir(folder):
        mark_process_dead(name, folder)  # it is part of the names of the files
