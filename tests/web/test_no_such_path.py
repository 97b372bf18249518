"""What is no path, and what is no method: refused in one shape, and nothing is reached by a trick."""

from __future__ import annotations

from urllib.parse import quote

from tests.web.case import SDIST, WebCase

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


class NoSuchPath(WebCase):
    async def test_unknown_paths_are_404(self) -> None:
        """They are a problem in the same shape as every refusal, and not a page of somebody's."""
        for path in ("/a/b", f"/{self.address}/other", f"/{self.address}/locks/x"):
            self.assert_problem(await self.ask(path), 404, "no such path")
        for path in ("/simple/six/x/y", "/simple/six/x/", "/simple/-/"):
            self.assertIn((await self.under(path)).status, (404, 410), path)
        self.assert_problem(await self.under(f"/simple/six/{SDIST}/more"), 404)

    async def test_a_name_that_cannot_be_an_address_is_404(self) -> None:
        """Probes, browsers and crawlers ask for such paths; 410 would tell them that a lock is missing."""
        for name in (
            *("health", "metrics", "sitemap.xml", "static.css", "simple", "\u00e9", "..%"),
            *(self.address[:-1], f"{self.address}0", f"{self.address[:-1]}g"),
        ):
            for path in ("", "/", "/lock", "/refused", "/simple/", "/simple/six/", "/simple/six/x.whl", "/x/y"):
                for method in ("GET", "POST"):
                    problem = self.assert_problem(await self.ask(f"/{quote(name)}{path}", method), 404, "no such path")
                    self.assertIn("64 hex digits", problem["detail"])
        self.assert_problem(await self.ask("/locks/lock"), 404)

    async def test_a_path_that_is_not_utf_8_is_400(self) -> None:
        """Every name here is ASCII, so bytes that are no text name nothing."""
        for path in ("/%ff", f"/{self.address}/simple/%c3%28/", f"/{self.address}/%80"):
            self.assert_problem(await self.ask(path), 400, "bad path")

    async def test_an_encoded_slash_separates_nothing(self) -> None:
        """Else a proxy in front that filters by path could be talked around."""
        for path in (
            f"/{self.address}%2Flock",
            f"/{self.address}%2Fsimple%2Fsix",
            f"/{self.address}/simple%2Fsix",
            f"/{self.address}/simple/six%2F{SDIST}",
            f"/{self.address}/simple/six/x%2F%2F{SDIST}",
            "/%2F%2Fexample.org%2F",
        ):
            self.assert_problem(await self.ask(path), 404, "no such path")

    async def test_dots_lead_nowhere(self) -> None:
        """They are no way up the tree, encoded or not."""
        for dots in ("..", "%2e%2e", ".", "%2E"):
            for path in (
                f"/{self.address}/simple/{dots}/lock",
                f"/{self.address}/simple/six/{dots}",
                f"/{dots}/{self.address}/lock",
                f"/{self.address}/{dots}/{self.address}/lock",
            ):
                self.assert_problem(await self.ask(path), 404)

    async def test_nothing_but_the_path_is_needed_from_a_hostile_request(self) -> None:
        """A Host that no resolver knows does not matter to a client that requests a path."""
        for host in ("a..b", "x" * 250, ".", "xn--a"):
            self.assertEqual((await self.ask(f"/{self.address}/lock", Host=host)).status, 200, host)
            self.assertEqual((await self.ask("/", Host=host)).status, 200, host)
            self.assert_problem(await self.ask("/a/b", Host=host), 404)

    async def test_headers_that_are_no_text_are_headers_all_the_same(self) -> None:
        """Bytes outside ASCII make no header a fault of ours."""
        names = ("Accept", "Accept_Encoding", "If_None_Match", "If_Range", "Range", "Cookie", "User_Agent", "Referer")
        for path in (
            "/",
            *(f"/{self.address}{path}" for path in ("", "/lock", "/simple/six/", f"/simple/six/{SDIST}")),
        ):
            reply = await self.ask(path, **dict.fromkeys(names, "\xff\xfe, \x80; q=\xb2"))
            self.assertEqual(reply.status, 200, path)
        posted = await self.ask("/locks", "POST", b"six==1.0\n", Content_Type="\xff", X_Forwarded_Host="\xff")
        self.assertEqual(posted.status, 200)

    async def test_nothing_unusual_was_logged_as_a_fault(self) -> None:
        """What a client gets wrong is not our fault, so that the log stays worth reading."""
        for path in ("/%ff", "/%00", "/%0d%0aX:y", f"/{self.address}/simple/%00/", f"/{self.address}/simple/six/%0a"):
            self.assertIn((await self.ask(path)).status, (400, 404, 410))
        self.assertEqual(self.flushLoggedErrors(), [])


class NoSuchMethod(WebCase):
    async def test_other_methods_are_405_and_told_which_there_are(self) -> None:
        """On every route alike (RFC 9110, section 15.5.6)."""
        for path in ("", "/lock", "/requirements.txt", "/refused", "/simple/", "/simple/six/", f"/simple/six/{SDIST}"):
            for method in METHODS:
                reply = await self.ask(f"/{self.address}{path}", method)
                self.assert_problem(reply, 405, "method not allowed")
                self.assertEqual(reply["Allow"], "GET, HEAD", path)
        for method in METHODS:
            self.assertEqual((await self.ask("/", method))["Allow"], "GET, HEAD")

    async def test_locks_takes_post_and_nothing_else(self) -> None:
        """It is not taken for an address of that name."""
        for method in ("GET", "HEAD", *METHODS[1:]):
            reply = await self.ask("/locks", method)
            self.assert_problem(reply, 405)
            self.assertEqual(reply["Allow"], "POST", method)

    async def test_a_method_does_not_make_a_path(self) -> None:
        """What is not there is not there for POST either."""
        self.assert_problem(await self.ask("/a/b", "POST", b"x"), 404)

    async def test_the_star_is_answered(self) -> None:
        """OPTIONS * asks for nothing but a sign of life (RFC 9110, section 9.3.7)."""
        wire = await self.wire()
        wire.say(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual((await wire.reply()).status, 200)
