"""A neighbour who fills the store: with large files, with many locks, or with more than the quota of a token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.tokens import Token, Tokens, digest_of
from reqpi.core.address import address_of
from reqpi.core.errors import OverQuota, StoreFull
from reqpi.runtime.on_behalf import WITH_TOKEN, on_behalf_of, work_under
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.records import charge_record, decision_record, lock_record, survey_record
from reqpi.shelf.room.store_room import StoreRoom
from reqpi.shelf.room.survey_total import SurveyTotal
from reqpi.storage.counted import CountedStore
from reqpi.storage.memory import MemoryStore
from reqpi.web.routes import Root
from tests.attacks.tokens_case import TokensCase, text_of
from tests.distributions import a_file, a_page
from tests.web.case import SDIST
from tests.web.wire import Reply

BIG = tuple(f'big==1.{number} ; python_version == "3.{number}"' for number in range(10))
"""The lines of a lock with ten files."""

BIG_URL = "https://files.example.org/big-1.0.tar.gz"

KILO = b"k" * 1000
SCOPES = frozenset({AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD})


class RoomCase(TokensCase):
    """A server whose clients have tokens, over a store that has some room."""

    anonymous = "read"
    largest: int | None = None

    def made_store(self) -> Any:
        self.behind = MemoryStore(self.clock.seconds)
        self.room = self.another_room("one")
        return CountedStore(self.behind, self.room)

    def another_room(self, instance: str) -> StoreRoom:
        """The room as another process sees it."""
        return StoreRoom(self.behind, self.clock, instance, self.largest, self.quota)

    def quota(self, name: str) -> int | None:
        return self.access.tokens.quota(name)

    def made_root(self) -> Root:
        root = super().made_root()
        quotas = {"small": 2500, "large": 10_000, "free": None}
        tokens = [Token(name, digest_of(text_of(name)), SCOPES, quota=quota) for name, quota in quotas.items()]
        self.access.tokens = Tokens(tokens)
        return root

    def offer(self, project: str, *contents: bytes) -> None:
        files = [
            a_file(f"{project}-1.{number}.tar.gz", content, project=project) for number, content in enumerate(contents)
        ]
        self.upstream.offer(a_page(*files, project=project), *contents)

    async def commit(self, name: str, *lines: str) -> str:
        """Commit a lock with a token; its address."""
        reply = await self.commit_reply(name, *lines)
        self.assertEqual(reply.status, 201, reply.body)
        return address_of("".join(f"{line}\n" for line in lines).encode())

    async def commit_reply(self, name: str, *lines: str) -> Reply:
        return await self.as_client(name, "/locks", "POST", "".join(f"{line}\n" for line in lines).encode())

    async def file(self, address: str, project: str, number: int = 0) -> Reply:
        """Request a file as a client without a token."""
        return await self.ask(f"/{address}/simple/{project}/{project}-1.{number}.tar.gz")

    async def surveyed(self, room: StoreRoom) -> StoreRoom:
        await room.survey()
        return room


class FullTests(RoomCase):
    """The store may have 20,000 bytes."""

    largest = 20_000

    async def fill(self) -> str:
        """Have files downloaded until there is no more room; the address of the lock."""
        self.offer("big", *(bytes([number]) * 3000 for number in range(10)))
        address = await self.commit("free", *BIG)
        statuses = [(await self.file(address, "big", number)).status for number in range(10)]
        self.assertEqual(set(statuses[:4]), {200})
        self.assertEqual(set(statuses[7:]), {507})
        return address

    async def test_nothing_new_is_stored_and_what_is_there_is_served(self) -> None:
        """The attacker has one file after the other downloaded."""
        address = await self.fill()
        self.assertLessEqual(sum([size async for size in self.behind.occupied()]), 24_000)
        self.assertEqual((await self.file(address, "big")).status, 200)
        self.assertEqual((await self.ask(f"/{address}/simple/big/")).status, 200)
        problem = self.assert_problem(await self.file(address, "big", 9), 507)
        self.assertEqual(problem["type"], "urn:reqpi:store-full")
        self.assertIn("--max-store", problem["detail"])

    async def test_a_client_is_told_when_to_try_again(self) -> None:
        address = await self.fill()
        self.assertIsNotNone((await self.file(address, "big", 9))["Retry-After"])

    async def test_a_lock_is_not_committed_and_one_that_is_here_is_still_known(self) -> None:
        """The attacker commits large locks; others commit theirs again, as every build does."""
        await self.fill()
        comment = "# " + "x" * 5000
        self.assertEqual((await self.commit_reply("free", comment, "six==1.0")).status, 507)
        self.assertEqual((await self.commit_reply("free", *BIG)).status, 200)

    async def test_the_operator_can_still_deny_what_filled_it(self) -> None:
        """The attacker fills the store so that no decision can be written."""
        await self.fill()
        decision = decision_record("0" * 32)
        self.assertEqual(await self.store.create(decision, KILO * 10), KILO * 10)

    async def test_downloads_that_fail_take_no_room(self) -> None:
        """The attacker has the upstream send wrong bytes again and again."""
        self.offer("wrong", KILO)
        self.upstream.files["https://files.example.org/wrong-1.0.tar.gz"] = b"w" * 1000
        address = await self.commit("free", "wrong==1.0")
        for _ in range(50):
            self.assertEqual((await self.file(address, "wrong")).status, 503)
            self.clock.advance(10.0)
        self.assertEqual(self.room.whole.in_flight, 0)
        self.assertEqual((await self.under(f"/simple/six/{SDIST}")).status, 200)

    async def test_what_a_sweep_frees_can_be_filled_again(self) -> None:
        await self.fill()
        self.clock.advance(10_000)
        await Sweep(self.store, self.clock, 5000).run()
        await self.room.survey()
        self.offer("next", KILO)
        self.assertEqual((await self.file(await self.commit("free", "next==1.0"), "next")).status, 200)

    async def test_another_process_finds_what_this_one_stored(self) -> None:
        """The attacker's requests reach all workers."""
        await self.fill()
        another = await self.surveyed(self.another_room("two"))
        self.assertGreater(another.whole.used, 15_000)
        self.assertEqual(another.whole.used, sum([size async for size in self.behind.occupied()]))

    async def test_a_full_store_is_full_after_a_restart(self) -> None:
        """The attacker fills it while the first survey of a server that has just started is under way."""
        await self.fill()
        await self.room.survey()
        room, gate, occupied = self.another_room("after"), Deferred[None](), self.behind.occupied

        async def slow() -> AsyncIterator[int]:
            await gate
            async for size in occupied():
                yield size

        self.patch(self.behind, "occupied", slow)
        first = Deferred.fromCoroutine(room.tend())
        self.assertIsNone(room.whole.surveyed)
        self.assertLess(abs(room.whole.used - self.room.whole.used), 100)  # the record itself
        self.assertRaises(StoreFull, room.check, "", 3000)
        gate.callback(None)
        await first
        self.assertEqual(room.whole.used, sum([size async for size in self.behind.occupied()]))

    async def test_the_first_survey_counts_whatever_is_recorded(self) -> None:
        """Someone who can write to the store recorded that it is full, or empty, or wrote junk."""
        for junk in (SurveyTotal(0.0, 10**15, {}).dump(), SurveyTotal(0.0, 0, {"x": 5}).dump(), b"[[["):
            await self.behind.replace(survey_record(), junk)
            room = self.another_room("after")
            await room.tend()
            self.assertEqual(room.whole.used, sum([size async for size in self.behind.occupied()]))
        self.flushLoggedErrors()

    async def test_the_survey_is_repeated_and_sooner_when_the_store_is_filling(self) -> None:
        """What other processes store meanwhile is not known before."""
        await self.room.tend()
        surveyed = self.room.whole.surveyed
        await self.behind.create("bills/more/a", KILO)
        self.clock.advance(5.0)
        await self.room.tend()
        self.assertEqual(self.room.whole.surveyed, surveyed)
        self.offer("big", b"b" * 3000)
        self.assertEqual((await self.file(await self.commit("free", "big==1.0"), "big")).status, 200)
        await self.room.tend()
        self.assertGreater(self.room.whole.surveyed or 0, (surveyed or 0) + 4000)
        surveyed = self.room.whole.surveyed
        await self.behind.create("bills/more/b", KILO)
        self.clock.advance(601.0)
        await self.room.tend()
        self.assertLess(abs((self.room.whole.surveyed or 0) - (surveyed or 0) - 1000), 100)  # the record grows, too


class QuotaTests(RoomCase):
    """A token may bring 2,500 bytes into the store, another one 10,000, and a third any number."""

    async def test_the_locks_of_a_token_bring_no_more_than_its_quota(self) -> None:
        """The attacker has them downloaded without the token, since reading needs none."""
        statuses = []
        for number in range(5):
            self.offer(f"file{number}", bytes([number]) * 1000)
            address = await self.commit("small" if number < 3 else "large", f"file{number}==1.0")
            statuses.append((await self.file(address, f"file{number}")).status)
        self.assertEqual(statuses, [200, 200, 507, 200, 200])

    async def test_it_says_what_is_used_up(self) -> None:
        self.offer("big", b"b" * 3000)
        address = await self.commit("small", "big==1.0")
        problem = self.assert_problem(await self.file(address, "big"), 507)
        self.assertEqual(problem["type"], "urn:reqpi:over-quota")
        self.assertIn("2.5 kB", problem["detail"])
        self.assertNotIn("small", str(problem))  # others may read under this address

    async def test_a_lock_is_not_committed_when_it_is_used_up(self) -> None:
        self.offer("file", b"f" * 2450)
        self.assertEqual((await self.file(await self.commit("small", "file==1.0"), "file")).status, 200)
        comment = "# " + "x" * 100
        self.assertEqual((await self.commit_reply("small", comment, "six==1.0")).status, 507)
        self.assertEqual((await self.commit_reply("free", comment, "six==1.0")).status, 201)

    async def test_another_token_that_commits_the_same_lock_is_not_charged(self) -> None:
        """The attacker commits a lock of someone else, to use up that one's quota, or to escape from the own one."""
        self.offer("file", KILO)
        address = await self.commit("small", "file==1.0")
        self.assertEqual((await self.commit_reply("large", "file==1.0")).status, 200)
        await self.file(address, "file")
        self.assertEqual(self.room.of_token("small").used, 1000)
        self.assertEqual(self.room.of_token("large").used, 0)

    async def test_a_quota_holds_after_a_restart_and_in_other_processes(self) -> None:
        self.offer("file", b"f" * 2000)
        await self.file(await self.commit("small", "file==1.0"), "file")
        await self.room.write()
        another = await self.surveyed(self.another_room("two"))
        self.assertEqual(another.of_token("small").used, 2000)

    async def test_a_used_up_quota_is_used_up_after_a_restart(self) -> None:
        """The attacker uses it again while the first survey of a server that has just started is under way."""
        self.offer("file", b"f" * 2000)
        await self.file(await self.commit("small", "file==1.0"), "file")
        await self.room.survey()
        another = self.another_room("two")
        await another._recall()
        self.assertRaises(OverQuota, another.check, "small", 1000)
        another.check("large", 1000)

    async def test_it_is_free_again_when_the_locks_are_swept(self) -> None:
        self.offer("file", b"f" * 2000)
        await self.file(await self.commit("small", "file==1.0"), "file")
        await self.room.write()
        await self.room.survey()
        self.assertEqual(self.room.of_token("small").used, 2000)
        self.clock.advance(10_000)
        await Sweep(self.store, self.clock, 5000).run()
        await self.room.survey()
        self.assertEqual(self.room.of_token("small").used, 0)

    async def begun_by_small(self, want: Callable[[str], Awaitable[Any]]) -> list[Any]:
        """Have one thing wanted under a lock of ``small`` and then of others; the outcomes, in the same order."""
        addresses = [await self.commit("small", "# hostile", "big==1.0")]
        addresses += [await self.commit("large", f"# {number}", "big==1.0") for number in range(3)]
        for address in addresses:
            await self.ask(f"/{address}/simple/big/")
        gate: Deferred[None] = Deferred()
        self.upstream.before[BIG_URL] = lambda: gate
        outcomes = [Deferred.fromCoroutine(want(address)) for address in addresses]  # type: ignore[arg-type]
        self.assertEqual((self.upstream.asked.count(BIG_URL), [one.called for one in outcomes]), (1, [False] * 4))
        del self.upstream.before[BIG_URL]
        gate.callback(None)
        return [await outcome.addErrback(lambda failure: failure.value) for outcome in outcomes]

    async def file_begun_by_small(self) -> None:
        self.offer("big", b"b" * 3000)

        async def file(address: str) -> bytes:
            response = await self.shelf.file(await self.shelf.commitment(address), "big", "big-1.0.tar.gz")
            return b"".join([piece async for piece in response.read(0, response.size)])

        refused, *own = await self.begun_by_small(file)
        self.assertIsInstance(refused, OverQuota)
        self.assertEqual(own, [b"b" * 3000] * 3)
        self.assertEqual(self.upstream.asked.count(BIG_URL), 2)

    async def test_a_used_up_quota_fails_no_download_of_others(self) -> None:
        """The attacker requests the files of others first, under a lock of its own whose quota is used up."""
        await self.file_begun_by_small()

    async def test_a_quota_that_is_used_up_on_the_way_fails_none_either(self) -> None:
        """The attacker does so with a file of which the upstream does not say how long it is."""
        self.upstream.sizes = False
        await self.file_begun_by_small()

    async def test_a_used_up_quota_fails_no_measurement_of_others(self) -> None:
        """The attacker does so with a file that is listed without a sha256."""
        self.offer("big", b"b" * 3000)
        downloads = Downloads(self.store, self.upstream, self.clock)
        file = evolve(self.upstream.pages["big"].files[0], digests=frozenset())

        async def size(address: str) -> int:
            work_under(address)
            return (await downloads.measure(file)).size

        refused, *own = await self.begun_by_small(size)
        self.assertIsInstance(refused, OverQuota)
        self.assertEqual(own, [3000] * 3)

    async def swept(self) -> None:
        await self.room.write()
        self.clock.advance(10_000)
        await Sweep(self.store, self.clock, 5000).run()

    async def charged(self) -> dict[str, int]:
        """What the tokens are charged with, for all processes to see."""
        await self.room.survey()
        return {name: self.room.of_token(name).used for name in ("small", "large")}

    async def test_the_charge_of_a_swept_lock_does_not_come_back(self) -> None:
        """The attacker commits a lock that was swept, and has its files charged to the token that had it before."""
        self.offer("file", KILO)
        await self.file(await self.commit("small", "file==1.0"), "file")
        await self.swept()
        await self.file(await self.commit("large", "file==1.0"), "file")
        self.assertEqual(await self.charged(), {"small": 0, "large": 1000})

    async def test_a_lock_that_was_swept_while_its_files_arrive_is_charged_for_the_rest(self) -> None:
        """The attacker lets the lock be swept, and another process has it committed again with another token."""
        self.offer("big", KILO, b"2" * 1000)
        lines = BIG[:2]
        address = await self.commit("small", *lines)
        await self.file(address, "big")
        await self.swept()
        other = CountedStore(self.behind, self.another_room("two"))
        with on_behalf_of(f"{WITH_TOKEN}large"):
            await other.create(lock_record(address), "".join(f"{line}\n" for line in lines).encode())
        await self.file(address, "big", 1)
        await self.room.write()
        self.assertEqual(await self.charged(), {"small": 0, "large": 1000})

    async def test_a_lock_is_charged_though_its_client_has_left(self) -> None:
        """The attacker commits a lock and disconnects while the store still writes it, to escape from its quota."""
        self.offer("file", KILO)
        create, is_there = self.behind.create, Deferred[None]()

        async def slow(name: str, value: bytes) -> bytes:
            standing = await create(name, value)
            if name.startswith(lock_record("")):
                is_there.callback(None)
                await Deferred[None]()
            return standing

        self.patch(self.behind, "create", slow)
        with on_behalf_of(f"{WITH_TOKEN}small"):
            left = Deferred.fromCoroutine(self.shelf.commit(b"file==1.0\n"))
        await is_there
        await self.turn()  # until it waits for the store
        left.cancel()
        await self.assertFailure(left, CancelledError)
        self.patch(self.behind, "create", create)
        self.assertEqual((await self.file(address_of(b"file==1.0\n"), "file")).status, 200)
        self.assertEqual((await self.charged())["small"], 1000)

    async def test_a_damaged_charge_stops_nothing(self) -> None:
        """Someone who can write to the store changed it."""
        self.offer("file", KILO)
        address = await self.commit("small", "file==1.0")
        for name in [name async for name in self.behind.names(charge_record(address))]:
            await self.behind.replace(name, b"[[[")
        await self.room.survey()
        self.assertEqual((await self.file(address, "file")).status, 200)
