"""A name is looked up once for all who want it, and its addresses are kept for a while."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet import reactor as _reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from reqpi.core.errors import UpstreamTrouble
from reqpi.upstream.allowed import name_cache
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.name_cache import NameCache
from tests.upstream.names import Kept, Names

reactor: Any = _reactor


@define
class Query:
    """One query to the resolver, which is answered when the test says so."""

    name: str
    port: int
    types: Any
    receiver: Any

    def answer(self, *addresses: str) -> None:
        for address in addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            self.receiver.addressResolved(kind("TCP", address, self.port))
        self.receiver.resolutionComplete()


@implementer(IHostnameResolver)
@define
class Resolver:
    """A resolver that answers nothing by itself."""

    queries: list[Query] = field(factory=list)

    def resolveHostName(
        self, receiver: Any, name: str, port: int = 0, types: Any = None, transportSemantics: str = "TCP"
    ) -> Any:
        receiver.resolutionBegan(None)
        self.queries.append(Query(name, port, types, receiver))


@define
class Client:
    """One that wants addresses."""

    addresses: list[str] = field(factory=list)
    complete: int = 0

    def resolutionBegan(self, resolution: object) -> None:
        """It is under way."""

    def addressResolved(self, address: Any) -> None:
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:
        self.complete += 1


class KeptCase(SynchronousTestCase):
    """A resolver and a clock of the test's own."""

    def setUp(self) -> None:
        self.clock, self.resolver = Clock(), Resolver()
        self.names = NameCache(self.resolver, self.clock)

    def ask(self, name: str = "index.example", port: int = 443, types: Any = None) -> Client:
        client: Any = Client()
        self.names.resolveHostName(client, name, port, types)
        return client  # type: ignore[no-any-return]

    def asked(self) -> list[str]:
        return [query.name for query in self.resolver.queries]


class SharedTests(KeptCase):
    """All who ask at the same time wait for one query."""

    def test_a_burst_is_one_query(self) -> None:
        clients = [self.ask() for _ in range(60)]
        self.assertEqual(self.asked(), ["index.example"])
        self.assertEqual({client.complete for client in clients}, {0})
        self.resolver.queries[0].answer("192.0.2.1", "2001:db8::1")
        for client in clients:
            self.assertEqual((client.addresses, client.complete), (["192.0.2.1", "2001:db8::1"], 1))

    def test_another_host_port_or_family_is_another_query(self) -> None:
        self.ask()
        self.ask("INDEX.example")
        self.ask(port=8443)
        self.ask(types=[IPv6Address])
        self.ask("files.example")
        self.assertEqual(self.asked(), ["index.example"] * 3 + ["files.example"])
        self.assertEqual([query.types for query in self.resolver.queries], [None, None, (IPv6Address,), None])

    def test_a_query_that_was_lost_is_repeated_after_a_second(self) -> None:
        """The system's resolver repeats its own after 5 s."""
        client = self.ask()
        self.clock.advance(name_cache._AGAIN)
        self.assertEqual(len(self.resolver.queries), 2)
        self.resolver.queries[1].answer("192.0.2.1")
        self.assertEqual((client.addresses, client.complete), (["192.0.2.1"], 1))
        self.resolver.queries[0].answer("192.0.2.9")
        self.assertEqual((client.addresses, client.complete), (["192.0.2.1"], 1))
        self.assertEqual(self.ask().addresses, ["192.0.2.1"])

    def test_a_query_is_repeated_once(self) -> None:
        """Each takes a thread."""
        self.ask()
        self.clock.pump([name_cache._AGAIN] * 5)
        self.assertEqual(len(self.resolver.queries), 2)

    def test_a_query_without_an_answer_is_not_joined_forever(self) -> None:
        """Its answer still counts, should it come."""
        first = self.ask()
        self.clock.pump([1.0] * int(name_cache._JOINED))
        self.ask()
        self.assertEqual(len(self.resolver.queries), 3)
        self.resolver.queries[0].answer("192.0.2.1")
        self.assertEqual(first.addresses, ["192.0.2.1"])
        self.assertEqual(self.ask().addresses, ["192.0.2.1"])

    def test_nothing_is_left_on_the_clock(self) -> None:
        self.ask()
        self.resolver.queries[0].answer("192.0.2.1")
        self.assertEqual(self.clock.getDelayedCalls(), [])


class KeptTests(KeptCase):
    """An answer is used again for a bounded time."""

    def test_an_answer_is_used_again(self) -> None:
        self.ask()
        self.resolver.queries[0].answer("192.0.2.1")
        self.clock.advance(name_cache._REFRESHED - 1)
        client = self.ask()
        self.assertEqual((client.addresses, client.complete, len(self.resolver.queries)), (["192.0.2.1"], 1, 1))

    def test_a_changed_answer_is_picked_up(self) -> None:
        self.ask()
        self.resolver.queries[0].answer("192.0.2.1")
        self.clock.advance(name_cache._KEPT)
        client = self.ask()
        self.assertEqual(client.complete, 0)
        self.resolver.queries[1].answer("192.0.2.2")
        self.assertEqual(client.addresses, ["192.0.2.2"])

    def test_a_name_in_use_is_looked_up_again_before_its_answer_ends(self) -> None:
        """No client waits for the query, and a lost one costs nothing."""
        self.ask()
        self.resolver.queries[0].answer("192.0.2.1")
        self.clock.advance(name_cache._REFRESHED)
        self.assertEqual((self.ask().addresses, self.ask().addresses), (["192.0.2.1"], ["192.0.2.1"]))
        self.assertEqual(len(self.resolver.queries), 2)
        self.resolver.queries[1].answer("192.0.2.2")
        self.assertEqual(self.ask().addresses, ["192.0.2.2"])

    def test_a_refresh_that_fails_leaves_the_answer_until_its_end(self) -> None:
        self.ask()
        self.resolver.queries[0].answer("192.0.2.1")
        self.clock.advance(name_cache._REFRESHED)
        self.ask()
        self.resolver.queries[1].answer()
        self.assertEqual(self.ask().addresses, ["192.0.2.1"])
        self.clock.advance(name_cache._KEPT - name_cache._REFRESHED)
        self.assertEqual(self.ask().complete, 0)

    def test_a_failure_is_kept_for_a_second(self) -> None:
        self.ask()
        self.resolver.queries[0].answer()
        client = self.ask()
        self.assertEqual((client.addresses, client.complete), ([], 1))
        self.clock.advance(name_cache._FAILED)
        self.assertEqual(self.ask().complete, 0)
        self.assertEqual(len(self.resolver.queries), 2)

    def test_answers_are_bounded(self) -> None:
        """Pages may name any number of hosts, and a name may have any number of addresses."""
        self.patch(name_cache, "_MOST", 10)
        self.names = NameCache(self.resolver, self.clock)
        for number in range(6):
            self.ask(f"{number}.example")
            self.resolver.queries[-1].answer("192.0.2.1")
        self.assertEqual((self.ask("5.example").complete, self.ask("0.example").complete), (1, 0))
        self.ask("many.example")
        self.resolver.queries[-1].answer(*(f"192.0.2.{number}" for number in range(20)))
        self.assertEqual(self.ask("many.example").complete, 0)


class GuardTests(TestCase):
    """A kept answer is no permission: each connection checks its addresses."""

    async def test_a_kept_address_is_checked_for_each_connection(self) -> None:
        """One port of a host may be named and another not, and a name may be looked up for both."""
        names = Names(reactor, {"rebind.example": ["127.0.0.1", "8.8.8.8"], "inside.example": ["10.0.0.1"]})
        kept: Any = Kept(names)
        named = GuardedReactor(kept, Hosts.read(["inside.example", "rebind.example"], "--allow-host"))
        stranger = GuardedReactor(kept, Hosts.read([], "--allow-host"))
        for _ in range(2):
            self.assertEqual(await named.addresses("rebind.example", 443), ["127.0.0.1", "8.8.8.8"])
            self.assertEqual(await named.addresses("inside.example", 443), ["10.0.0.1"])
            self.assertEqual(await stranger.addresses("rebind.example", 443), ["8.8.8.8"])
            await self.assertFailure(Deferred.fromCoroutine(stranger.addresses("inside.example", 443)), Denied)
        self.assertEqual(names.asked, ["rebind.example", "inside.example"])

    async def test_a_name_that_rebinds_after_its_first_answer_is_refused(self) -> None:
        """First a public address, and this machine as soon as the answer was forgotten."""
        answers = {"rebind.example": ["8.8.8.8"]}
        kept: Any = Kept(Names(reactor, answers))
        way = GuardedReactor(kept, Hosts.read([], "--allow-host"))
        self.assertEqual(await way.addresses("rebind.example", 443), ["8.8.8.8"])
        answers["rebind.example"] = ["127.0.0.1", "169.254.169.254"]
        self.assertEqual(await way.addresses("rebind.example", 443), ["8.8.8.8"])
        kept.clock.advance(name_cache._KEPT)
        trouble = await self.assertFailure(
            Deferred.fromCoroutine(way.addresses("rebind.example", 443)), UpstreamTrouble
        )
        self.assertIsInstance(trouble, Denied)
