"""A server with a policy that denies malware, and a lock that pins six 1.0, which is some."""

from __future__ import annotations

from datetime import UTC, datetime

from reqpi.shelf.policy.enforcement import Enforcement, Evidence
from reqpi.shelf.policy.listed import ListedReleases
from tests.policies import MALICIOUS, ListedAdvisories, a_policy
from tests.web.case import WHEEL, WebCase

__all__ = ["NOW", "PolicedCase"]

NOW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()


class PolicedCase(WebCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.clock.advance(NOW)
        self.enforcement = Enforcement(self.shelf.denials, self.clock, ListedReleases(self.upstream, self.clock))
        self.shelf.denials.gate = self.enforcement
        self.evidence = Evidence(ListedAdvisories(MALICIOUS))
        self.enforcement.change(a_policy("malware"), self.evidence)

    async def assert_refused(self) -> None:
        for path in ("/simple/six/", f"/simple/six/{WHEEL}", f"/simple/six/{WHEEL}.metadata"):
            self.assertEqual((await self.under(path)).status, 410, path)
