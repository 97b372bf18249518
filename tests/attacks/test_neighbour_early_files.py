"""A neighbour who has the server fetch files that no client will ever request, by committing locks."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve
from twisted.internet.defer import Deferred

from reqpi.core.access.clients import ANONYMOUS, AccessScope, Client
from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Rate
from reqpi.web.http.rate_limits import RateLimits
from reqpi.web.routes import Root
from tests.shelf.early_case import EarlyCase
from tests.web.case import WHEEL, WebCase

ONE = "platform=manylinux_2_36_x86_64&python-version=3.12"
"""A target that is one Python on one platform."""


class FloodTests(EarlyCase):
    """Many locks, large locks, many bytes."""

    async def test_a_huge_lock_gets_no_early_file(self) -> None:
        """One POST would cause as many downloads as the lock has projects."""
        names = [f"thing{number}" for number in range(501)]
        self.offer("thing0")
        await self.committed(*names)
        self.go_on()
        self.assertEqual((self.early.under_way, self.upstream.asked), (0, []))

    async def test_no_client_has_more_than_four_locks_in_progress(self) -> None:
        """The attacker commits one lock after the other, of which the upstream sends nothing."""
        gates = self.slow(*(f"thing{number}" for number in range(12)))
        for number in range(10):
            await self.committed(f"thing{number}", client="neighbour")
        self.go_on()
        self.assertEqual((self.early.under_way, len(self.upstream.asked)), (4, 4))
        await self.committed("thing11", client="other")
        self.go_on()
        self.assertEqual((self.early.under_way, self.upstream.asked[-1]), (5, "thing11"))
        gates.callback(None)
        await self.finished()

    async def test_a_client_of_many_projects_leaves_turns_to_others(self) -> None:
        """The attacker's projects all wait for an upstream that does not answer."""
        names = [f"thing{number}" for number in range(60)]
        gates = self.slow(*names)
        await self.committed(*names, client="neighbour")
        self.go_on()
        self.assertEqual(len(self.upstream.asked), 8)
        self.offer("six")
        await self.committed("six", client="other")
        self.go_on()
        self.assertIn("six-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", self.fetched())
        gates.callback(None)
        await self.finished()

    async def test_no_lock_gets_more_bytes_than_the_limit(self) -> None:
        """The attacker pins files that are each just small enough."""
        names = [f"thing{number}" for number in range(40)]
        self.offer(*names, pad=(4 << 20) - 2000)
        await self.committed(*names)
        await self.finished()
        self.assertEqual(len(self.fetched()), 32)

    def slow(self, *names: str) -> Deferred[None]:
        """Offer projects about which the upstream answers only once the returned Deferred fires."""
        self.offer(*names)
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            passed: Deferred[None] = Deferred()
            gate.addCallback(passed.callback)
            await passed

        self.upstream.before |= dict.fromkeys(names, wait)
        return gate


class _Anyone:
    """Clients without a token, each with these scopes."""

    advice = "log in"

    def __init__(self, scopes: frozenset[AccessScope]) -> None:
        self._client = Client(scopes=scopes)

    def client_of(self, authorization: str) -> Client | None:
        return self._client

    def offers(self, address: str) -> bool:
        return True


class CommitTests(WebCase):
    """``POST /locks`` with ``X-ReqPI-Soon``, of clients that may have files held and of others."""

    access: _Anyone | None = None
    lock = b"six==1.0 # another\n"

    def made_root(self) -> Root:
        return Root(self.services(), self.base, self.ready_answers, access=self.access)

    async def asked_after_commit(self, soon: str = ONE) -> Mapping[str, int]:
        reply = await self.ask("/locks", "POST", self.lock, X_ReqPI_Soon=soon)
        self.assertEqual(reply.status, 201)
        self.clock.advance(0)
        for _ in range(20):
            await self.turn()
        return {url: self.upstream.asked.count(url) for url in self.upstream.asked}

    async def test_a_client_that_may_hold_gets_early_files(self) -> None:
        asked = await self.asked_after_commit()
        self.assertIn(next(file.url for file in self.upstream.pages["six"].files if file.filename == WHEEL), asked)  # type: ignore[index]

    async def test_the_rate_of_holds_bounds_early_files(self) -> None:
        """The attacker commits more locks than it may have held: they are committed, and nothing is fetched."""
        self.site.limits = evolve(self.site.limits, rates=RateLimits({Limit.HOLDS: Rate(0.001, 1)}, self.clock.seconds))
        self.assertNotEqual(await self.asked_after_commit(), {})
        self.upstream.asked.clear()
        self.lock = b"six==1.0 # one more\n"
        self.assertEqual(await self.asked_after_commit(), {})

    async def test_a_target_that_is_costly_to_choose_for_is_no_target(self) -> None:
        """Millions of tags, which the server would make for each project."""
        for soon in (
            "platform=manylinux_2_999_x86_64&python-version=3.12",
            "platform=win_amd64&python-version=3.999",
            "platform=win_amd64&python-version=3",
            "python-version=3.12",
            "platform=win_amd64&platform=win32&python-version=3.12",
            "platform=win_amd64&python-version=3.12&abi=cp312&abi=cp311",
        ):
            self.lock += b"#"
            self.assertEqual(await self.asked_after_commit(soon), {}, soon)

    async def test_a_header_that_cannot_be_read_is_no_header(self) -> None:
        """Too long, too many filters, or a filter that is none."""
        for soon in ("", "every=1&platform=a/b", f"every=1&platform={'x' * 1000}", "&".join(["every=1"] * 60)):
            self.lock += b"#"
            self.assertEqual(await self.asked_after_commit(soon), {}, soon[:40])


class WithoutHoldTests(CommitTests):
    """The same for clients that may commit and not hold."""

    access = _Anyone(ANONYMOUS["commit"] - {AccessScope.HOLD})

    async def test_a_client_that_may_hold_gets_early_files(self) -> None:
        """This one may not. It asks for early files all the same, as every ``gethash`` does."""
        self.assertEqual(await self.asked_after_commit(), {})

    async def test_the_rate_of_holds_bounds_early_files(self) -> None:
        """It is not used up, as nothing is held."""
        self.assertEqual(await self.asked_after_commit("every=1"), {})
