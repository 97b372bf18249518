"""Two gateways of one SeaweedFS cluster: what one takes, the other shows at once; and what was created, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.objects.store import ObjectStore, object_store
from tests.contracts import gathered, kept
from tests.seaweed_cluster import SeaweedCluster
from tests.storage.inline import inline, run

_ROUNDS = 200


@pytest.mark.clients
class ClusterTests(SynchronousTestCase):
    """Each store has a gateway of its own."""

    def setUp(self) -> None:
        folder = TemporaryDirectory(dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cluster = SeaweedCluster(self.folder)
        self.addCleanup(self.cluster.stop)
        self.cluster.start()
        self.stores = [self.opened(gateway) for gateway in ("s3a", "s3b")]

    def opened(self, gateway: str) -> ObjectStore:
        store = object_store(
            self.cluster.url, self.cluster.options(gateway), self.folder / f"spool-{gateway}", in_thread=inline
        )
        store.open()
        return store

    def test_one_of_two_creates(self) -> None:
        """At the same time, through different gateways; both get the same record."""
        with ThreadPoolExecutor(2) as pool:
            for number in range(_ROUNDS):
                name = f"frozen/{number}"
                said = [
                    pool.submit(run, store.create(name, value))
                    for store, value in zip(self.stores, (b"first", b"second"), strict=True)
                ]
                stands = {each.result() for each in said}
                self.assertEqual(len(stands), 1, f"both were told that theirs stands, in round {number}")
                self.assertEqual({run(store.get(name)) for store in self.stores}, stands)

    def test_what_one_keeps_the_other_reads(self) -> None:
        """And goes on to read it when the first gateway is gone."""
        data = bytes(range(256)) * 4096
        one, other = self.stores
        name = run(kept(one, data))
        self.cluster.kill("s3a")
        self.assertEqual(b"".join(run(gathered(other.read(name)))), data)
        self.assertEqual(run(gathered(other.all())), [name])
