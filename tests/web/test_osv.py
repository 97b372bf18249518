"""The API of OSV below an address."""

from __future__ import annotations

import json
from typing import Any

from attrs import define

from reqpi.core.advisories import queries
from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.reading import AdvisoryReader
from reqpi.web.osv import OsvResource
from reqpi.web.routes import Root
from tests.advisories import a_document, a_package, dumped
from tests.forty_advisories import AFFECTING, FORTY, PINNED
from tests.web.case import WebCase
from tests.web.wire import Reply

SIX = {"name": "six", "ecosystem": "PyPI"}
MANY = [a_document(f"X-{number:04}", a_package("many", versions=["1.0"])) for number in range(7)]


@define
class Known:
    """Some advisories."""

    index: AdvisoryIndex
    known: bool = True


class OsvCase(WebCase):
    """A server with the forty advisories, and seven of many."""

    def made_root(self) -> Root:
        reader = AdvisoryReader()
        self.advisories = Known(AdvisoryIndex.of(reader.read(dumped(each)) for each in (*FORTY, *MANY)))
        features = [OsvResource(self.shelf, self.advisories)]
        return Root(self.services(), self.base, self.ready_answers, features=features, audits=True)

    async def post(self, path: str, value: Any) -> Reply:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await self.ask(f"/{self.address}/osv/v1/{path}", "POST", body)

    async def found(self, path: str, value: Any, status: int = 200) -> Any:
        reply = await self.post(path, value)
        self.assertEqual((reply.status, reply["Content-Type"]), (status, "application/json"), reply)
        self.assertEqual(reply["Cache-Control"], "no-store")
        return json.loads(reply.body)


class QueryTests(OsvCase):
    async def test_a_query_returns_whole_documents(self) -> None:
        for name, version in PINNED.items():
            query = {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
            found = await self.found("query", query)
            expected = [
                each for each in sorted(FORTY, key=lambda each: str(each["id"])) if each["id"] in AFFECTING[name]
            ]
            self.assertEqual(found, {"vulns": expected} if expected else {})

    async def test_a_release_can_be_a_package_url(self) -> None:
        for body in (
            {"package": {"purl": "pkg:pypi/alpha@1.4.2"}},
            {"package": {"purl": "pkg:pypi/Alpha"}, "version": "1.4.2"},
        ):
            found = await self.found("query", body)
            self.assertEqual({each["id"] for each in found["vulns"]}, AFFECTING["alpha"])
        found = await self.found("query", {"package": {"purl": "pkg:cargo/serde_like@1.0.150?x=y"}})
        self.assertEqual({each["id"] for each in found["vulns"]}, AFFECTING["serde_like"])

    async def test_without_a_version_all_that_is_known_about_a_package_is_returned(self) -> None:
        found = await self.found("query", {"package": {"name": "evil", "ecosystem": "PyPI"}})
        self.assertEqual([each["id"] for each in found["vulns"]], ["MAL-2026-1", "MAL-2026-2", "MAL-2026-3"])

    async def test_long_answers_come_in_pages(self) -> None:
        self.patch(queries, "_PAGE", 3)
        query = {"package": {"name": "many", "ecosystem": "PyPI"}, "version": "1"}
        for path in ("query", "querybatch"):
            pages, token = [], ""
            while True:
                body = query | {"page_token": token} if token else query
                found = await self.found(path, body if path == "query" else {"queries": [body]})
                found = found if path == "query" else found["results"][0]
                pages.append([each["id"][-1] for each in found["vulns"]])
                token = found.get("next_page_token", "")
                if not token:
                    break
            self.assertEqual(pages, [["0", "1", "2"], ["3", "4", "5"], ["6"]])

    async def test_a_query_that_cannot_be_answered_is_an_error(self) -> None:
        """An empty answer would look as if nothing was wrong."""
        for body, message in (
            (b"", "not an object of JSON"),
            (b"[]", "not an object of JSON"),
            ({}, "send the name and the ecosystem"),
            ({"package": {"name": "six"}, "version": "1"}, "send the name and the ecosystem"),
            ({"package": {"name": "six", "ecosystem": "npm"}}, "has advisories of PyPI and crates.io"),
            ({"package": {"purl": "pkg:npm/six@1"}}, "pkg:pypi/NAME@VERSION"),
            ({"package": {"purl": "pkg:pypi/six@1"}, "version": "1"}, "send the version once"),
            ({"package": SIX, "version": 1}, "are an object and texts"),
            ({"package": "six"}, "are an object and texts"),
            ({"package": SIX, "version": "1" * 501}, "more than 500 characters"),
            ({"package": SIX, "version": "1", "page_token": "x"}, "not one of this server"),
            ({"commit": "c0ffee"}, "no commits"),
        ):
            found = await self.found("query", body, 400)
            self.assertEqual(found["code"], 3)
            self.assertIn(message, found["message"])


class BatchTests(OsvCase):
    async def test_each_query_has_a_result_in_its_place(self) -> None:
        asked = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": PINNED[name]} for name in PINNED]
        found = await self.found("querybatch", {"queries": asked})
        self.assertEqual(
            [{each["id"] for each in result.get("vulns", ())} for result in found["results"]],
            [AFFECTING[name] for name in PINNED],
        )
        self.assertEqual(found["results"][0]["vulns"][0], {"id": "PYSEC-2026-1", "modified": "2026-01-02T03:04:05Z"})
        self.assertEqual(found["results"][-1], {})
        self.assertEqual(await self.found("querybatch", {}), {"results": []})

    async def test_a_batch_has_a_thousand_queries_at_most(self) -> None:
        query = {"package": {"purl": "pkg:pypi/six@1.0"}}
        self.assertEqual(len((await self.found("querybatch", {"queries": [query] * 1000}))["results"]), 1000)
        found = await self.found("querybatch", {"queries": [query] * 1001}, 400)
        self.assertEqual(found, {"code": 3, "message": "there are more than 1000 queries"})
        self.assertIn("not an array", (await self.found("querybatch", {"queries": {}}, 400))["message"])

    async def test_an_answer_that_gets_too_long_goes_on_where_it_ended(self) -> None:
        self.patch(queries, "_BATCH", 10)
        query = {"package": {"name": "many", "ecosystem": "PyPI"}, "version": "1"}
        found = await self.found("querybatch", {"queries": [query] * 3})
        self.assertEqual([len(each.get("vulns", ())) for each in found["results"]], [7, 3, 0])
        rest = [query | {"page_token": each["next_page_token"]} for each in found["results"][1:]]
        found = await self.found("querybatch", {"queries": rest})
        self.assertEqual([len(each.get("vulns", ())) for each in found["results"]], [4, 6])
        found = await self.found(
            "querybatch", {"queries": [query | {"page_token": found["results"][1]["next_page_token"]}]}
        )
        self.assertEqual([each["id"] for each in found["results"][0]["vulns"]], ["X-0006"])


class AdvisoryTests(OsvCase):
    async def test_an_advisory_is_its_document(self) -> None:
        reply = await self.under("/osv/v1/vulns/MAL-2026-4")
        self.assertEqual((reply.status, reply["Content-Type"]), (200, "application/json"))
        self.assertEqual(reply["Cache-Control"], "no-store")
        self.assertEqual(json.loads(reply.body)["withdrawn"], "2026-03-01T00:00:00Z")
        self.assertEqual((await self.under("/osv/v1/vulns/MAL-2026-4", "HEAD")).status, 200)

    async def test_an_unknown_one_is_not_found(self) -> None:
        reply = await self.under("/osv/v1/vulns/MAL-2026-99")
        self.assertEqual((reply.status, json.loads(reply.body)["code"]), (404, 5))

    async def test_the_number_of_advisories_is_shown(self) -> None:
        self.assertEqual(json.loads((await self.under("/osv/")).body), {"advisories": 47})

    async def test_other_paths_and_methods_are_errors(self) -> None:
        for path in ("v1", "v1/vulns", "v1/vulns/X-1/more", "v2/query", "v1/query/x"):
            self.assertEqual((await self.under(f"/osv/{path}")).status, 404, path)
        self.assertEqual((await self.under("/osv/v1/query"))["Allow"], "POST")
        self.assertEqual((await self.under("/osv/v1/vulns/X-0001", "POST"))["Allow"], "GET, HEAD")

    async def test_an_address_without_a_lock_has_no_advisories(self) -> None:
        self.assertEqual((await self.ask(f"/{'0' * 64}/osv/v1/vulns/X-0001")).status, 410)

    async def test_a_server_without_advisories_does_not_say_that_nothing_is_wrong(self) -> None:
        self.advisories.known = False
        for path in ("query", "querybatch"):
            reply = await self.post(path, {"package": SIX, "version": "1.0"})
            self.assertEqual(reply.status, 404)
            self.assertIn("--advisories", json.loads(reply.body)["detail"])

    async def test_the_variables_of_an_address_point_audits_here(self) -> None:
        reply = await self.under("/env?shell=json")
        here = f"http://index.example.org/{self.address}/osv/"
        variables = json.loads(reply.body)["set"]
        self.assertEqual(variables["UV_MALWARE_CHECK_URL"], here)
        self.assertEqual(variables["UV_MALWARE_CHECK"], "1")
        self.assertEqual(variables["PIP_AUDIT_OSV_URL"], f"{here}v1/query")
        self.assertEqual(variables["PIP_AUDIT_VULNERABILITY_SERVICE"], "osv")
        self.assertEqual(reply["Cache-Control"], "private, no-cache")
