"""The files that a client will request soon are fetched while it starts."""

from __future__ import annotations

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import LogLevel, capturedLogs

from reqpi.core.denials import read_denied
from tests.shelf.early_case import EarlyCase

WHEEL = "{}-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"


class EarlyTests(EarlyCase):
    """What is fetched, and what is left for a request."""

    async def test_the_wheel_that_pip_chooses_and_nothing_else(self) -> None:
        self.offer("six", "attrs")
        commitment = await self.committed("six", "attrs")
        self.assertEqual(self.upstream.asked, [])
        await self.finished()
        self.assertEqual(self.fetched(), [WHEEL.format("attrs"), WHEEL.format("six")])
        before = [*self.upstream.asked]
        await self.shelf.metadata(commitment, "six", WHEEL.format("six"))
        await self.shelf.file(commitment, "six", WHEEL.format("six"))
        self.assertEqual((self.upstream.asked, self.early.under_way), (before, 0))

    async def test_all_that_the_target_takes_until_each_page_is_frozen(self) -> None:
        """For ``fetch``, which takes them all, and forgets each. It has the list once every page is frozen."""
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            passed: Deferred[None] = Deferred()
            gate.addCallback(passed.callback)
            await passed

        self.offer("six", "slow")
        self.upstream.before["slow"] = wait
        await self.committed("slow", "six", every=True)
        self.go_on()
        while len(self.fetched()) < 2:
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]
        gate.callback(None)
        await self.finished()
        self.assertEqual(self.fetched(), [WHEEL.format("six"), "six-1.0.tar.gz"])

    async def test_a_large_file_is_left_for_its_client(self) -> None:
        """It is sent on while it arrives."""
        self.offer("large", pad=4 << 20)
        self.offer("small")
        await self.committed("large", "small")
        await self.finished()
        self.assertEqual(self.fetched(), [WHEEL.format("small")])

    async def test_a_file_of_unknown_size_is_left_for_its_client(self) -> None:
        self.offer("six")
        page = self.upstream.pages["six"]  # type: ignore[index]
        unsized = evolve(page, files=tuple(evolve(file, size=None) for file in page.files))
        self.upstream.pages["six"] = unsized  # type: ignore[index]
        await self.committed("six")
        self.go_on()
        self.assertEqual(self.fetched(), [])

    async def test_one_that_fails_holds_up_no_other_and_is_said_quietly(self) -> None:
        self.offer("six")
        with capturedLogs() as logged:
            await self.committed("absent", "six")
            await self.finished()
        self.assertEqual(self.fetched(), [WHEEL.format("six")])
        ours = {event["log_level"] for event in logged if "early_files" in event["log_namespace"]}
        self.assertEqual((ours, self.early.under_way), ({LogLevel.debug}, 0))

    async def test_a_defect_of_ours_is_logged(self) -> None:
        async def broken() -> None:
            raise ZeroDivisionError

        self.offer("six")
        self.upstream.before["six"] = broken
        await self.committed("six")
        self.go_on()
        self.assertEqual((len(self.flushLoggedErrors(ZeroDivisionError)), self.early.under_way), (1, 0))

    async def test_nothing_begins_after_the_end(self) -> None:
        """Nor after a minute, when the client has long since requested what it needs."""
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            passed: Deferred[None] = Deferred()
            gate.addCallback(passed.callback)
            await passed

        self.offer("six", "attrs")
        self.upstream.before["six"] = wait
        await self.committed("six")
        self.go_on()
        self.go_on(60)
        gate.callback(None)
        self.assertEqual((self.fetched(), self.early.under_way), ([], 0))
        self.early.stop()
        await self.committed("attrs")
        self.go_on()
        self.assertEqual(self.fetched(), [])

    async def test_what_the_operator_denies_is_neither_fetched_nor_counted_as_refused(self) -> None:
        """No client has requested it."""
        self.offer("six", "attrs")
        await self.shelf.denials.deny(read_denied("six==1.0"), "it mines coins", "operator")
        commitment = await self.committed("six", "attrs")
        await self.finished()
        self.assertEqual(self.fetched(), [WHEEL.format("attrs")])
        self.assertEqual(await self.shelf.refused(commitment.address), [])
