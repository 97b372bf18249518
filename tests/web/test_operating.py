"""The API of the operator: denials, forgotten locks, pages that are frozen again."""

from __future__ import annotations

import json
from typing import Any

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.tokens import Token, Tokens, digest_of
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.runs import Runs
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.operating import OperatorResource
from reqpi.web.routes import Root
from tests.attacks.tokens_case import SCOPES, TokensCase, text_of
from tests.distributions import a_file, a_page
from tests.distributions import digest_of as sha256_of
from tests.web.case import FILES, SDIST, WHEEL, WebCase
from tests.web.wire import Reply

ALL = SCOPES | {"operator": {AccessScope.OPERATE, AccessScope.READ}, "only-operator": {AccessScope.OPERATE}}
WANTED = {"what": "six==1.0", "because": "it mines coins"}


class OperatingCase(TokensCase):
    anonymous = "read"

    def made_root(self) -> Root:
        tokens = (Token(name, digest_of(text_of(name)), frozenset(scopes)) for name, scopes in ALL.items())
        self.access = TokenAccess(Tokens(tokens), self.anonymous, self.clock.seconds)
        features = [OperatorResource(Undoing(self.shelf, self.store))]
        runs = Runs(self.store, self.clock, "tests")
        services = self.services()
        return Root(services, self.base, self.ready_answers, access=self.access, runs=runs, features=features)

    async def operate(self, path: str, method: str = "POST", value: object = None, status: int = 200) -> Any:
        """Ask as an operator; the answer."""
        body = None if value is None else json.dumps(value).encode()
        reply = await self.as_client("operator", path, method, b"" if body is None and method == "POST" else body)
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply["Cache-Control"], "no-store")
        return json.loads(reply.body)


class DenialTests(OperatingCase):
    async def test_a_denial_is_listed_and_revoked(self) -> None:
        self.clock.advance(7)
        denial = WANTED | {"at": 7.0, "by": "operator"}
        self.assertEqual(await self.operate("/denials", value=WANTED, status=201), denial)
        self.assertEqual(await self.operate("/denials", "GET"), {"denials": [denial]})
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 410)
        self.assertEqual(await self.operate("/denials?what=Six==1.0.0", "DELETE"), {"revoked": [denial]})
        self.assertEqual(await self.operate("/denials", "GET"), {"denials": []})
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 200)
        self.assertEqual(await self.operate("/denials?what=six==1.0", "DELETE"), {"revoked": []})

    async def test_a_lock_that_pins_something_denied_is_committed_with_a_warning(self) -> None:
        await self.operate("/denials", value=WANTED, status=201)
        lock = b"six == 1.0.0\nlib == 1.0\n"
        warnings = json.loads((await self.as_client("committer", "/locks", "POST", lock)).body)["warnings"]
        (warning,) = [each for each in warnings if "denies" in each["message"]]
        self.assertEqual((warning["line"], warning["message"]), (1, "the operator denies six==1.0: it mines coins"))

    async def test_a_new_reason_takes_the_place_of_the_old_one(self) -> None:
        await self.operate("/denials", value=WANTED, status=201)
        await self.operate("/denials", value=WANTED | {"because": "it was yanked"}, status=201)
        (denial,) = (await self.operate("/denials", "GET"))["denials"]
        self.assertEqual(denial["because"], "it was yanked")

    async def test_a_request_that_denies_nothing_is_refused_with_advice(self) -> None:
        for value in ([], {}, {"what": 1}, {"what": "six"}, {"what": "six", "because": "\0"}, WANTED | {"what": "a b"}):
            problem = await self.operate("/denials", value=value, status=400)
            self.assertTrue(problem["detail"], value)
        long = WANTED | {"because": "x" * 501}
        self.assertIn("500", (await self.operate("/denials", value=long, status=400))["detail"])
        self.assertEqual(await self.operate("/denials", "GET"), {"denials": []})


class NotOperatorTests(OperatingCase):
    async def test_only_an_operator_may_deny_forget_and_freeze_again(self) -> None:
        paths = ("/denials", f"/{self.address}/forget", f"/{self.address}/refreeze")
        for name in (*SCOPES, ""):
            for path in paths:
                method, body = "POST", json.dumps(WANTED).encode()
                asked = self.as_client(name, path, method, body) if name else self.ask(path, method, body)
                self.assertEqual((await asked).status, 403 if name else 401, (name, path))
            for method in ("GET", "DELETE"):
                asked = self.as_client(name, "/denials", method) if name else self.ask("/denials", method)
                self.assertEqual((await asked).status, 403 if name else 401, (name, method))
        self.assertEqual(await self.operate("/denials", "GET"), {"denials": []})
        self.assertEqual((await self.under("/lock")).status, 200)

    async def test_an_operator_needs_no_other_scope(self) -> None:
        reply = await self.as_client("only-operator", "/denials", "POST", json.dumps(WANTED).encode())
        self.assertEqual(reply.status, 201)
        self.assertEqual((await self.as_client("only-operator", f"/{self.address}/forget", "POST", b"")).status, 200)

    async def test_an_address_in_a_path_gives_no_right(self) -> None:
        """The spelling of a path makes no difference to its scope."""
        for path in (f"//{self.address}//forget/", f"/{self.address}/%66orget", "/%64enials", "//denials/"):
            self.assertEqual((await self.as_client("holder", path, "POST", b"{}")).status, 403, path)


class WithoutTokensTests(WebCase):
    def made_root(self) -> Root:
        features = [OperatorResource(Undoing(self.shelf, self.store))]
        return Root(self.services(), self.base, self.ready_answers, features=features)

    async def test_a_server_without_tokens_has_no_operator(self) -> None:
        for path, method in (("/denials", "GET"), ("/denials", "POST"), (f"/{self.address}/forget", "POST")):
            problem = self.assert_problem(await self.ask(path, method, b"" if method == "POST" else None), 403)
            self.assertIn("--store", problem["detail"])


class ForgetTests(OperatingCase):
    async def test_a_forgotten_lock_is_gone_and_can_be_committed_again(self) -> None:
        for path in ("/simple/six/", f"/simple/six/{WHEEL}"):
            self.assertEqual((await self.under(path)).status, 200)
        answer = await self.operate(f"/{self.address}/forget")
        self.assertGreaterEqual(answer["records"], 2)
        for path in ("/simple/six/", f"/simple/six/{WHEEL}", "/lock", "/"):
            problem = self.assert_problem(await self.under(path), 410)
            self.assertEqual(problem["type"], "urn:reqpi:unknown-address")
        self.assertEqual([name async for name in self.store.names(f"frozen/{self.address}/")], [])
        self.assertIsNotNone(await self.store.size(str(FILES[1].sha256)))
        self.upstream.offer(a_page(FILES[0]), b"an sdist of six")
        self.assertEqual(await self.committed("six==1.0"), self.address)
        page = (await self.under("/simple/six/")).body
        self.assertIn(SDIST.encode(), page)
        self.assertNotIn(WHEEL.encode(), page)

    async def test_an_address_that_no_lock_has_cannot_be_forgotten(self) -> None:
        for address in ("0" * 64, self.address.upper()):
            problem = await self.operate(f"/{address}/forget", status=410)
            self.assertEqual(problem["type"], "urn:reqpi:unknown-address")


class FreezingTests(OperatingCase):
    async def frozen(self, address: str | None = None) -> Any:
        path = f"/{address or self.address}/frozen"
        return json.loads((await self.as_client("committer", path)).body)["projects"]

    async def test_it_is_known_when_and_by_whom_a_page_was_frozen(self) -> None:
        self.clock.advance(5)
        self.assertEqual(await self.frozen(), {})
        self.assertEqual((await self.as_client("committer", f"/{self.address}/simple/six/")).status, 200)
        self.clock.advance(5)
        await self.under("/simple/six/")
        self.assertEqual(await self.frozen(), {"six": {"at": 5.0, "by": "committer", "again": False}})
        self.assertIn("committer", (await self.as_client("reader", f"/{self.address}/")).body.decode())
        for path in (f"/{self.address}/frozen", f"/{self.address}/"):
            self.assertNotIn("committer", (await self.ask(path)).body.decode(), "a client without a token")

    async def test_a_page_that_is_frozen_in_the_background_is_frozen_by_the_client_that_committed(self) -> None:
        prefreeze = Prefreeze(self.shelf, self.clock)
        self.shelf.on_new(prefreeze.begin)
        reply = await self.as_client("committer", "/locks", "POST", b"six == 1.0\n")
        address = json.loads(reply.body)["address"]
        while not await self.frozen(address):
            self.clock.advance(0)
            await self.turn()
        self.assertEqual((await self.frozen(address))["six"]["by"], "committer")

    async def test_digests_leave_nothing_to_the_upstream(self) -> None:
        address = await self.committed(f"six==1.0 --hash={sha256_of(b'an sdist of six')}")
        self.assertEqual((await self.ask(f"/{address}/simple/six/")).status, 200)
        self.assertEqual(await self.frozen(address), {})

    async def test_freezing_again_reports_what_has_changed(self) -> None:
        await self.under("/simple/six/")
        new = a_file("six-1.0-1-py3-none-any.whl", b"new", size=3)
        other = a_file(WHEEL, b"other", size=5)
        self.upstream.offer(a_page(new, other), b"new", b"other")
        self.clock.advance(9)
        answer = await self.operate(f"/{self.address}/refreeze")
        changed = [{"filename": WHEEL, "old": FILES[1].sha256, "new": other.sha256}]
        (page,) = answer["projects"]
        self.assertEqual((page["added"], page["removed"], page["changed"]), ([new.filename], [SDIST], changed))
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).body, b"other")
        self.assertEqual((await self.under(f"/simple/six/{SDIST}")).status, 410)
        self.assertEqual(await self.frozen(), {"six": {"at": 9.0, "by": "operator", "again": True}})
        again = await self.operate(f"/{self.address}/refreeze?project=Six")
        self.assertEqual(again["projects"][0]["added"], [])

    async def test_a_page_that_cannot_be_frozen_again_stays(self) -> None:
        await self.under("/simple/six/")
        self.upstream.offer(a_page())
        (page,) = (await self.operate(f"/{self.address}/refreeze"))["projects"]
        self.assertIn("no file of six", page["trouble"])
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 200)

    async def test_a_project_that_is_not_pinned_is_not_frozen(self) -> None:
        problem: Reply = await self.operate(f"/{self.address}/refreeze?project=other", status=410)
        self.assertIn("not in lock", str(problem))
