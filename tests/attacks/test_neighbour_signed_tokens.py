"""Others on the network, with a token that is not from a trusted issuer, not for this server, or for another job."""

from __future__ import annotations

import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from reqpi.core.access.clients import AccessScope, Client
from reqpi.core.access.oidc_file import read_oidc
from reqpi.core.access.tokens import Tokens
from reqpi.core.errors import Misconfigured
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.routes import Root
from tests.attacks.tokens_case import TokensCase, basic
from tests.client.scripted import Scripted
from tests.fake_upstream.authority import make_certificates

pytest.importorskip("joserfc")

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from reqpi.server.oidc import SignedTokens, read_keys

ISSUER = "https://ci.example.org"
NOW = 1_800_000_000
CLAIMS = {"iss": ISSUER, "aud": "reqpi", "sub": "repo:acme/web", "repository": "acme/web", "exp": NOW + 600}

OWN = ECKey.generate_key("P-256", {"kid": "own"})
OTHER = ECKey.generate_key("P-256", {"kid": "own"})
NEXT = RSAKey.generate_key(2048, {"kid": "next"})


def jwks(*keys: Any) -> bytes:
    """What an issuer publishes."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def signed(claims: dict[str, Any] = CLAIMS, key: Any = OWN, alg: str = "ES256", **header: Any) -> str:
    """A token."""
    return jwt.encode({"alg": alg, "kid": key.kid} | header, claims, key, algorithms=[alg])


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_tokens(path: Path | str, clock: Clock) -> SignedTokens:
    """A server that trusts the issuer whose keys are in a file."""
    rule = '[[issuer.rule]]\nclaims = { repository = "acme/web" }\nscopes = ["read", "commit"]\n'
    text = f'[[issuer]]\nurl = "{ISSUER}"\naudiences = ["reqpi", "x"]\nkeys = "{path}"\n{rule}'
    return SignedTokens(read_oidc(text.encode()), clock.seconds)


class TokenTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(jwks(OWN))
        self.tokens = signed_tokens(self.path, self.clock)
        self.changes = 0
        self.tokens.changed = self.count

    def count(self) -> None:
        self.changes += 1

    def client(self, claims: dict[str, Any] = CLAIMS, **more: Any) -> Client | None:
        return self.tokens.client_of(signed(claims, **more))

    def test_the_job_that_a_rule_names_is_a_client(self) -> None:
        """Again and again, also with several audiences."""
        for claims in (CLAIMS, CLAIMS, CLAIMS | {"aud": ["a", "x"]}):
            client = self.client(claims)
            assert client is not None
            self.assertEqual((client.name, client.scopes), ("repo:acme/web", {AccessScope.READ, AccessScope.COMMIT}))

    def test_other_claims_are_not_believed(self) -> None:
        """Another issuer, audience, job and time; and claims that are missing or of another kind."""
        for name, values in {
            "iss": ("https://ci.example.org/", "https://evil.example.org", None, [ISSUER]),
            "aud": ("other", None, [], "", ["REQPI"]),
            "exp": (NOW - 31, 0, None, "never", -1),
            "nbf": (NOW + 31,),
            "iat": (NOW + 31,),
            "repository": ("acme/evil", None, 7),
        }.items():
            for value in values:
                claims = {key: each for key, each in (CLAIMS | {name: value}).items() if each is not None}
                self.assertIsNone(self.client(claims), (name, value))

    def test_another_key_is_not_believed(self) -> None:
        """One with the same id, and an unknown one."""
        self.assertIsNone(self.client(key=OTHER))
        self.assertIsNone(self.client(key=NEXT, alg="RS256"))

    def test_the_public_key_is_no_secret(self) -> None:
        """The attacker signs with it, or not at all."""
        body = signed().split(".")[1]
        head = _base64(b'{"alg":"HS256","kid":"own"}')
        code = hmac.digest(OWN.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
        self.assertIsNone(self.tokens.client_of(f"{head}.{body}.{_base64(code)}"))
        head = _base64(b'{"alg":"none","kid":"own"}')
        self.assertIsNone(self.tokens.client_of(f"{head}.{body}."))

    def test_a_changed_token_is_no_token(self) -> None:
        """The attacker replaces the claims of a valid one, also after it has been used."""
        head, body, signature = signed().split(".")
        self.assertIsNotNone(self.tokens.client_of(f"{head}.{body}.{signature}"))
        claims = json.loads(urlsafe_b64decode(body + "==")) | {"exp": NOW + 9999}
        evil = _base64(json.dumps(claims).encode())
        self.assertIsNone(self.tokens.client_of(f"{head}.{evil}.{signature}"))

    async def test_a_wrong_signature_is_checked_once(self) -> None:
        """The attacker sends it again and again: a check takes 0.2 ms. New keys have it checked again."""
        wrong = signed(key=OTHER)
        checks: list[str] = []
        decode = jwt.decode

        def counted(text: str, *args: Any, **options: Any) -> Any:
            checks.append(text)
            return decode(text, *args, **options)

        self.patch(jwt, "decode", counted)
        for _ in range(3):
            self.assertIsNone(self.tokens.client_of(wrong))
        self.assertEqual(checks, [wrong])
        self.path.write_bytes(jwks(OTHER))
        self.clock.advance(301)
        await self.tokens.refresh()
        self.assertIsNotNone(self.tokens.client_of(wrong))

    async def test_a_token_for_later_is_checked_again(self) -> None:
        """Its signature is right, and its time comes."""
        later = signed(CLAIMS | {"nbf": NOW + 31})
        self.assertIsNone(self.tokens.client_of(later))
        self.clock.advance(1)
        self.assertIsNotNone(self.tokens.client_of(later))

    def test_junk_is_no_token_and_no_traceback(self) -> None:
        """Deep, long and broken parts."""
        deep = _base64(b"[" * 9000)
        head = signed().split(".")[0]
        for text in ("..", "a.b.c", f"{deep}.{deep}.x", f"{head}.{deep}.x", f"{head}.é.x", "\udc80..", "." * 9000):
            self.assertIsNone(self.tokens.client_of(text), text[:80])

    async def test_an_expired_token_ends_on_open_connections_too(self) -> None:
        """The attacker keeps a connection open."""
        self.assertIsNotNone(self.client())
        self.clock.advance(629)
        await self.tokens.refresh()
        self.assertEqual((self.client() is None, self.changes), (False, 0))
        self.clock.advance(1)
        await self.tokens.refresh()
        self.assertEqual((self.client() is None, self.changes), (True, 1))

    async def test_a_key_that_the_issuer_withdraws_ends(self) -> None:
        """The attacker has found it; the new one is read as soon as a token needs it, and not at once again."""
        await self.tokens.refresh()
        self.assertIsNotNone(self.client())
        self.path.write_bytes(jwks(NEXT))
        self.clock.advance(31)
        self.assertIsNone(self.client(key=NEXT, alg="RS256"))
        await self.tokens.refresh()
        self.assertIsNotNone(self.client(key=NEXT, alg="RS256"))
        self.assertIsNone(self.client())
        self.assertEqual(self.changes, 1)

    async def test_keys_that_cannot_be_read_leave_those_of_before(self) -> None:
        """Each reason is logged once."""
        self.path.write_bytes(b"{}")
        with capturedLogs() as events:
            for _ in range(3):
                await self.tokens.refresh()
                self.clock.advance(31)
        self.assertEqual(len(events), 1)
        self.assertIn("has no key", events[0]["trouble"])
        self.assertIsNotNone(self.client())

    def test_only_public_signing_keys_are_taken(self) -> None:
        """The attacker controls what an issuer lists, as far as its form goes."""
        secret = OctKey.import_key("secret" * 8)
        encrypting = ECKey.generate_key("P-256", {"use": "enc"})
        for data in (b"", b"[]", b"[" * 9000, b'{"keys": 7}', b'{"keys": [7, {"kty": "EC"}]}', jwks(encrypting)):
            self.assertRaises(Misconfigured, read_keys, data, "x")
        data = json.dumps({"keys": [secret.as_dict(), {"kty": "RSA", "n": "!", "e": 7}, OWN.as_dict(private=False)]})
        self.assertEqual(len(read_keys(data.encode(), "x").keys), 1)


class KeysByUrlTests(TestCase):
    """An issuer publishes its keys over https."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()

    async def test_keys_come_from_a_trusted_host_and_without_a_login_or_a_redirect(self) -> None:
        """The attacker is the host, without a certificate that counts; then it redirects; then it is the right one."""
        folder = self.folder
        authority, context = make_certificates(folder)
        host = Scripted(context)
        self.addCleanup(host.close)
        (folder / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
        environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.patch(os, "environ", environ | {"NETRC": str(folder / "netrc")})
        clock = Clock()
        clock.advance(NOW)
        tokens = signed_tokens(f"{host.url}/keys", clock)
        for trusted, status in ((False, 200), (True, 302), (True, 404), (True, 200)):
            if trusted:
                os.environ["REQUESTS_CA_BUNDLE"] = str(authority)
            host.says("/keys", status, jwks(OWN), **({"Location": f"{host.url}/other"} if status == 302 else {}))
            host.says("/other", 200, jwks(OWN))
            with capturedLogs():
                await tokens.refresh()
            self.assertEqual(tokens.client_of(signed()) is not None, trusted and status == 200, (trusted, status))
            clock.advance(31)
        self.assertEqual({seen.path for seen in host.seen}, {"/keys"})
        self.assertFalse([seen for seen in host.seen if "Authorization" in seen.headers])


class ServerTests(TokensCase):
    """The token of a job on the wire."""

    def made_root(self) -> Root:
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(jwks(OWN))
        self.clock.advance(NOW)
        signed = signed_tokens(self.path, self.clock)
        self.access = TokenAccess(Tokens(), "none", self.clock.seconds, signed)
        return Root(self.services(), self.base, self.ready_answers, access=self.access)

    async def test_a_job_may_do_what_its_rule_grants_and_no_more(self) -> None:
        """It commits; the attacker's job does not, and no one without a token reads."""
        for value in (basic(signed()), f"Bearer {signed()}"):
            reply = await self.ask("/locks", "POST", b"six==1.0\n", Authorization=value)
            self.assertEqual(reply.status, 200, reply.body)
            self.assertEqual((await self.under("/simple/six/", Authorization=value)).status, 200)
            reply = await self.ask("/locks?hold=1", "POST", b"six==1.0\n", Authorization=value)
            self.assertIn("repo:acme/web", self.assert_problem(reply, 403)["detail"])
        evil = basic(signed(CLAIMS | {"repository": "acme/evil"}))
        for headers in ({}, {"Authorization": evil}):
            self.assertEqual((await self.ask("/locks", "POST", b"six==1.0\n", **headers)).status, 401)
            self.assertEqual((await self.under("/simple/six/", **headers)).status, 401)
