"""A neighbour who uses runs on a server: his own ones for more than they are, and those of others."""

from __future__ import annotations

import json

from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.runs import ENTRIES, REFUSALS, RUNS, Runs
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.learning import LearnResource
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page
from tests.web.case import SDIST, WebCase
from tests.web.test_runs import RunsCase

OTHER = "other-1.0.tar.gz"


class TokenTests(RunsCase):
    """A token opens one run, and nothing else."""

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.offer(a_page(a_file(OTHER, b"other", project="other"), project="other"), b"other")
        self.other = await self.committed("other==1.0")
        self.run = await self.begun()
        self.token = self.run.rpartition("/")[2]

    async def test_a_run_gives_no_access_to_another_address(self) -> None:
        """The neighbour asks his run for what another lock has, in every way that a path can name it."""
        self.assertEqual((await self.ask(f"/{self.other}/simple/other/{OTHER}")).status, 200)
        for path in (
            "/simple/other/",
            f"/simple/other/{OTHER}",
            f"/simple/six/{OTHER}",
            f"/simple/../../{self.other}/simple/other/{OTHER}",
            f"/simple/%2e%2e/%2e%2e/{self.other}/simple/other/{OTHER}",
            f"/simple/..%2f..%2f{self.other}%2fsimple%2fother%2f{OTHER}",
            f"/../{self.other}/simple/other/{OTHER}",
            f"/{self.other}/simple/other/{OTHER}",
        ):
            reply = await self.ask(f"{self.run}{path}")
            self.assertIn(reply.status, (404, 410), path)
            self.assertNotEqual(reply.body, b"other")

    async def test_a_run_gives_nothing_of_its_address_but_the_index(self) -> None:
        """The neighbour has a token, and wants the lock, which may have more in it than the index shows."""
        for path in ("/", "/lock", "/files.json", "/held", "/refused", "/requirements.txt", "/wheelhouse.tar", "/env"):
            self.assertIn((await self.ask(f"{self.run}{path}")).status, (404, 405), path)

    async def test_a_token_is_no_address_and_no_learning_token_and_neither_is_a_token(self) -> None:
        """The neighbour has one of the three, and tries it as another."""
        address = await self.ask(f"/{self.token}/simple/six/")
        self.assertEqual(address.status, 404)
        for wrong in (self.address, self.other, self.address[:32], "0" * 32, self.token.upper(), self.token[:31]):
            for path in ("receipt", "simple/", f"simple/six/{SDIST}"):
                reply = await self.ask(f"/runs/{wrong}/{path}")
                self.assert_problem(reply, 410, "no such run")

    async def test_the_receipt_of_one_run_has_nothing_of_another(self) -> None:
        """The neighbour begins a run of the same address, and reads its receipt."""
        theirs = await self.begun()
        await self.ask(f"{self.run}/simple/six/{SDIST}")
        await self.ask(f"{self.run}/simple/seven/")
        found = await self.receipt(theirs)
        self.assertEqual((found.taken, found.refused), ((), ()))

    async def test_a_request_under_the_address_is_in_no_receipt(self) -> None:
        """The neighbour adds to a receipt whose token he does not have."""
        await self.under(f"/simple/six/{SDIST}")
        await self.under("/simple/seven/")
        found = await self.receipt(self.run)
        self.assertEqual((found.taken, found.refused), ((), ()))

    async def test_the_fast_path_sends_nothing_past_the_receipt(self) -> None:
        """The neighbour requests a file so often that the server has a ready answer, under the address and the run."""
        for _ in range(3):
            for place in (f"/{self.address}", self.run):
                self.assertEqual((await self.ask(f"{place}/simple/six/{SDIST}")).status, 200)
        (entry,) = (await self.receipt(self.run)).taken
        self.assertEqual(entry.count, 3)


class LearningTests(WebCase):
    """A server that allows record mode too."""

    def made_root(self) -> Root:
        files = FileParts.over(self.store, self.upstream, self.clock)
        learning = OpenIndex(LearnSessions(self.store, self.clock), self.upstream, files, self.clock)
        runs = Runs(self.store, self.clock, "tests")
        return Root(self.services(), self.base, learning=LearnResource(learning), runs=runs)

    async def test_a_session_of_record_mode_is_no_run_and_a_run_no_session(self) -> None:
        """The neighbour takes a file that no lock admits into the receipt of a run."""
        session = json.loads((await self.ask("/learn", "POST", b"")).body)["token"]
        run = json.loads((await self.ask(f"/{self.address}/runs", "POST", b"")).body)["token"]
        for path in (f"/runs/{session}/simple/six/six-2.0.tar.gz", f"/learn/{run}/simple/six/six-2.0.tar.gz"):
            self.assert_problem(await self.ask(path), 410)


class BoundTests(RunsCase):
    """The neighbour fills the store, or the memory of the server."""

    async def test_there_are_so_many_runs_and_no_more(self) -> None:
        """The neighbour begins runs; once they were not used for long enough, others can begin theirs."""
        commitment = await self.shelf.commitment(self.address)
        for _ in range(RUNS):
            await self.runs.begin(commitment)
        self.assert_problem(await self.ask(f"/{self.address}/runs", "POST", b""), 503, f"{RUNS} runs are open")
        self.clock.advance(7 * 3600)
        await self.begun()

    async def test_a_run_takes_so_much_and_no_more(self) -> None:
        """The neighbour takes more than a receipt has: that is not sent."""
        run = await self.begun()
        self.assertEqual((await self.ask(f"{run}/simple/six/")).status, 200)
        (counts,) = self.runs._counts.values()
        counts.known |= {f"t-{number}" for number in range(ENTRIES)}
        problem = self.assert_problem(await self.ask(f"{run}/simple/six/{SDIST}"), 503)
        self.assertEqual(problem["title"], f"this run has taken {ENTRIES} things")

    async def test_so_many_refusals_are_recorded_and_no_more(self) -> None:
        """The neighbour asks for a name of his own each time, with a User-Agent as long as a request may have."""
        run = await self.begun()
        await self.ask(f"{run}/simple/six/")
        (counts,) = self.runs._counts.values()
        counts.known |= {f"r-{number}" for number in range(REFUSALS - 1)}
        for number in range(3):
            reply = await self.ask(f"{run}/simple/p{number}/", User_Agent="x" * 8000)
            self.assert_problem(reply, 410)
        found = await self.receipt(run)
        self.assertEqual([(each.project, len(each.agent)) for each in found.refused], [("p0", 200)])
        self.assertFalse(found.complete)

    async def test_a_body_is_not_read(self) -> None:
        """The neighbour sends a body with the request that begins a run."""
        reply = await self.ask(f"/{self.address}/runs", "POST", b"x" * (1 << 17))
        self.assertEqual(reply.status, 413)


class PageTests(RunsCase):
    async def test_a_web_page_of_another_origin_begins_and_ends_no_run(self) -> None:
        """The neighbour lures a browser that reaches the server to his page."""
        run = await self.begun()
        for path, method in ((f"/{self.address}/runs", "POST"), (run, "DELETE")):
            for headers in ({"Origin": "https://evil.example.org"}, {"Sec_Fetch_Site": "cross-site"}):
                self.assert_problem(await self.ask(path, method, b"", **headers), 403)
        await self.receipt(run)


class CommandTests(WebCase):
    """The server of a command, from inside: a build script that the command runs has its password."""

    def made_root(self) -> Root:
        return Root(self.services(), self.base, access=OnlyClient("secret", "f" * 64))

    async def test_it_offers_no_runs(self) -> None:
        """The script takes files in a run, so that the receipt of the command does not have them."""
        login = "Basic cmVxcGk6c2VjcmV0"
        for path, method in (
            (f"/{'f' * 64}/runs", "POST"),
            (f"/{self.address}/runs", "POST"),
            (f"/runs/{'0' * 32}/simple/six/", "GET"),
        ):
            reply = await self.ask(path, method, b"" if method == "POST" else None, Authorization=login)
            self.assertIn(reply.status, (403, 404), path)
