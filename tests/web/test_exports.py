"""The list of everything under an address: nothing that the reference describes is missing."""

from __future__ import annotations

import re
from pathlib import Path

from reqpi.web.routes import Root
from tests.web.case import WebCase

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"

ONLY_FOR_SOME = {"uv.lock", "pdm.lock", "osv/"}
"""Those of a lock in this format, or of a server with advisories."""


class ExportsTests(WebCase):
    async def test_every_path_below_an_address_is_linked(self) -> None:
        """Except for those that need the name of something, such as a project."""
        paths = set(re.findall(r"^## `GET /<address>/([^`<]+)`$", REFERENCE.read_text(), re.MULTILINE))
        self.assertGreater(len(paths), 20)
        page = (await self.under("/")).body.decode()
        self.assertEqual({path for path in paths - ONLY_FOR_SOME if f'href="{path}"' not in page}, set())
        for path in ONLY_FOR_SOME:
            self.assertNotIn(f'href="{path}"', page)

    async def test_a_receipt_has_commands_with_the_urls_of_this_server(self) -> None:
        page = (await self.under("/")).body.decode()
        self.assertIn(f"curl --fail --request POST http://index.example.org/{self.address}/runs", page)
        self.assertIn("--receipt receipt.json", page)


class AuditedTests(WebCase):
    def made_root(self) -> Root:
        return Root(self.services(), self.base, self.ready_answers, audits=True)

    async def test_a_server_with_advisories_links_them(self) -> None:
        self.assertIn('href="osv/"', (await self.under("/")).body.decode())
