"""An index gives project pages, in whatever form and from wherever they come."""

from __future__ import annotations

from reqpi.core.errors import NotFound, WrongPage
from tests.fake_upstream import Style, faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn, ok

HTML = "Content-Type: text/html"
LINK = b'<a href="thing-1.0-py3-none-any.whl">thing-1.0-py3-none-any.whl</a>'


class PagesTests(UpstreamCase):
    """Whatever a client of this field reads is read."""

    async def test_every_form_and_kind_of_link_leads_to_the_same_file(self) -> None:
        """The content type decides, not what was asked for; relative links begin at the page."""
        for style in (
            Style(forms="json"),
            Style(forms="html"),
            Style(forms="html", links="absolute"),
            Style(forms="html", base=True),
            Style(forms="json", links="absolute"),
        ):
            upstream = self.upstream(style)
            [file] = (await self.page(upstream.url)).files
            self.assertEqual(file.url, f"{upstream.url.removesuffix('simple/')}files/thing-1.0-py3-none-any.whl")
            self.assertIsNotNone(file.sha256)

    async def test_json_is_preferred_and_html_taken(self) -> None:
        """JSON alone says sizes and upload times."""
        upstream = self.upstream()
        [file] = (await self.page(upstream.url)).files
        self.assertIsNotNone(file.size)
        accept = upstream.asked("thing")[0].headers["accept"]
        self.assertLess(accept.index("v1+json"), accept.index("text/html"))

    async def test_an_index_is_the_same_with_and_without_a_slash_at_its_end(self) -> None:
        """Both are written."""
        upstream = self.upstream()
        for url in (upstream.url, upstream.url.rstrip("/")):
            self.assertEqual(len((await self.page(url)).files), 1)
        self.assertEqual({request.path for request in upstream.requests}, {"/simple/thing/"})

    async def test_relative_links_begin_where_redirects_ended(self) -> None:
        """A mirror that moved says where files are from its new place."""
        there = self.scripted(ok(LINK, HTML))
        here = self.scripted(ok(b"", f"Location: {there.url}/new/thing/", status="302 Found"))
        [file] = (await self.page(f"{here.url}/simple/")).files
        self.assertEqual(file.url, f"{there.url}/new/thing/thing-1.0-py3-none-any.whl")

    async def test_a_body_that_ends_with_the_connection_is_whole(self) -> None:
        """HTTP/1.0 knows no other end; the page itself does."""
        head = b"HTTP/1.0 200 OK\r\n" + HTML.encode() + b"\r\n\r\n"
        script = self.scripted(Turn(head + b"<html><body>" + LINK + b"</BODY></html>\n", then="close"))
        self.assertEqual(len((await self.page(script.url)).files), 1)

    async def test_a_page_that_ends_with_the_connection_and_in_the_middle_is_none(self) -> None:
        """Its other files would stay invisible forever."""
        head = b"HTTP/1.0 200 OK\r\n" + HTML.encode() + b"\r\n\r\n"
        script = self.scripted(*[Turn(head + b"<html><body>" + LINK, then="close")] * 3)
        error = await self.trouble(self.page(script.url))
        self.assertIn("incomplete", error.title)

    async def test_a_body_in_chunks_is_put_together(self) -> None:
        """Most servers send what they make on the fly in chunks."""
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (LINK[:9], LINK[9:])) + b"0\r\n\r\n"
        head = f"HTTP/1.1 200 OK\r\n{HTML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        script = self.scripted(Turn(head + chunks))
        self.assertEqual(len((await self.page(script.url)).files), 1)

    async def test_interim_responses_are_passed_over(self) -> None:
        """Some servers give early hints (RFC 8297)."""
        script = self.scripted(Turn(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(LINK, HTML).data))
        self.assertEqual(len((await self.page(script.url)).files), 1)

    async def test_cookies_are_not_kept(self) -> None:
        """An upstream must not be able to tell two locks' requests apart, nor to fill memory."""
        script = self.scripted(ok(LINK, HTML, "Set-Cookie: who=you"))
        index = self.index(script.url)
        for _ in range(2):
            await index.page("thing")  # type: ignore[arg-type]
        self.assertEqual(script.header("Cookie"), [])


class NoPageTests(UpstreamCase):
    """What is no page is called so, and at once."""

    async def test_a_project_that_is_not_there_is_not_found(self) -> None:
        """404, and 410 for one that is gone."""
        upstream = self.upstream()
        await self.assertFailure(self.page(upstream.url, "other"), NotFound)
        upstream.fail("page", faults.Status(410))
        await self.assertFailure(self.page(upstream.url), NotFound)
        self.assertEqual(len(upstream.requests), 2)

    async def test_what_cannot_be_read_is_a_wrong_page(self) -> None:
        """Not an empty project, which would be frozen."""
        upstream = self.upstream(Style(forms="json"))
        upstream.fail("page", faults.Garbage())
        await self.assertFailure(self.page(upstream.url), WrongPage)
        self.assertEqual(len(upstream.requests), 1)

    async def test_another_content_type_is_a_wrong_page(self) -> None:
        """A login page in JSON; a download; nothing said at all; bytes that are no text."""
        for said in (["Content-Type: application/json"], ["Content-Type: application/zip"], [], ["Content-Type: \xff"]):
            script = self.scripted(ok(LINK, *said))
            await self.assertFailure(self.page(script.url), WrongPage)

    async def test_a_page_that_is_no_index_is_named_with_its_host_and_what_came(self) -> None:
        """Where a login is wanted, or a proxy answers. Nothing of it is kept."""
        for body, came in (
            (b"<html><title>Sign in</title>Please log in.</html>", "entitled 'Sign in'"),
            (b"\x00\xff<b>\x01" * 20, "that begin with '\\x00\\ufffd<b>\\x01"),
        ):
            script = self.scripted(ok(body, HTML))
            trouble = await self.trouble(self.page(script.url))
            self.assertIsInstance(trouble, WrongPage)
            self.assertIn(f"{script.url.removeprefix('http://')} sent {len(body)} bytes of 'text/html", trouble.detail)
            self.assertIn(came, trouble.detail)

    async def test_a_part_is_no_page(self) -> None:
        """A 206 to who asked for the whole: half a project must not be frozen as the whole of it."""
        script = self.scripted(ok(LINK, HTML, "Content-Range: bytes 0-69/900", status="206 Partial Content"))
        trouble = await self.trouble(self.page(script.url))
        self.assertIn("206", trouble.title)
