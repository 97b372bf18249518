"""The clients of a server: the file of its tokens, and who can reach its logins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.token_file import line_of
from reqpi.core.access.tokens import Token, digest_of
from reqpi.core.errors import Misconfigured
from reqpi.server.access import TokensOfFile, check_reach, clients_of
from reqpi.server.open_to_others import open_to_others
from reqpi.server.server import assemble
from reqpi.server.settings import Settings
from reqpi.upstream.crates.allowed import CrateSettings
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.http.token_access import TokenAccess
from tests.attacks.tokens_case import basic, text_of, token

EVERYWHERE = IPv4Address("TCP", "0.0.0.0", 2000)
LOOPBACK = IPv4Address("TCP", "127.0.0.1", 2000)
SOCKET = UNIXAddress(b"/run/reqpi")


class FileTests(TestCase):
    """The tokens of a running server are those of its file."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.clock = Clock()
        self.renewed = 0
        self.write("reader", "committer")
        self.access = self.clients()
        self.file = TokensOfFile(self.path, self.access, self.changed, self.clock.seconds)

    def clients(self, **settings: Any) -> TokenAccess:
        access = clients_of(Settings(tokens=self.path, **settings), self.clock.seconds)
        assert isinstance(access, TokenAccess)
        return access

    def write(self, *names: str, more: str = "") -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_text("".join(f"{line_of(token(name))}\n" for name in names) + more)
        os.replace(new, self.path)

    def changed(self) -> None:
        self.renewed += 1

    def valid(self, *names: str) -> list[str]:
        return [name for name in names if self.access.client_of(basic(text_of(name))) is not None]

    async def test_a_changed_file_is_read_and_an_unchanged_one_is_not(self) -> None:
        await self.file.refresh()
        self.assertEqual((self.valid("reader", "committer", "holder"), self.renewed), (["reader", "committer"], 0))
        self.write("committer", "holder")
        for _ in range(2):
            await self.file.refresh()
        self.assertEqual((self.valid("reader", "committer", "holder"), self.renewed), (["committer", "holder"], 1))

    async def test_a_file_with_an_error_changes_nothing_and_is_logged_once(self) -> None:
        self.write("holder", more="junk\n")
        with capturedLogs() as events:
            for _ in range(3):
                await self.file.refresh()
        [event] = events
        self.assertIn("line 2: write NAME", str(event["error"]))
        self.assertEqual((self.valid("reader", "holder"), self.renewed), (["reader"], 0))
        self.path.unlink()
        with capturedLogs() as events:
            await self.file.refresh()
        self.assertIn("cannot be read", str(events[0]["error"]))
        self.assertEqual(self.valid("reader"), ["reader"])

    async def test_connections_are_checked_again_when_a_token_expires(self) -> None:
        line = line_of(Token("brief", digest_of(text_of("reader")), frozenset({AccessScope.READ})))
        self.write("reader", more=f"{line} expires=1970-01-01T00:01:00Z\n")
        await self.file.refresh()
        self.clock.advance(59)
        await self.file.refresh()
        self.assertEqual(self.renewed, 1)
        self.clock.advance(1)
        for _ in range(2):
            await self.file.refresh()
        self.assertEqual(self.renewed, 2)

    def test_a_server_does_not_start_with_a_file_that_it_cannot_read(self) -> None:
        self.write(more="reader\n")
        error = self.assertRaises(Misconfigured, self.clients)
        self.assertIn(f"--tokens {self.path} cannot be used: line 1: write NAME", str(error))
        self.path.unlink()
        self.assertIn("No such file", str(self.assertRaises(Misconfigured, self.clients)))

    def test_tokens_decide_what_works_without_one(self) -> None:
        anyone = self.access.client_of("")
        assert anyone is not None
        self.assertEqual(anyone.scopes, {AccessScope.READ})
        for allowed, count in {"all": 4, "commit": 3, "read": 1, "none": 0}.items():
            client = self.clients(anonymous=allowed).client_of("")
            assert client is not None
            self.assertEqual(len(client.scopes), count)
            self.assertFalse(client.may(AccessScope.OPERATE))

    def test_without_tokens_anyone_may_do_everything_and_nothing_is_checked(self) -> None:
        self.assertIsNone(clients_of(Settings(), self.clock.seconds))
        only = OnlyClient("x")
        self.assertIs(clients_of(Settings(only=only), self.clock.seconds), only)
        access = clients_of(Settings(anonymous="read"), self.clock.seconds)
        assert access is not None
        client = access.client_of("Basic of-a-proxy")
        assert client is not None
        self.assertEqual(client.scopes, {AccessScope.READ})

    def test_others_who_can_add_a_token_are_a_warning(self) -> None:
        self.path.chmod(0o660)
        [warning] = [each for each in open_to_others(Settings(tokens=self.path)) if "tokens" in each]
        self.assertIn("chmod go-w", warning)


class ReachTests(TestCase):
    """A login for an upstream is not for everyone who can reach the server."""

    def is_refused(self, address: object, *, with_login: bool = True, **settings: Any) -> bool:
        try:
            check_reach(Settings(**settings), [LOOPBACK, address], with_login=with_login)
        except Misconfigured as error:
            self.assertIn("--anonymous commit", str(error))
            return True
        return False

    def test_only_a_server_that_gives_its_login_to_everyone_is_refused(self) -> None:
        for settings in ({}, {"anonymous": "all"}):
            self.assertTrue(self.is_refused(EVERYWHERE, **settings))
            self.assertTrue(self.is_refused(LOOPBACK, trust_proxy=True, **settings))
            for address in (LOOPBACK, SOCKET):
                self.assertFalse(self.is_refused(address, **settings))
            self.assertFalse(self.is_refused(EVERYWHERE, with_login=False, **settings))
            self.assertFalse(self.is_refused(EVERYWHERE, offline=True, **settings))
        for settings in ({"anonymous": "commit"}, {"anonymous": "read"}, {"tokens": Path("x")}):
            self.assertFalse(self.is_refused(EVERYWHERE, **settings))

    def test_the_token_of_a_registry_of_crates_is_a_login_too(self) -> None:
        for crates in (
            CrateSettings("https://crates.example.org", tokens={"": Path("x")}),
            CrateSettings(registries={"own": "https://me:secret@crates.example.org"}),
        ):
            self.assertTrue(self.is_refused(EVERYWHERE, with_login=False, crates=crates))
        self.assertFalse(self.is_refused(EVERYWHERE, with_login=False, crates=CrateSettings("https://c.example.org")))

    def test_it_does_not_even_listen(self) -> None:
        """With a login in the URL of the upstream."""
        from twisted.internet import reactor

        port = "tcp:0:interface=0.0.0.0"
        settings = Settings(listen=(port,), upstream="http://u:p@127.0.0.1:9/simple/", store=Path(self.mktemp()))
        server = assemble(settings, reactor)
        error = self.assertRaises(Misconfigured, server.privilegedStartService)
        self.assertIn("its login for an upstream", str(error))
