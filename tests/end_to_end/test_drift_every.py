"""``--drift-every``, on a server of two workers: what an upstream has removed is a metric soon after."""

from __future__ import annotations

from urllib.request import urlopen

import pytest

from tests.end_to_end.server import Server
from tests.end_to_end.test_workers import WorkersCase
from tests.ports import free_ports

LOST = 'reqpi_drifted_locks{kind="gone",new="yes"} 1.0\n'


@pytest.mark.processes
class DriftEveryTests(WorkersCase):
    """One of the workers looks, and both have the number."""

    def started(self, *options: str) -> Server:
        [port] = free_ports(1)
        self.metrics = f"http://127.0.0.1:{port}/metrics"
        return super().started("--metrics", f"127.0.0.1:{port}", "--drift-every", "1", *options)

    def exposition(self) -> str:
        with urlopen(self.metrics) as response:
            text: str = response.read().decode()
        return text

    def test_a_file_that_was_removed_is_counted(self) -> None:
        index = self.committed()
        self.assertEqual(self.get(f"{index}top/")[0].status, 200)
        self.until(self.exposition, lambda text: "reqpi_last_drift_timestamp_seconds " in text)
        self.upstream.remove(self.files["top"])
        self.until(self.exposition, lambda text: LOST in text)
