"""The periodic work of a server says which work has failed."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.counts import ServerCounts
from reqpi.server.periodic import Periodic
from reqpi.server.services import services_of
from reqpi.server.settings import Settings
from reqpi.storage.memory import MemoryStore
from reqpi.upstream.crates.offline import OfflineRegistries
from tests.fake_index import PlainUpstream


class BrokenStore(MemoryStore):
    """A store that does not know when a record was used."""

    async def last_used(self, name: str) -> float | None:
        raise StoreTrouble(f"no time of {name}")


class StartTests(SynchronousTestCase):
    """A server over a store that has more than it may have."""

    def test_the_size_of_the_store_is_found_as_soon_as_the_server_starts(self) -> None:
        clock, settings = Clock(), Settings(largest_store=1000)
        store = MemoryStore(clock.seconds)
        for number in range(2500):
            self.successResultOf(Deferred.fromCoroutine(store.create(f"bills/{number}/a", b"1")))
        services = services_of(settings, clock, store, PlainUpstream(), OfflineRegistries(), counts=ServerCounts())
        periodic = Periodic(settings, services, clock)
        periodic.start()
        self.addCleanup(periodic.stop)
        for _ in range(5):
            clock.advance(0)
        assert services.room is not None
        self.assertEqual(services.room.whole.surveyed, 2500)


class FailedTests(SynchronousTestCase):
    """A server whose store does not work."""

    def test_the_log_names_the_work_that_failed(self) -> None:
        clock, settings = Clock(), Settings(frequency=60)
        store = BrokenStore(clock.seconds)
        services = services_of(settings, clock, store, PlainUpstream(), OfflineRegistries(), counts=ServerCounts())
        periodic = Periodic(settings, services, clock)
        periodic.start()
        self.addCleanup(periodic.stop)
        with capturedLogs() as logged:
            clock.advance(60)
        said = [event["log_format"] + str(event) for event in logged if event["log_level"] >= LogLevel.warn]
        self.assertIn("the sweep failed", "".join(said))
        self.assertNotIn("<locals>", "".join(said))
