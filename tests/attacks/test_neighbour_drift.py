"""Others on the network, who ask for the drift of a lock to learn what an upstream with a login has."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.web.drift import DriftResource
from reqpi.web.routes import Root
from tests.attacks.test_neighbour_token_limits import LimitsCase
from tests.distributions import a_file, a_page
from tests.web.case import FILES


class DriftLimitsCase(LimitsCase):
    """Upstreams with logins, and a lock whose page is frozen."""

    def made_root(self) -> Root:
        root = super().made_root()
        root._features = (DriftResource(self.shelf, LockDrift(self.shelf, self.store, self.upstream, self.clock)),)
        return root

    async def drift(self, name: str = "", address: str = "") -> dict[str, Any]:
        path = f"/{address or self.address}/drift"
        reply = await (self.as_client(name, path) if name else self.ask(path))
        self.assertEqual(reply.status, 200, reply.body)
        found: dict[str, Any] = json.loads(reply.body)
        return found


class ReaderTests(DriftLimitsCase):
    """The attacker knows an address, and may only read."""

    async def test_no_upstream_with_a_login_is_asked(self) -> None:
        """Neither without a token, nor with one that reads, nor with one for other upstreams or projects."""
        for name in ("", "reader", "corp-only"):
            [unknown] = (await self.drift(name))["unknown"]
            self.assertIn("login", unknown["why"])
        self.assertEqual(self.upstream.asked, [])

    async def test_other_releases_and_files_stay_unknown(self) -> None:
        """One who may commit has asked before, so that the store knows more than the attacker may."""
        await self.as_client("free", f"/{self.address}/simple/six/")
        added, newer = a_file("six-1.0-7-py3-none-any.whl"), a_file("six-1.7.tar.gz")
        self.upstream.pages[a_page().project] = a_page(evolve(FILES[0], yanked="why"), *FILES[1:], added, newer)
        kinds = {one["kind"] for one in (await self.drift("free"))["findings"]}
        self.assertEqual(kinds, {"yanked", "added", "newer"})
        for name in ("", "reader"):
            self.assertEqual({one["kind"] for one in (await self.drift(name))["findings"]}, {"yanked"})

    async def test_whether_a_release_exists_stays_unknown(self) -> None:
        """The attacker knows a lock of which no page is frozen: there is none, or there is with other digests."""
        other = await self.committed(f"six==2.0 --hash=sha256:{'0' * 64}")
        self.assertTrue((await self.drift("free", other))["findings"])
        self.assertEqual((await self.drift("reader", other))["findings"], [])
