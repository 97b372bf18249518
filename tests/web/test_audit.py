"""The audit log: what was done, by whom, and how it ended."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.access.clients import Client
from reqpi.core.audit import DONE, AuditedClient, audit_line
from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Rate
from reqpi.web.http.audit import AuditLog
from reqpi.web.http.rate_limits import RateLimits
from reqpi.web.http.site_limits import SiteLimits
from tests.attacks.tokens_case import basic, text_of
from tests.web.case import LARGEST
from tests.web.test_operating import WANTED, OperatingCase


class LineTests(SynchronousTestCase):
    def test_a_line_is_json_with_the_time_first_and_nothing_empty(self) -> None:
        client = AuditedClient("192.0.2.1", token="ci")
        line = audit_line(1.5, "commit", DONE, client, address="a" * 64, detail={"status": 201})
        expected = {"time": "1970-01-01T00:00:01.500Z", "what": "commit", "address": "a" * 64, "outcome": "done"}
        self.assertEqual(list(json.loads(line).items())[:4], list(expected.items()))
        self.assertEqual(json.loads(line)["client"], {"address": "192.0.2.1", "token": "ci"})
        self.assertEqual(json.loads(line)["status"], 201)

    def test_a_text_from_outside_stays_on_one_line_and_is_bounded(self) -> None:
        line = audit_line(0, "deny", DONE, AuditedClient(subject="a\nb" * 1000), detail={"because": "\r\n" * 1000})
        self.assertEqual((line.count("\n"), line[-1]), (1, "\n"))
        self.assertLess(len(line), 4000)


class AuditCase(OperatingCase):
    trust_proxy = False

    async def setUp(self) -> None:
        await super().setUp()
        self.lines: list[str] = []
        self.site.audit = AuditLog(self.clock, self.lines.append, trust_proxy=self.trust_proxy)
        self.clock.advance(60)

    def noted(self) -> list[dict[str, Any]]:
        """The lines since the last call."""
        lines, self.lines[:] = [json.loads(line) for line in self.lines], []
        return lines


class RequestTests(AuditCase):
    async def test_reading_is_not_noted(self) -> None:
        for path in ("/simple/six/", "/lock", "/", "/requirements.txt", "/frozen", "/other"):
            await self.under(path)
        await self.operate("/denials", "GET")
        self.assertEqual(self.noted(), [])

    async def test_each_change_is_noted_with_its_client(self) -> None:
        reply = await self.as_client("holder", "/locks?hold=1", "POST", b"six == 1.0\n")
        address = json.loads(reply.body)["address"]
        commit, hold = self.noted()
        self.assertEqual(commit["client"], {"address": "127.0.0.1", "token": "holder"})
        self.assertEqual((commit["what"], commit["address"], commit["outcome"]), ("commit", address, "done"))
        self.assertEqual((commit["status"], commit["time"]), (201, "1970-01-01T00:01:00.000Z"))
        self.assertEqual((hold["what"], hold["address"]), ("hold", address))
        token = json.loads((await self.as_client("committer", f"/{address}/runs", "POST", b"")).body)["token"]
        await self.as_client("committer", f"/runs/{token}", "DELETE")
        begun, ended = self.noted()
        self.assertEqual((begun["what"], begun["address"], ended["what"]), ("run", address, "end run"))
        self.assertNotIn(token, json.dumps([begun, ended]))
        await self.operate("/denials", value=WANTED, status=201)
        await self.operate("/denials?what=six==1.0", "DELETE")
        await self.operate("/denials?what=six==1.0", "DELETE")
        await self.operate(f"/{address}/refreeze?project=six")
        await self.operate(f"/{address}/forget")
        noted = self.noted()
        self.assertEqual([each["what"] for each in noted], ["deny", "revoke", "revoke", "refreeze", "forget"])
        self.assertEqual([each["revoked"] for each in noted[1:3]], [1, 0])
        self.assertEqual((noted[0]["denied"], noted[0]["because"]), (WANTED["what"], WANTED["because"]))
        self.assertEqual([each.get("address", "") for each in noted], ["", "", "", address, address])
        self.assertEqual({each["client"]["token"] for each in noted}, {"operator"})

    async def test_what_was_refused_is_noted_too(self) -> None:
        await self.ask("/locks", "POST", b"six==1.0\n")
        await self.as_client("reader", f"/{self.address}/forget", "POST", b"")
        await self.ask("/denials", "DELETE", Authorization=basic("nonsense"))
        await self.as_client("committer", "/locks", "POST", b"six>=1.0\n")
        noted = self.noted()
        self.assertEqual([each["what"] for each in noted], ["commit", "forget", "revoke", "commit"])
        self.assertEqual([each["status"] for each in noted], [401, 403, 401, 422])
        self.assertEqual({each["outcome"] for each in noted}, {"refused"})
        self.assertEqual([each["client"].get("token") for each in noted], [None, "reader", None, "committer"])
        self.assertEqual(noted[1]["address"], self.address)

    async def test_what_was_refused_before_its_body_had_arrived_is_noted_too(self) -> None:
        """Too large, without a login, and too often; a request to read is not."""
        rates = RateLimits({Limit.COMMITS: Rate(1, 1)}, self.clock.seconds)
        self.site.limits = SiteLimits(self.clock.seconds, rates=rates)
        large = b"#" * (LARGEST + 1)
        await self.as_client("committer", "/locks?hold=1", "POST", large)
        await self.ask(f"/{self.address}/lock", "GET", large)
        self.site.limits = SiteLimits(self.clock.seconds)
        await self.ask("/locks", "POST", large, Authorization=basic("nonsense"))
        self.site.limits = SiteLimits(self.clock.seconds, rates=rates)
        reply = await self.as_client("committer", "/locks", "POST", b"six==1.0\n")
        noted = self.noted()
        self.assertEqual([each["what"] for each in noted], ["commit", "hold", "commit", "commit"])
        self.assertEqual([each["status"] for each in noted], [413, 413, 401, 429])
        self.assertEqual({each["outcome"] for each in noted}, {"refused"})
        tokens = [each["client"].get("token") for each in noted]
        self.assertEqual(tokens, ["committer", "committer", None, "committer"])
        self.assertEqual(noted[-1]["request"], reply["X-Request-ID"])

    async def test_a_client_that_does_not_wait_for_the_answer_is_noted(self) -> None:
        wire = await self.wire()
        hanging: Deferred[None] = Deferred()
        begun: list[bool] = []

        async def hang() -> None:
            begun.append(True)
            await hanging

        self.upstream.before["six"] = hang
        wire.say(self.request(f"/{self.address}/refreeze", "POST", b"", Authorization=basic(text_of("operator"))))
        while not begun:
            await self.turn()
        wire.transport.abortConnection()
        while not self.lines:
            await self.turn()
        hanging.callback(None)
        (noted,) = self.noted()
        self.assertEqual((noted["what"], noted["outcome"]), ("refreeze", "unknown"))
        self.assertEqual(noted["client"]["token"], "operator")
        self.assertNotIn("status", noted)

    async def test_a_signed_token_has_a_subject_and_an_issuer(self) -> None:
        signed = Client("repo:acme/web", issuer="https://ci.example")

        class Signed:
            def client_of(self, authorization: str) -> Client:
                return signed

        self.access.client_of = Signed().client_of  # type: ignore[method-assign,assignment]
        await self.ask("/locks", "POST", b"six==1.0\n", X_Forwarded_For="198.51.100.7")
        (noted,) = self.noted()
        expected = {"address": "127.0.0.1", "subject": "repo:acme/web", "issuer": "https://ci.example"}
        self.assertEqual(noted["client"], expected)


class BehindProxyTests(AuditCase):
    trust_proxy = True

    async def test_the_client_is_the_one_that_the_proxy_names(self) -> None:
        await self.ask("/locks", "POST", b"six==1.0\n", X_Forwarded_For="203.0.113.9, 198.51.100.7")
        self.assertEqual(self.noted()[0]["client"], {"address": "198.51.100.7"})
