"""Links are relative, and lead where they should, however the page was asked for."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

from tests.web.case import CONTENTS, WebCase

JSON = "application/vnd.pypi.simple.v1+json"

_HREF = re.compile(r'href="([^"]*)"')

PREFIX = "http://proxy.example.org/python/index"
OF_FEATURES = ("drift", "frozen", "crates/config.json", "cargo/config.toml")
"""What the server of these tests does not have."""
"""Where a reverse proxy might show this server: below a path of its own."""


class Links(WebCase):
    async def links(self, path: str, accept: str = "text/html") -> set[str]:
        """The links on a page as they stand there."""
        reply = await self.ask(path, Accept=accept)
        self.assertEqual(reply.status, 200)
        if accept == JSON:
            return {file["url"] for file in json.loads(reply.body)["files"]}
        return {unescape(link) for link in _HREF.findall(reply.body.decode())}

    async def followed(self, path: str, link: str, below: str = "") -> bytes:
        """What is there where a browser behind the proxy would go.

        :param below: which path it stays; empty: that of the address.
        """
        url = urldefrag(urljoin(PREFIX + path, link)).url
        self.assertTrue(url.startswith(f"{below or f'{PREFIX}/{self.address}'}/"), url)
        reply = await self.ask(urlsplit(url.removeprefix(PREFIX)).path)
        self.assertEqual(reply.status, 200, url)
        return reply.body

    async def test_files_are_found_from_a_project_page(self) -> None:
        """With the slash at the end and without it, in HTML and in JSON, in any spelling."""
        for path in (
            "/simple/six/",
            "/simple/six",
            "//simple//six//",
            "//simple//Six",
            "/simple/s%69x",
            "/simple/six?x=/",
        ):
            for accept in ("text/html", JSON):
                links = await self.links(f"/{self.address}{path}", accept)
                bodies = {await self.followed(f"/{self.address}{path}", link) for link in links}
                self.assertEqual(bodies, set(CONTENTS.values()), path)

    async def test_projects_are_found_from_the_listing(self) -> None:
        """With the slash at the end and without it."""
        for path in (f"/{self.address}/simple/", f"/{self.address}/simple", f"//{self.address}//simple"):
            (link,) = await self.links(path)
            self.assertIn(b"Links for six", await self.followed(path, link))

    async def test_the_pages_for_people_lead_to_what_there_is(self) -> None:
        """They too work behind a proxy that strips a path."""
        await self.under("/simple/six/")
        for path in (f"/{self.address}", f"/{self.address}/", f"//{self.address}//"):
            links = await self.links(path)
            self.assertGreater(len(links), 20, links)
            for link in links:
                # The wheelhouse is made of what is in the store. urljoin, unlike browsers, drops empty segments.
                if not link.endswith(("wheelhouse.tar", *OF_FEATURES)) and not (
                    link.startswith("../") and "//" in path
                ):
                    await self.followed(path, link, below=PREFIX)

    async def test_no_link_is_absolute(self) -> None:
        """So the server need not know its own name, and no proxy can break one."""
        for path in ("", "/", "/simple", "/simple/", "/simple/six", "/simple/six/"):
            for link in await self.links(f"/{self.address}{path}"):
                self.assertFalse(link.startswith("/") or "://" in link, link)
