"""A neighbour who has the server keep bytes in memory: bodies that do not end, and responses that are not read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from reqpi.core.access.clients import Client
from reqpi.core.limits.limit import Limit
from reqpi.web.http import uploads
from reqpi.web.http.uploads import IN_MEMORY, Uploads
from tests.attacks.limits_case import ATTACKER, OTHER, LimitsCase, Peer
from tests.attacks.tokens_case import basic

LOCK = b"six==1.0\n"

LARGE = 2 * IN_MEMORY
PIECE = b"#" * 10_000


def full_disk() -> BinaryIO:
    """A file to which nothing can be written."""
    return Path("/dev/full").open("wb", buffering=0)


class BodyTests(LimitsCase):
    """The attacker begins many commits, and finishes none."""

    def begun(self, count: int, host: str = ATTACKER) -> list[Peer]:
        """Begin commits of 10,000 bytes, all but the last."""
        peers = []
        for _ in range(count):
            peers.append(self.peer(host))
            peers[-1].say(self.request("/locks", "POST", Content_Length=str(len(PIECE) + 1)) + PIECE)
        return peers

    async def test_without_a_limit_all_bytes_are_kept(self) -> None:
        """As many as the attacker sends."""
        self.begun(50)
        self.assertEqual(self.site.limits.uploads.in_flight, 50 * len(PIECE))

    async def test_further_bytes_are_refused_and_others_commit(self) -> None:
        """The attacker has half of the bytes at most, in pieces that it cannot have again and again."""
        uploads = self.limit(uploads=100_000).uploads
        peers = self.begun(12)
        self.assertEqual(uploads.in_flight, 50_000)
        self.assert_refused(await peers[5].wire.reply(), Limit.CLIENT_UPLOADS, 503)
        self.assertEqual((await self.as_peer(OTHER, "/locks", "POST", LOCK)).status, 200)
        await self.turn()
        self.assertEqual(uploads.in_flight, 50_000)
        for peer in peers:
            peer.abortConnection()
        await self.turn()
        self.assertEqual(uploads.in_flight, 0)
        self.assertEqual((await self.as_peer(ATTACKER, "/locks", "POST", LOCK)).status, 200)

    async def test_all_clients_together_are_bounded(self) -> None:
        """The attacker has several addresses."""
        self.limit(uploads=100_000)
        for host in ("192.0.2.66", "192.0.2.67"):
            self.begun(5, host)
        [peer] = self.begun(1, "192.0.2.68")
        self.assert_refused(await peer.wire.reply(), Limit.UPLOADS, 503)
        self.assertEqual(self.site.limits.uploads.in_flight, 100_000)

    async def test_bytes_of_a_refused_or_a_short_body_are_released(self) -> None:
        """The attacker sends a body that is too large in the end, one with another problem, and one that is a GET's."""
        uploads = self.limit(uploads=1 << 20).uploads
        chunked = self.request("/locks", "POST", Transfer_Encoding="chunked")
        chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
        for said, status in (
            (chunked + 10 * chunk, 413),
            (chunked + chunk + b"nonsense\r\n", 400),
            (self.request("/locks", "POST", b"six>=1.0\n"), 422),
            (self.request("/a/b", "GET", b"x" * 100), 404),
            (self.request("/a/b", "PUT", b"x" * 100), 404),
        ):
            peer = self.peer()
            peer.say(said)
            self.assertEqual((await peer.wire.reply()).status, status)
            peer.abortConnection()
            await self.turn()
            self.assertEqual(uploads.in_flight, 0, status)

    async def test_a_login_is_checked_as_often_for_many_pieces_as_for_one(self) -> None:
        """The attacker sends single bytes, with a login whose check takes the server long."""
        self.limit()
        logins: list[str] = []
        client_of = self.access.client_of

        def counted(authorization: str) -> Client | None:
            logins.append(authorization)
            return client_of(authorization)

        self.patch(self.access, "client_of", counted)
        checks = []
        for pieces in (1, 1000):
            said = self.request("/locks", "POST", Transfer_Encoding="chunked", Authorization=basic("x"))
            peer = self.peer()
            peer.say(said + b"1\r\n#\r\n" * pieces)
            checks.append(len(logins))
            logins.clear()
            peer.abortConnection()
            await self.turn()
        self.assertEqual(checks[0], checks[1])


class DiskTests(LimitsCase):
    """The attacker sends large bodies."""

    async def setUp(self) -> None:
        await super().setUp()
        self.site.largest_body = 2 * LARGE
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    async def test_a_large_body_is_not_in_memory(self) -> None:
        """It is in a file without a name, on the disk of the store."""
        kept = Uploads(0, self.folder).file()
        kept.write(b"x" * IN_MEMORY)
        self.assertFalse(kept._rolled)  # type: ignore[attr-defined]
        kept.write(b"x")
        self.assertTrue(kept._rolled)  # type: ignore[attr-defined]
        self.assertEqual(list(self.folder.iterdir()), [])
        kept.close()

    async def test_a_large_lock_is_committed_from_disk(self) -> None:
        """Its address is that of its bytes."""
        document = LOCK + (b"#" * 99 + b"\n") * (LARGE // 100)
        self.limit(uploads=1 << 30)
        reply = await self.as_peer(OTHER, "/locks", "POST", document)
        self.assertEqual(reply.status, 201)
        self.assertIn(hashlib.sha256(document).hexdigest(), reply["Location"] or "")
        await self.turn()
        self.assertEqual(self.site.limits.uploads.in_flight, 0)

    async def test_a_full_disk_is_a_refusal(self) -> None:
        """The attacker has filled it."""
        self.patch(self.limit().uploads, "file", full_disk)
        reply = await self.as_peer(OTHER, "/locks", "POST", LOCK)
        self.assertEqual(self.assert_problem(reply, 503)["type"], "urn:reqpi:store-trouble")


class TurnTests(LimitsCase):
    """How many large bodies are processed at a time."""

    def test_clients_take_turns(self) -> None:
        """The attacker has many large bodies, the other one; a small one does not wait."""
        turns = Uploads()
        size = uploads._LOADED // 2
        went: list[str] = []

        def begin(name: str, client: str, size: int) -> None:
            turns.load(name, client, size, lambda: went.append(name))

        for number in range(5):
            begin(f"a{number}", ATTACKER, size)
        begin("small", OTHER, IN_MEMORY)
        begin("b", OTHER, size)
        self.assertEqual(went, ["a0", "a1", "small"])
        turns.unload("a3")
        turns.unload("a0")
        self.assertEqual(went[3:], ["b"])
        for name in ("a1", "b", "nothing", "a1"):
            turns.unload(name)
        self.assertEqual(went[4:], ["a2", "a4"])

    def test_one_that_is_larger_than_all_is_processed_alone(self) -> None:
        """An operator may allow it."""
        turns = Uploads()
        went: list[str] = []
        turns.load("small", OTHER, IN_MEMORY + 1, lambda: went.append("small"))
        turns.load("huge", ATTACKER, 10 * uploads._LOADED, lambda: went.append("huge"))
        self.assertEqual(went, ["small"])
        turns.unload("small")
        self.assertEqual(went, ["small", "huge"])


class UnreadTests(LimitsCase):
    """The attacker requests large responses and reads none."""

    async def setUp(self) -> None:
        await super().setUp()
        self.site.largest_body = LARGE
        commitment, _ = await self.shelf.commit(LOCK.ljust(200_000, b"\n"))
        self.path = f"/{commitment.address}/lock"

    async def waiting(self, count: int, host: str = ATTACKER) -> list[Peer]:
        """Have responses of 200,000 bytes written to connections that are not read."""
        peers = []
        for _ in range(count):
            peers.append(self.peer(host))
            peers[-1].reads = False
            peers[-1].say(self.request(self.path))
            while not peers[-1].dataBuffer and not peers[-1].disconnecting:
                await self.turn()
        return peers

    async def test_without_a_limit_all_are_kept(self) -> None:
        """A response of some megabytes for each connection."""
        peers = await self.waiting(20)
        self.assertGreater(sum(len(peer.dataBuffer) for peer in peers), 20 * 200_000)
        self.assertFalse([peer for peer in peers if peer.disconnecting])

    async def test_those_who_wait_longest_are_cut(self) -> None:
        """The first response is on the ordinary path, others on the fast path; another client keeps its own."""
        limits = self.limit(unread=2_000_000)
        [slow] = await self.waiting(1, OTHER)
        peers = await self.waiting(12)
        self.assertEqual([peer.disconnecting for peer in peers], [True] * 8 + [False] * 4)
        self.assertFalse(slow.disconnecting)
        self.assertLess(limits.unread.bytes, 1_300_000)
        self.assertEqual(self.site.counts.refusals.get(Limit.UNREAD.reason, 0), 8)

    async def test_a_network_of_ipv6_is_one_client(self) -> None:
        """The attacker has as many addresses as it wants."""
        limits = self.limit(unread=2_000_000)
        peers = [peer for number in range(12) for peer in await self.waiting(1, f"2001:db8::{number}")]
        self.assertEqual([peer.disconnecting for peer in peers], [True] * 8 + [False] * 4)
        self.assertLess(limits.unread.bytes, 1_000_000)

    async def test_those_with_the_most_bytes_are_cut(self) -> None:
        """The attacker has several addresses, each with less than half of the bytes; another has waited for longer."""
        self.limit(unread=2_000_000)
        slow = await self.waiting(1, OTHER)
        attackers = [f"192.0.2.{number}" for number in range(100, 103)]
        peers = [peer for host in attackers for peer in await self.waiting(4, host)]
        self.assertFalse(slow[0].disconnecting)
        self.assertEqual(sum(peer.disconnecting for peer in peers), 4)

    async def test_a_client_that_reads_is_not_counted(self) -> None:
        """It reads slowly, and all of it."""
        limits = self.limit(unread=2_000_000)
        for _ in range(20):
            [slow] = await self.waiting(1, OTHER)
            self.assertGreater(limits.unread.bytes, 200_000)
            slow.read()
            self.assertEqual(limits.unread.bytes, 0)
        self.assertEqual(self.site.counts.refusals.get(Limit.UNREAD.reason, 0), 0)

    async def test_its_connection_is_not_closed_for_another(self) -> None:
        """The attacker has unread responses on as many connections as one client may have, and opens more of them."""
        limits = self.limit(most=100, most_of_client=5)
        peers = await self.waiting(5)
        for _ in range(3):
            refused = self.peer()
            self.assert_refused(await refused.wire.reply(), Limit.CLIENT_CONNECTIONS, 503)
            self.assertEqual(len(limits.connections), 5)
        peers[0].read()
        await self.turn()
        self.assertEqual((await self.as_peer(ATTACKER, self.path)).status, 200)
        await peers[0].wire.ended

    async def test_nothing_is_left_of_a_client_that_is_gone(self) -> None:
        """Neither its bytes nor a timer."""
        limits = self.limit(unread=2_000_000)
        for peer in await self.waiting(3):
            peer.abortConnection()
        await self.turn()
        self.assertEqual(limits.unread.bytes, 0)

    async def test_a_further_request_does_not_keep_the_connection(self) -> None:
        """The attacker sends a second request, which waits until the response before it is read."""
        [peer] = await self.waiting(1)
        peer.say(self.request(self.path))
        for _ in range(7):
            self.clock.advance(10)
            await self.turn()
        self.assertTrue(peer.disconnecting)
