"""``/<address>/runs`` and ``/runs``: the index of an address for one build, and the receipt of what it took."""

from __future__ import annotations

import json
from typing import Any

from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import read_receipt
from reqpi.shelf.runs import Runs
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page, digest_of
from tests.fake_upstream import build_wheel, core_metadata
from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase
from tests.web.wire import Reply

JSON = "application/vnd.pypi.simple.v1+json"
AGENT = 'pip/26.3 {"ci":true}'


class RunsCase(WebCase):
    """A server that offers runs; its wheel is a real one, so that it has core metadata."""

    async def setUp(self) -> None:
        await super().setUp()
        self.wheel = build_wheel("six", "1.0")
        files = [a_file(name, content, size=len(content)) for name, content in self.contents().items()]
        self.upstream.offer(a_page(*files, a_file("six-2.0.tar.gz", b"newer")), *self.contents().values(), b"newer")

    def contents(self) -> dict[str, bytes]:
        return {SDIST: CONTENTS[SDIST], WHEEL: self.wheel}

    def made_root(self) -> Root:
        self.runs = Runs(self.store, self.clock, "tests")
        return Root(self.services(), self.base, self.ready_answers, runs=self.runs)

    async def begun(self, address: str = "") -> str:
        """Begin a run; its path, without a slash at the end."""
        reply = await self.ask(f"/{address or self.address}/runs", "POST", b"")
        self.assertEqual((reply.status, reply["Cache-Control"]), (201, "no-store"), reply)
        said = json.loads(reply.body)
        here = f"/runs/{said['token']}"
        base = f"http://index.example.org{here}"
        self.assertEqual(said, {"token": said["token"], "index": f"{base}/simple/", "receipt": f"{base}/receipt"})
        self.assertEqual(reply["Location"], f"{base}/")
        return here

    async def receipt(self, run: str) -> Receipt:
        reply = await self.ask(f"{run}/receipt")
        self.assertEqual(
            (reply.status, reply["Cache-Control"], reply["Content-Type"]), (200, "no-store", "application/json")
        )
        return read_receipt(reply.body)


class IndexTests(RunsCase):
    """The index of a run is that of its address."""

    async def assert_same(self, run: str, path: str, method: str = "GET", **headers: str) -> Reply:
        """The run and the address answer in the same way; the answer."""
        theirs = await self.ask(f"/{self.address}{path}", method, **headers)
        ours = await self.ask(f"{run}{path}", method, **headers)
        self.assertEqual(ours.without_id, theirs.without_id, path)
        return ours

    async def test_every_answer_has_the_same_bytes_and_the_same_head(self) -> None:
        run = await self.begun()
        for path in ("/simple/", "/simple", "/simple/six/", "/simple/six", "/simple/SIX/"):
            for accept in ("text/html", JSON, "application/json"):
                for coding in ("identity", "gzip"):
                    reply = await self.assert_same(run, path, Accept=accept, Accept_Encoding=coding)
                    self.assertEqual(reply.status, 200)
        for path in (f"/simple/six/{SDIST}", f"/simple/six/{WHEEL}", f"/simple/six/{WHEEL}.metadata"):
            tag = (await self.assert_same(run, path))["ETag"] or ""
            for headers in ({"If-None-Match": tag}, {"Range": "bytes=1-3"}, {"Range": "bytes=-2"}, {"If-Match": '"x"'}):
                await self.assert_same(run, path, **headers)
            await self.assert_same(run, path, "HEAD")

    async def test_the_same_requests_are_refused(self) -> None:
        run = await self.begun()
        for path in ("/simple/seven/", "/simple/six/six-2.0.tar.gz", f"/simple/six/{SDIST}.metadata", "/simple/a/b/c"):
            self.assertIn((await self.assert_same(run, path)).status, (404, 410))

    async def test_links_stay_below_the_run(self) -> None:
        run = await self.begun()
        page = json.loads((await self.ask(f"{run}/simple/six/", Accept=JSON)).body)
        self.assertEqual({file["url"].partition("#")[0] for file in page["files"]}, {SDIST, WHEEL})
        self.assertIn(f'href="six/{SDIST}'.encode(), (await self.ask(f"{run}/simple/six")).body)


class ReceiptTests(RunsCase):
    """The receipt of what a client took."""

    async def test_files_metadata_and_pages_are_recorded(self) -> None:
        run = await self.begun()
        for path in ("/", "/six/", "/six/", f"/six/{WHEEL}.metadata", f"/six/{WHEEL}", f"/six/{SDIST}"):
            self.assertEqual((await self.ask(f"{run}/simple{path}")).status, 200)
        found = await self.receipt(run)
        shown = [(each.kind, each.filename, each.sha256, each.size, each.count) for each in found.taken]
        metadata = core_metadata("six", "1.0")
        self.assertEqual(
            shown,
            [
                ("file", WHEEL, digest_of(self.wheel).hex, len(self.wheel), 1),
                ("file", SDIST, digest_of(CONTENTS[SDIST]).hex, len(CONTENTS[SDIST]), 1),
                ("metadata", f"{WHEEL}.metadata", digest_of(metadata).hex, len(metadata), 1),
                ("page", "", "", 0, 2),
            ],
        )
        self.assertEqual({each.purl for each in found.taken if each.kind != "page"}, {"pkg:pypi/six@1.0"})
        self.assertEqual((found.address, found.refused, found.complete, found.sealed), (self.address, (), True, False))

    async def test_parts_and_valid_copies_are_counted_apart_and_head_takes_nothing(self) -> None:
        run = await self.begun()
        path = f"{run}/simple/six/{SDIST}"
        tag = (await self.ask(path, "HEAD"))["ETag"] or ""
        self.assertEqual((await self.receipt(run)).taken, ())
        for range_ in ("bytes=0-1", "bytes=900-"):
            await self.ask(path, Range=range_)
        for headers in ({"If-None-Match": tag}, {}, {"If-Match": '"x"'}):
            await self.ask(path, **headers)
        (entry,) = (await self.receipt(run)).taken
        self.assertEqual((entry.count, entry.partial, entry.unchanged), (1, 1, 1))

    async def test_refusals_are_recorded_with_their_user_agent(self) -> None:
        """As they are for the address."""
        run = await self.begun()
        for path in ("/seven/", "/six/six-2.0.tar.gz", "/six/six-2.0.tar.gz"):
            await self.ask(f"{run}/simple{path}", User_Agent=AGENT)
        found = (await self.receipt(run)).refused
        self.assertEqual(
            [(each.host, each.project, each.url, each.agent, each.count) for each in found],
            [("", "seven", "simple/seven", AGENT, 1), ("", "six", "simple/six/six-2.0.tar.gz", AGENT, 2)],
        )
        self.assertEqual(len(json.loads((await self.under("/refused")).body)["refused"]), 2)

    async def test_a_check_of_pip_for_itself_is_not_a_refusal(self) -> None:
        """It comes first, on a connection of its own, and the command follows."""
        run = await self.begun()
        check = await self.wire()
        check.say(self.request(f"{run}/simple/pip/", User_Agent=AGENT))
        self.assertEqual((await check.reply("GET")).status, 410)
        self.assertEqual(len((await self.receipt(run)).refused), 1)
        self.assertEqual((await self.ask(f"{run}/simple/six/", User_Agent=AGENT)).status, 200)
        self.assertEqual((await self.receipt(run)).refused, ())

    async def test_a_server_that_was_started_again_goes_on(self) -> None:
        run = await self.begun()
        await self.ask(f"{run}/simple/six/{SDIST}")
        await self.runs.tend()
        self.site.resource = self.made_root()
        await self.ask(f"{run}/simple/six/{SDIST}")
        (entry,) = (await self.receipt(run)).taken
        self.assertEqual(entry.count, 2)

    async def test_a_run_ends(self) -> None:
        run = await self.begun()
        await self.ask(f"{run}/simple/six/")
        self.assertEqual((await self.ask(f"{run}/", "DELETE")).status, 204)
        for path in ("/receipt", "/simple/", "/simple/six/"):
            problem = self.assert_problem(await self.ask(f"{run}{path}"), 410, "no such run")
            self.assertIn("POST /<address>/runs", problem["detail"])
        self.assert_problem(await self.ask(run, "DELETE"), 410, "no such run")

    async def test_methods_and_paths_that_do_not_exist_are_problems(self) -> None:
        run = await self.begun()
        self.assertEqual((await self.ask(f"/{self.address}/runs"))["Allow"], "POST")
        self.assertEqual((await self.ask(f"{run}/receipt", "POST", b"")).status, 405)
        self.assertEqual((await self.ask(f"{run}/simple/", "POST", b"")).status, 405)
        for path in ("/runs", f"{run}/other", f"{run}/receipt/more"):
            self.assert_problem(await self.ask(path), 404)
        self.assert_problem(await self.ask(f"/{'0' * 64}/runs", "POST", b""), 410)


class PrivateTests(WebCase):
    """A server that offers no runs."""

    async def test_no_run_can_be_begun_or_used(self) -> None:
        requests: Any = (
            (f"/{self.address}/runs", "POST", b""),
            (f"/runs/{'0' * 32}", "DELETE", None),
            (f"/runs/{'0' * 32}/receipt", "GET", None),
            (f"/runs/{'0' * 32}/simple/six/", "GET", None),
        )
        for path, method, body in requests:
            self.assert_problem(await self.ask(path, method, body), 404, "this server records no runs")
