"""A neighbour who sends more requests than anyone needs."""

from __future__ import annotations

from reqpi.core.limits.limit import Limit
from tests.attacks.limits_case import ATTACKER, OTHER, LimitsCase
from tests.attacks.tokens_case import basic, text_of

LOCK = b"six==1.0\n"
PAGE = "/simple/six/"


class RateTests(LimitsCase):
    """Requests of one client, on the ordinary path and on the fast path."""

    async def statuses(self, count: int, host: str = ATTACKER, **said: str) -> list[int]:
        """Request the same page again and again, on one connection while it lasts."""
        found = []
        peer = self.peer(host)
        for _ in range(count):
            if peer.wire.over or peer.disconnecting or 429 in found[-1:]:
                peer = self.peer(host)
            found.append((await self.sent(peer, f"/{self.address}{PAGE}", **said)).status)
        return found

    async def test_without_a_limit_all_requests_are_answered(self) -> None:
        """The attacker keeps the server busy for as long as it likes."""
        self.assertEqual(await self.statuses(30), [200] * 30)

    async def test_further_requests_are_refused_on_both_paths(self) -> None:
        """The attacker repeats one request, most of which the fast path would answer."""
        self.limit(requests="1/s,burst=10")
        self.assertEqual(await self.statuses(12), [200] * 10 + [429] * 2)
        self.assertEqual(await self.statuses(2, OTHER), [200, 200])
        self.assert_refused(await self.as_peer(ATTACKER, "/"), Limit.REQUESTS)

    async def test_a_refused_client_may_go_on_after_the_time_that_it_was_told(self) -> None:
        """Others at the same address only have to wait."""
        self.limit(requests="6/min,burst=2")
        await self.statuses(2)
        refused = await self.as_peer(ATTACKER, "/")
        self.assertEqual(refused["Retry-After"], "10")
        self.clock.advance(10)
        self.assertEqual(await self.statuses(2), [200, 429])

    async def test_addresses_of_one_network_are_one_client(self) -> None:
        """The attacker has a /64 network of IPv6, or writes its address in another form."""
        self.limit(requests="1/h,burst=2")
        hosts = ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:1::", "2001:db8:0:1::1")
        self.assertEqual([(await self.as_peer(host, "/")).status for host in hosts], [200, 200, 429, 200])
        hosts = ("192.0.2.9", "::ffff:192.0.2.9", "::ffff:c000:209")
        self.assertEqual([(await self.as_peer(host, "/")).status for host in hosts], [200, 200, 429])

    async def test_a_header_makes_no_new_client(self) -> None:
        """The attacker invents addresses; behind a proxy, only the last one is the proxy's own."""
        self.limit(requests="1/h,burst=2")
        replies = [await self.as_peer(ATTACKER, "/", X_Forwarded_For=f"198.51.100.{n}") for n in range(3)]
        self.assertEqual([reply.status for reply in replies], [200, 200, 429])
        self.limit(requests="1/h,burst=2", trust_proxy=True)
        for values in (["1.1.1.1, 9.9.9.9", "2.2.2.2, 9.9.9.9", "9.9.9.9"], ["x", "y", "z"]):
            replies = [await self.as_peer(OTHER, "/", X_Forwarded_For=value) for value in values]
            self.assertEqual([reply.status for reply in replies], [200, 200, 429], values)

    async def test_the_proxy_names_clients_on_the_fast_path_too(self) -> None:
        """The attacker's requests come on the connection that the proxy also uses for another client."""
        self.limit(requests="1/h,burst=3", trust_proxy=True)
        peer = self.peer()
        said = [
            (await self.sent(peer, f"/{self.address}{PAGE}", X_Forwarded_For=host)).status
            for host in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1")
        ]
        self.assertEqual(said, [200] * 6 + [429])

    async def test_a_token_is_one_client_wherever_it_is_used(self) -> None:
        """The attacker has one token and many addresses; others at one of them have their own."""
        self.limit(requests="1/h,burst=3")
        login = {"Authorization": basic(text_of("reader"))}
        hosts = (ATTACKER, OTHER, "198.51.100.1", "198.51.100.2")
        self.assertEqual(
            [(await self.as_peer(host, f"/{self.address}{PAGE}", **login)).status for host in hosts], [200] * 3 + [429]
        )
        self.assertEqual((await self.as_peer(ATTACKER, f"/{self.address}{PAGE}")).status, 200)
        for _ in range(2):
            await self.as_peer(ATTACKER, "/", Authorization=basic("guess"))
        self.assertEqual((await self.as_peer(ATTACKER, "/", Authorization=basic("guess"))).status, 429)


class WorkTests(LimitsCase):
    """What costs more than a request: commits, holds, sessions."""

    async def test_commits_are_limited_before_their_bodies_arrive(self) -> None:
        """The attacker commits lock after lock, and spells the path in other ways."""
        self.limit(commits="1/min,burst=3")
        for path in ("/locks", "//locks/", "/%6cocks?x=1"):
            self.assertEqual((await self.as_peer(ATTACKER, path, "POST", LOCK)).status, 200, path)
        peer = self.peer()
        peer.say(self.request("/loc%6Bs", "POST", Content_Length="8000", Expect="100-continue"))
        self.assert_refused(await peer.wire.reply(), Limit.COMMITS)
        self.assertEqual((await self.as_peer(OTHER, "/locks", "POST", LOCK)).status, 200)
        self.assertEqual((await self.as_peer(ATTACKER, f"/{self.address}{PAGE}")).status, 200)

    async def test_holds_are_limited_apart_from_commits(self) -> None:
        """The attacker has the server fetch one lock after another."""
        self.limit(commits="1/min,burst=10", holds="1/min,burst=2")
        for path in ("/locks?hold=1", "/locks?%68old=1"):
            self.assertEqual((await self.as_peer(ATTACKER, path, "POST", LOCK)).status, 200, path)
        self.assert_refused(await self.as_peer(ATTACKER, "/locks?hold=1", "POST", LOCK), Limit.HOLDS)
        self.assertEqual((await self.as_peer(ATTACKER, "/locks", "POST", LOCK)).status, 200)
        self.assertEqual((await self.as_peer(OTHER, "/locks?hold=1", "POST", LOCK)).status, 200)

    async def test_runs_and_learn_sessions_are_limited(self) -> None:
        """The attacker takes all sessions that the server has."""
        self.limit(sessions="1/min,burst=3")
        paths = [f"/{self.address}/runs", "/learn", f"//{self.address}/%72uns/", f"/{self.address}/runs"]
        replies = [await self.as_peer(ATTACKER, path, "POST", b"") for path in paths]
        self.assertEqual([reply.status for reply in replies], [201, 404, 201, 429])
        self.assert_refused(replies[-1], Limit.SESSIONS)
        self.assertEqual((await self.as_peer(OTHER, f"/{self.address}/runs", "POST", b"")).status, 201)

    async def test_a_refusal_of_a_head_has_no_body(self) -> None:
        """The attacker hopes that a proxy takes the body for the next response."""
        self.limit(requests="1/h,burst=1")
        await self.as_peer(ATTACKER, "/")
        peer = self.peer()
        reply = await self.sent(peer, "/", "HEAD")
        self.assertEqual((reply.status, bytes(peer.wire.received)), (429, b""))


class MemoryTests(LimitsCase):
    """The limits themselves must not fill the memory."""

    async def test_clients_that_are_not_seen_any_more_are_forgotten(self) -> None:
        """The attacker comes from ever new networks."""
        rates = self.limit(requests="1/s,burst=2").rates
        for number in range(25_000):
            rates.reached(b"GET", b"/", f"client {number}")
        self.assertEqual(rates.remembered, 20_000)
