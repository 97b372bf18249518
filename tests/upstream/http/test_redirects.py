"""Redirects are followed, a few of them, to where a redirect may lead."""

from __future__ import annotations

from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Scripted, Turn, ok

HTML = "Content-Type: text/html"
EMPTY = ok(b"<title>Links for thing</title>", HTML)


def to(*locations: str, status: int = 302) -> Turn:
    """A redirect."""
    return ok(b"elsewhere", *(f"Location: {location}" for location in locations), status=f"{status} Elsewhere")


class FollowedTests(UpstreamCase):
    """Where a redirect may lead."""

    async def test_every_kind_of_redirect_is_followed(self) -> None:
        """With the same request: 303 as well."""
        for status in (301, 302, 303, 307, 308):
            script = self.scripted(to("/there/", status=status), EMPTY)
            await self.page(script.url)
            self.assertEqual([line.split()[:2] for line in script.requests], [["GET", "/thing/"], ["GET", "/there/"]])

    async def test_a_location_may_be_relative(self) -> None:
        """To the page, to its host, and to its scheme."""
        script = self.scripted(to("../a/"), to("/b/"), EMPTY)
        script.turns = [to("../a/"), to("/b/"), to(f"//{script.url.removeprefix('http://')}/c/"), EMPTY]
        await self.page(f"{script.url}/simple")
        self.assertEqual([line.split()[1] for line in script.requests], ["/simple/thing/", "/simple/a/", "/b/", "/c/"])

    async def test_five_are_followed_and_a_sixth_is_not(self) -> None:
        """Loops end, and are not walked again."""
        five = self.scripted(*[to("/on/")] * 5, EMPTY)
        await self.page(five.url)
        self.assertEqual(len(five.requests), 6)
        six = self.scripted(*[to("/on/")] * 6, EMPTY)
        self.assertIn("too often", (await self.trouble(self.page(six.url))).title)
        self.assertEqual(len(six.requests), 6)
        upstream = self.upstream()
        upstream.fail("page", faults.RedirectLoop())
        self.assertTrue((await self.trouble(self.page(upstream.url))).final)

    async def test_a_presigned_location_arrives_as_it_was_signed(self) -> None:
        """Not one character of a query may change; what no URL can hold is encoded."""
        signed = "/a%2Fb+c/~x?X-Sig=%2b%3D+a/b=&&y;z='(!)*'&q=%7E"
        script = self.scripted(to(signed), to("/a b/\u00fc".encode().decode("latin-1")), EMPTY)
        await self.page(script.url)
        self.assertEqual([line.split()[1] for line in script.requests], ["/thing/", signed, "/a%20b/%C3%BC"])

    async def test_a_redirect_costs_no_connection(self) -> None:
        """Where an index redirects every request, every request would need a new one."""
        script = self.scripted(*[to("/there/"), EMPTY] * 3)
        for _ in range(3):
            await self.page(script.url)
        self.assertLessEqual(script.connections, 2)


class RefusedTests(UpstreamCase):
    """Where it may not."""

    async def refused(self, *locations: str) -> str:
        script = self.scripted(to(*locations))
        trouble = await self.trouble(self.page(script.url))
        self.assertTrue(trouble.final)
        self.assertEqual(len(script.requests), 1)
        return trouble.title

    async def test_a_redirect_to_nowhere_is_refused(self) -> None:
        """No Location, or an empty one."""
        self.assertIn("redirects without a target", await self.refused())
        self.assertIn("redirects without a target", await self.refused(""))

    async def test_only_http_is_followed(self) -> None:
        """An upstream must not make this host read its own files."""
        for location in ("file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/html,x", "javascript:0", "https:///x"):
            self.assertIn("not http or https", await self.refused(location))

    async def test_what_is_no_url_is_refused(self) -> None:
        """An unclosed bracket, an invalid port, bytes that are not text: trouble and no traceback."""
        self.assertIn("an invalid URL", await self.refused("http://[::1/"))
        for location in ("http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://\xff\xfe/", "http://a..b/"):
            script = self.scripted(to(location))
            await self.trouble(self.page(script.url.replace("http://", "http://me:secret@")))

    async def test_two_locations_are_not_guessed_at(self) -> None:
        """They are read as one, by the standard, and that leads to a place that no one chose."""
        script = self.scripted(to("/a/", "/b/"), ok(b"", status="404 No"))
        await self.trouble(self.page(script.url))
        self.assertNotIn(script.requests[-1].split()[1], ("/a/", "/b/"))


class ShownTests(UpstreamCase):
    """What people see of it."""

    async def test_a_signature_in_a_location_is_not_shown(self) -> None:
        """Who has it is let in."""
        script: Scripted = self.scripted(to("/there/?sig=hush#part"), ok(b"", status="403 No"))
        trouble = await self.trouble(self.page(script.url))
        self.assertIn("/there/", str(trouble))
        self.assertNotIn("hush", str(trouble))
        loop = self.scripted(to("/there/?sig=hush"))
        self.assertNotIn("hush", str(await self.trouble(self.page(loop.url))))
