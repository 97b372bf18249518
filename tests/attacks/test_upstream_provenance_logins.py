"""A malicious upstream links to a provenance object on the host of another one, whose login and network are not its."""

from __future__ import annotations

from attrs import evolve

from tests.attacks.upstream_case import THING, TwoUpstreamsCase


class ProvenanceLinkTests(TwoUpstreamsCase):
    """A lists a file of its own, and a provenance object of B."""

    def setUp(self) -> None:
        super().setUp()
        self.a.add(evolve(self.thing, provenance=self.b_file))

    async def test_the_private_host_of_another_upstream_is_not_reached(self) -> None:
        """A has the server ask a host that is allowed for B only."""
        shelf = self.shelf()
        commitment = await self.committed(shelf)
        await self.trouble(shelf.provenance.object(commitment, "thing", THING))
        await self.everything(shelf)
        self.assertEqual(self.b.connections, 0)

    async def test_the_login_of_another_upstream_is_not_sent(self) -> None:
        """A has the server show its login for B a request of A's choice."""
        shelf = self.shelf(hosts=self.hosts(self.b_url))
        commitment = await self.committed(shelf)
        await self.trouble(shelf.provenance.object(commitment, "thing", THING))
        self.assertTrue(self.b.requests)
        self.assertEqual(self.logins(self.b), {None})
