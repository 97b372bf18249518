"""A neighbour whose CI system identifies its jobs, and who fills the store with more than their quota."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reqpi.core.access.oidc_file import read_oidc
from reqpi.core.address import address_of
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.routes import Root
from tests.attacks.test_neighbour_room import KILO, RoomCase
from tests.attacks.tokens_case import basic
from tests.web.wire import Reply

pytest.importorskip("joserfc")

from reqpi.server.oidc import SignedTokens
from tests.attacks.test_neighbour_signed_tokens import CLAIMS, ISSUER, NOW, OWN, jwks, signed


class SignedQuotaTests(RoomCase):
    """Each subject may bring 2,500 bytes into the store."""

    def made_root(self) -> Root:
        root = super().made_root()
        self.clock.advance(NOW)
        path = Path(self.mktemp()).absolute()
        path.write_bytes(jwks(OWN))
        rule = '[[issuer.rule]]\nclaims = { repository = "acme/*" }\nscopes = ["read", "commit"]\nquota = "2500"\n'
        text = f'[[issuer]]\nurl = "{ISSUER}"\naudiences = ["reqpi"]\nkeys = "{path}"\n{rule}'
        self.issuers = read_oidc(text.encode())
        self.access.signed = SignedTokens(self.issuers, self.clock.seconds)
        return root

    def quota(self, name: str) -> int | None:
        return self.access.quota(name)

    async def committed_by(self, subject: str, line: str) -> Reply:
        login = basic(signed(CLAIMS | {"sub": subject}))
        return await self.ask("/locks", "POST", f"{line}\n".encode(), Authorization=login)

    async def statuses(self, subject: str, numbers: range) -> list[int]:
        """Commit locks of a file of 1,000 bytes each, and have the files downloaded by a client without a token."""
        found = []
        for number in numbers:
            self.offer(f"file{number}", bytes([number]) * 1000)
            line = f"file{number}==1.0"
            self.assertEqual((await self.committed_by(subject, line)).status, 201)
            found.append((await self.file(address_of(f"{line}\n".encode()), f"file{number}")).status)
        return found

    async def test_the_locks_of_a_job_bring_no_more_than_its_quota(self) -> None:
        """Another job of the same rule has its own."""
        self.assertEqual(await self.statuses("repo:acme/web", range(3)), [200, 200, 507])
        self.assertEqual(await self.statuses("repo:acme/other", range(10, 12)), [200, 200])

    async def test_a_job_is_not_charged_to_a_token_with_its_name(self) -> None:
        """The attacker's subject is the name of a token, whose quota it uses up."""
        self.assertEqual(await self.statuses("small", range(3)), [200, 200, 507])
        self.offer("own", KILO)
        address = await self.commit("small", "own==1.0")
        self.assertEqual((await self.file(address, "own")).status, 200)

    async def test_a_quota_holds_in_a_process_that_has_not_seen_the_job(self) -> None:
        """The attacker waits for a restart, and has the files downloaded without a token."""
        await self.statuses("repo:acme/web", range(2))
        self.offer("later", KILO)
        self.assertEqual((await self.committed_by("repo:acme/web", "later==1.0")).status, 201)
        await self.room.write()
        self.access = TokenAccess(self.access.tokens, "read", self.clock.seconds, self.seen_nobody())
        another: Any = await self.surveyed(self.another_room("two"))
        charged = {name: tally.used for name, tally in another._of_tokens.items()}
        [account] = charged
        self.assertEqual((charged[account], self.quota(account)), (2000, 2500))

    def seen_nobody(self) -> SignedTokens:
        return SignedTokens(self.issuers, self.clock.seconds)
