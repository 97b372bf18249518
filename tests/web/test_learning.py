"""``/learn``: where the operator allows it, and what it is then."""

from __future__ import annotations

import json
from typing import Any

from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.open_index import OpenIndex
from reqpi.web.learning import LearnResource
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page, digest_of
from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase

JSON = "application/vnd.pypi.simple.v1+json"


class ClosedTests(WebCase):
    async def test_a_server_that_was_not_told_to_does_not_learn(self) -> None:
        """Whatever is asked of it, upstream is not."""
        for path, method in (
            ("/learn", "POST"),
            (f"/learn/{'0' * 32}/", "GET"),
            (f"/learn/{'0' * 32}/", "DELETE"),
            (f"/learn/{'0' * 32}/requirements.txt", "GET"),
            (f"/learn/{'0' * 32}/simple/six/", "GET"),
            (f"/learn/{'0' * 32}/simple/six/{SDIST}", "GET"),
        ):
            self.assert_problem(await self.ask(path, method, b"" if method == "POST" else None), 404)
        self.assertEqual(self.upstream.asked, [])


class OpenCase(WebCase):
    def made_root(self) -> Root:
        sessions = LearnSessions(self.store, self.clock)
        files = FileParts.over(self.store, self.upstream, self.clock)
        learning = OpenIndex(sessions, self.upstream, files, self.clock)
        return Root(self.services(), self.base, learning=LearnResource(learning))

    async def begun(self, query: str = "") -> str:
        """The path of a new session, without a slash at the end."""
        reply = await self.ask(f"/learn{query}", "POST", b"")
        self.assertEqual(reply.status, 201, reply)
        said = json.loads(reply.body)
        here = f"/learn/{said['token']}"
        self.assertEqual(said["index"], f"http://index.example.org{here}/simple/")
        self.assertEqual(reply["Location"], f"http://index.example.org{here}/")
        return here

    async def taken(self, session: str, query: str = "") -> Any:
        reply = await self.ask(f"{session}/{query}")
        self.assertEqual((reply.status, reply["Cache-Control"]), (200, "no-store"))
        return json.loads(reply.body)


class IndexTests(OpenCase):
    async def test_a_page_has_all_that_upstream_has_in_either_form(self) -> None:
        """Yanked or not, with a digest or without; and nobody is to remember it."""
        yanked = a_file("six-0.1.tar.gz", None, yanked="broken")
        self.upstream.offer(a_page(*self.upstream.pages[a_page().project].files, yanked), *CONTENTS.values(), b"", b"")
        session = await self.begun()
        page = await self.ask(f"{session}/simple/six/", Accept=JSON)
        self.assertEqual((page["Cache-Control"], page["Vary"]), ("no-store", "Accept"))
        files = {file["filename"]: file for file in json.loads(page.body)["files"]}
        self.assertEqual(set(files), {SDIST, WHEEL, "six-2.0.tar.gz", "six-0.1.tar.gz"})
        bare = {"filename": "six-0.1.tar.gz", "url": "six-0.1.tar.gz", "hashes": {}, "yanked": "broken"}
        self.assertEqual(files["six-0.1.tar.gz"], bare)
        html = (await self.ask(f"{session}/simple/six")).body
        self.assertIn(b'href="six/six-0.1.tar.gz" data-yanked="broken"', html)
        self.assertIn(f'href="six/{SDIST}#sha256={digest_of(CONTENTS[SDIST]).hex}"'.encode(), html)

    async def test_get_takes_a_file_and_head_does_not(self) -> None:
        """A page or metadata neither."""
        session = await self.begun()
        await self.ask(f"{session}/simple/six/")
        head = await self.ask(f"{session}/simple/six/{SDIST}", "HEAD")
        self.assertEqual((head.status, head["Content-Length"]), (200, str(len(CONTENTS[SDIST]))))
        self.assertEqual((await self.taken(session))["taken"], [])
        reply = await self.ask(f"{session}/simple/six/{SDIST}")
        self.assertEqual((reply.status, reply.body), (200, CONTENTS[SDIST]))
        expected = {"project": "six", "version": "1.0", "filename": SDIST, "size": len(CONTENTS[SDIST])}
        expected["sha256"] = digest_of(CONTENTS[SDIST]).hex
        self.assertEqual((await self.taken(session))["taken"], [expected])

    async def test_what_is_unknown_is_refused(self) -> None:
        session = await self.begun()
        self.assert_problem(await self.ask(f"{session}/simple/"), 404)
        self.assert_problem(await self.ask(f"{session}/simple/seven/"), 410)
        self.assert_problem(await self.ask(f"{session}/simple/six/six-9.tar.gz"), 404)
        self.assert_problem(await self.ask(f"{session}/simple/six/a/b"), 404)
        self.assert_problem(await self.ask(f"/learn/{'0' * 32}/simple/six/"), 410)


class ApartTests(OpenCase):
    """A session is no address, and an address no session."""

    async def test_nothing_of_an_address_is_reachable_through_a_session(self) -> None:
        session = await self.begun()
        for path in (f"/{self.address}/", "/lock", "/env", "/refused", "/held", "/wheelhouse.tar", "/pylock.toml"):
            self.assertEqual((await self.ask(f"{session}{path}")).status, 404, path)
        self.assert_problem(await self.ask(f"/learn/{self.address}/simple/six/"), 410)

    async def test_what_was_learned_is_not_admitted_by_any_lock_for_that(self) -> None:
        """It is in the store, and under the address it is still refused."""
        session = await self.begun()
        self.assertEqual((await self.ask(f"{session}/simple/six/six-2.0.tar.gz")).body, b"newer")
        self.assertIsNotNone(await self.store.size(digest_of(b"newer").hex))
        self.assert_problem(await self.under("/simple/six/six-2.0.tar.gz"), 410)
        self.assertNotIn(b"six-2.0", (await self.under("/simple/six/")).body)

    async def test_what_an_address_has_from_elsewhere_is_not_listed(self) -> None:
        """A file that upstream lists no more is served under the address that saw it, and nowhere else."""
        self.assertEqual((await self.under(f"/simple/six/{SDIST}")).status, 200)
        self.upstream.offer(a_page(a_file("six-2.0.tar.gz", b"newer")), b"newer")
        session = await self.begun()
        self.assert_problem(await self.ask(f"{session}/simple/six/{SDIST}"), 404)
        self.assertEqual((await self.under(f"/simple/six/{SDIST}")).status, 200)


class SessionTests(OpenCase):
    async def test_what_was_taken_is_a_lock(self) -> None:
        """Of what was taken, or of all files of those releases."""
        session = await self.begun()
        await self.ask(f"{session}/simple/six/{SDIST}")
        digests = {name: digest_of(content).hex for name, content in CONTENTS.items()}
        reply = await self.ask(f"{session}/requirements.txt")
        self.assertEqual((reply["Content-Type"], reply["Cache-Control"]), ("text/plain; charset=utf-8", "no-store"))
        self.assertEqual(reply.body.decode(), f"six==1.0 \\\n    --hash=sha256:{digests[SDIST]}\n")
        body = (await self.ask(f"{session}/requirements.txt?all-files=1")).body.decode()
        self.assertEqual(body.count("--hash"), 2)
        self.assertEqual([file["filename"] for file in (await self.taken(session, "?all-files=1"))["beside"]], [WHEEL])

    async def test_a_cutoff_is_said_back_as_the_moment_that_it_is(self) -> None:
        """However it was said."""
        self.clock.advance(86400 * 10)
        for said, timestamp in (("2026-11-01", "2026-11-02T00:00:00Z"), ("3%20days", "1970-01-08T00:00:00Z")):
            session = await self.begun(f"?exclude-newer={said}")
            self.assertEqual((await self.taken(session))["exclude-newer"], timestamp)
            self.assert_problem(await self.ask(f"{session}/simple/six/"), 410)
            self.assertEqual((await self.taken(session))["untimed"], ["six"])
        problem = self.assert_problem(await self.ask("/learn?exclude-newer=soon", "POST", b""), 400)
        self.assertIn("30 days", problem["detail"])

    async def test_a_session_ends_when_it_is_ended(self) -> None:
        session = await self.begun()
        self.assertEqual((await self.ask(f"{session}/", "DELETE")).status, 204)
        self.assert_problem(await self.ask(f"{session}/"), 410)
        self.assert_problem(await self.ask(f"{session}/simple/six/"), 410)
        self.assert_problem(await self.ask(f"{session}/", "DELETE"), 410)

    async def test_methods(self) -> None:
        """What is not there is said."""
        session = await self.begun()
        for path, method, allowed in (
            ("/learn", "GET", "POST"),
            (f"{session}/", "POST", "DELETE, GET, HEAD"),
            (f"{session}/simple/six/", "POST", "GET, HEAD"),
        ):
            reply = await self.ask(path, method, b"")
            self.assert_problem(reply, 405)
            self.assertEqual(reply["Allow"], allowed)
