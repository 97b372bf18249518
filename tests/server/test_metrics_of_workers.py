"""The numbers of several workers, put together by their parent."""

from __future__ import annotations

import os
from types import SimpleNamespace
from unittest.mock import patch

from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.counts import ServerCounts
from reqpi.server.metrics import ServerReadings
from reqpi.server.metrics_exposition import FOLDER, Exposition, WorkerFiles, forget_worker
from reqpi.server.services import services_of
from reqpi.server.settings import Settings
from reqpi.server.workers.metrics import write_metrics
from reqpi.storage.memory import MemoryStore
from reqpi.upstream.crates.offline import OfflineRegistries
from tests.fake_index import PlainUpstream
from tests.storage.scratch import scratch


def readings() -> ServerReadings:
    """Return those of a new server."""
    clock = Clock()
    services = services_of(
        Settings(), clock, MemoryStore(clock.seconds), PlainUpstream(), OfflineRegistries(), counts=ServerCounts()
    )
    services.readings.store.opened()
    return services.readings


class WorkerFilesTests(SynchronousTestCase):
    """Workers write into files, and the parent reads them."""

    def setUp(self) -> None:
        self.folder = str(scratch(self))
        environment = patch.dict(os.environ, {FOLDER: self.folder})
        environment.start()
        self.addCleanup(environment.stop)
        self.one, self.two = readings(), readings()

    def value(self, name: str, **labels: str) -> float | None:
        text, _ = Exposition.of_workers(self.folder).written("")
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return None

    def test_a_folder_of_the_operator_is_left_alone_without_the_option(self) -> None:
        """Other programs of the same environment use it."""
        reactor, server = MemoryReactorClock(), SimpleNamespace(readings=self.one)
        write_metrics(server, Settings(worker=1), reactor)  # type: ignore[arg-type]
        self.assertEqual((reactor.getDelayedCalls(), os.listdir(self.folder)), ([], []))
        write_metrics(server, Settings(worker=1, metrics="tcp:9090"), reactor)  # type: ignore[arg-type]
        self.assertNotEqual(os.listdir(self.folder), [])

    def test_counters_are_added(self) -> None:
        first, second = WorkerFiles(self.one, "1"), WorkerFiles(self.two, "2")
        self.one.counts.request("page", 200, 10, 0.3)
        self.two.counts.request("page", 200, 5, 0.001)
        self.two.counts.refused("quota")
        first.write()
        second.write()
        self.assertEqual(self.value("reqpi_requests_total", route="page", status="200"), 2)
        self.assertEqual(self.value("reqpi_response_bytes_total", route="page"), 15)
        self.assertEqual(self.value("reqpi_refusals_total", reason="quota"), 1)

    def test_ranges_are_added(self) -> None:
        first, second = WorkerFiles(self.one, "1"), WorkerFiles(self.two, "2")
        self.one.counts.request("page", 200, 0, 0.3)
        self.one.counts.request("page", 200, 0, 500.0)
        self.two.counts.request("page", 200, 0, 0.001)
        for files in (first, second, first):  # writing again changes nothing
            files.write()
        bucket = "reqpi_request_duration_seconds_bucket"
        for bound, number in (("0.005", 1), ("0.25", 1), ("0.5", 2), ("120.0", 2), ("+Inf", 3)):
            self.assertEqual(self.value(bucket, route="page", status="200", le=bound), number, bound)
        self.assertEqual(self.value("reqpi_request_duration_seconds_count", route="page", status="200"), 3)

    def test_a_worker_that_is_replaced_goes_on_from_its_numbers(self) -> None:
        """Prometheus would take a smaller number for a restart of everything."""
        self.one.counts.request("page", 200, 0, 0.3)
        WorkerFiles(self.one, "1").write()
        forget_worker(self.folder, "1")
        self.two.counts.request("page", 200, 0, 0.3)
        self.two.counts.request("page", 200, 0, 0.3)
        again = WorkerFiles(self.two, "1")
        again.write()
        again.write()
        self.assertEqual(self.value("reqpi_requests_total", route="page", status="200"), 3)
        self.assertEqual(self.value("reqpi_request_duration_seconds_count", route="page", status="200"), 3)

    def test_what_a_worker_had_in_use_goes_with_it(self) -> None:
        first, second = WorkerFiles(self.one, "1"), WorkerFiles(self.two, "2")
        first.write()
        second.write()
        both = self.value("process_open_fds")
        forget_worker(self.folder, "1")
        self.assertEqual(self.value("reqpi_ready"), 1)
        self.assertLess(self.value("process_open_fds") or 0, both or 0)

    def test_all_are_ready_or_the_server_is_not(self) -> None:
        self.two.site.ending = True
        WorkerFiles(self.one, "1").write()
        self.assertEqual(Exposition.of_workers(self.folder).value("reqpi_ready"), 1)
        WorkerFiles(self.two, "2").write()
        self.assertEqual(Exposition.of_workers(self.folder).value("reqpi_ready"), 0)
