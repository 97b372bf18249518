"""The charges of one process: each byte is written once, however many addresses there are and whenever it comes."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.shelf.room import charges
from reqpi.shelf.room.charges import Charges
from reqpi.storage.memory import MemoryStore


class SlowStore(MemoryStore):
    """A store whose next write of a record ends when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.gate: Deferred[None] | None = None

    async def replace(self, name: str, value: bytes) -> None:
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate
        await super().replace(name, value)


class WrittenTests(SynchronousTestCase):
    """Charges of a token for a few addresses, of which the fewest are remembered."""

    def setUp(self) -> None:
        self.patch(charges, "_REMEMBERED", 3)
        self.store = SlowStore()
        self.charges = Charges(self.store, "one")
        for number in range(5):
            self.charges.add(f"{number:064}", "small", 100)

    def written(self) -> int:
        async def total() -> int:
            return sum([charge.size async for charge in self.charges.all()])

        return self.successResultOf(Deferred.fromCoroutine(total()))

    def write(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self.charges.write())

    def held_up(self) -> tuple[Deferred[None], Deferred[None]]:
        """A write of one record that has begun, and what lets it end."""
        self.store.gate = gate = Deferred[None]()
        return self.write(), gate

    def test_bytes_that_come_while_others_are_written_are_written_next(self) -> None:
        write, gate = self.held_up()
        for number in (0, 4):
            self.charges.add(f"{number:064}", "small", 1)
        gate.callback(None)
        self.successResultOf(write)
        self.successResultOf(self.write())
        self.assertEqual(self.written(), 502)

    def test_two_writes_at_a_time_count_nothing_twice(self) -> None:
        write, gate = self.held_up()
        another = self.write()
        self.charges.add(f"{0:064}", "small", 1)
        gate.callback(None)
        for one in (write, another, self.write()):
            self.successResultOf(one)
        self.assertEqual(self.written(), 501)

    def test_a_write_whose_caller_gives_up_is_counted_once(self) -> None:
        write, gate = self.held_up()
        write.cancel()
        self.failureResultOf(write, CancelledError)
        another = self.write()
        gate.callback(None)
        self.successResultOf(another)
        self.assertEqual(self.written(), 500)
