"""The pages for people: what a lock says is shown, and is never markup."""

from __future__ import annotations

import re
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

from tests.web.case import SDIST, WHEEL, WebCase

HOSTILE = (
    "six==1.0 ; python_version == '</code><script>alert(1)</script>'\n"
    "other===<script>alert(2)</script>\n"
    'third===1.0"onmouseover="alert(3)\n'
)

ATTRIBUTES = {"aria-label", "charset", "class", "content", "data-copy", "defer", "href", "id", "lang", "name", "rel"}
ATTRIBUTES |= {"aria-label", "open", "role", "scope", "src", "tabindex", "type", "datetime", "action", "method"}
ATTRIBUTES |= {"aria-labelledby", "value"}
"""The attributes that our own elements have."""


class Tags(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(body: bytes) -> Tags:
    tags = Tags()
    tags.feed(body.decode())
    tags.close()
    return tags


class Shown(WebCase):
    async def test_the_front_page_says_how_to_begin(self) -> None:
        """With commands that name this server."""
        body = (await self.ask("/")).body.decode()
        for words in (
            "gethash --url http://index.example.org",
            "curl --data-binary",
            "pip install --index-url",
            "uv pip",
        ):
            self.assertIn(words, body)

    async def test_the_commands_work_with_pip_over_plain_http(self) -> None:
        """pip ignores an index that is neither on loopback nor behind TLS, unless it is told."""
        for path in ("/", f"/{self.address}/"):
            for host, flag in (
                ("buildhost:2000", " --trusted-host buildhost:2000 "),
                ("[2001:db8::7]:2000", " --trusted-host '[2001:db8::7]:2000' "),
                ("localhost:2000", None),
                ("127.0.0.1:2000", None),
            ):
                text = read((await self.ask(path, Host=host)).body).text
                command = text[text.index("pip install --index-url") :].splitlines()[0]
                if flag is None:
                    self.assertNotIn("--trusted-host", command)
                else:
                    self.assertIn(flag, command)

    async def test_a_lock_is_shown_with_its_files_and_refusals(self) -> None:
        """Files once they are known, refusals once there are any."""
        before = read((await self.under()).body).text
        self.assertIn("not requested yet", before)
        self.assertNotIn("not in the lock", before)
        for path in ("/simple/six/", "/simple/flask/", "/simple/six/six-2.0.tar.gz"):
            await self.under(path)
        after = read((await self.under()).body).text
        for words in (SDIST, WHEEL, "not in the lock", "flask", "six-2.0.tar.gz", self.address):
            self.assertIn(words, after)
        self.assertNotIn("not requested yet", after)

    async def test_the_browser_is_told_to_run_nothing(self) -> None:
        """Even if something slipped through, it would not run, nor be framed, nor leak the address."""
        for path in ("/", f"/{self.address}", f"/{self.address}/"):
            reply = await self.ask(path)
            self.assertIn("default-src 'none'", reply["Content-Security-Policy"] or "")
            self.assertIn("frame-ancestors 'none'", reply["Content-Security-Policy"] or "")
            self.assertEqual(reply["Referrer-Policy"], "same-origin")
            self.assertTrue(reply.body.startswith(b"<!DOCTYPE html>\n<html"))


class Exports(WebCase):
    async def test_a_lock_has_the_exports_of_its_format(self) -> None:
        """Each link that is shown leads somewhere."""
        body = (await self.under("/")).body.decode()
        self.assertNotIn("uv.lock", body)
        for name in ("lock", "requirements.txt", "pylock.toml", "env", "files.json", "closed", "held", "refused"):
            self.assertIn(f'href="{name}"', body)
            self.assertEqual((await self.under(f"/{name}")).status, 200, name)


class Hostile(WebCase):
    async def test_what_a_lock_says_is_text(self) -> None:
        """Markers and versions are anybody's words."""
        accepted = []
        for line in HOSTILE.splitlines():
            reply = await self.ask("/locks", "POST", f"{line}\n".encode())
            if reply.status == 201:
                accepted.append((line, reply))
        self.assertTrue(accepted, "nothing hostile is left to show: this test needs another lock")
        for line, reply in accepted:
            page = await self.ask(f"/{(reply['Location'] or '').rsplit('/', 2)[1]}/")
            tags = read(page.body)
            self.assertEqual(tags.elements.count("script"), 1, line)
            self.assertLessEqual(tags.attributes, ATTRIBUTES, line)
            self.assertIn("alert(", tags.text)
            self.assertNotIn("alert", unescape(str(page.headers)))

    async def test_what_was_asked_for_is_text(self) -> None:
        """So are the names of files that somebody asked for."""
        await self.under("/simple/six/%3Cscript%3Ealert(1)%3C%2fscript%3E.whl".replace("%2f", ""))
        await self.under("/simple/six/%22onload=%22x.whl")
        tags = read((await self.under()).body)
        self.assertEqual(tags.elements.count("script"), 1)
        self.assertIn("<script>alert(1)<script>.whl", tags.text)
        self.assertNotIn("onload", tags.attributes)


class FilesAndProblems(WebCase):
    BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    async def test_the_files_of_a_page_never_change(self) -> None:
        """Their names have their digests."""
        body = (await self.ask("/")).body.decode()
        for name, content_type in (("style", "text/css"), ("script", "text/javascript"), ("icon", "image/svg+xml")):
            found = re.search(rf"static/{name}-[0-9a-f]{{16}}\.[a-z]+", body)
            assert found is not None, body
            reply = await self.ask(f"/{found[0]}")
            self.assertEqual(reply.status, 200)
            self.assertIn(content_type, reply["Content-Type"] or "")
            self.assertIn("immutable", reply["Cache-Control"] or "")
            digest = found[0].rpartition("-")[2].partition(".")[0]
            self.assertEqual(sha256(reply.body).hexdigest()[:16], digest)
        self.assertEqual((await self.ask("/static/style-0000000000000000.css")).status, 404)
        for path in ("/favicon.ico", "/robots.txt"):
            self.assertEqual((await self.ask(path)).status, 200)

    async def test_links_lead_to_the_root_however_the_path_ends(self) -> None:
        for path, root in (("/", "./"), (f"/{self.address}", "./"), (f"/{self.address}/", "../")):
            self.assertIn(f'href="{root}static/style-', (await self.ask(path)).body.decode())

    async def test_a_browser_gets_an_error_as_a_page(self) -> None:
        """Every other client gets what it got before, old pips that accept text/html included."""
        for accept, is_page in ((self.BROWSER, True), ("text/html", False), ("*/*", False)):
            for path, status in ((f"/{'0' * 64}/", 410), ("/%3Cscript%3E", 404)):
                reply = await self.ask(path, Accept=accept)
                self.assertEqual(reply.status, status)
                self.assertEqual((reply["Content-Type"] or "").startswith("text/html"), is_page)
                if is_page:
                    self.assertEqual(read(reply.body).elements.count("script"), 1)
                    self.assertIn("default-src 'none'", reply["Content-Security-Policy"] or "")
