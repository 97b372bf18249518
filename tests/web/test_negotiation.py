"""Which form of a page each client gets, and in which coding."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from tests.web.case import SDIST, WHEEL, WebCase

JSON = "application/vnd.pypi.simple.v1+json"

CLIENTS = {
    "pip 20.3": ("text/html", "text/html; charset=utf-8"),
    "pip 26": (f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", JSON),
    "uv": (f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", JSON),
    "pex": ("text/html", "text/html; charset=utf-8"),
    "a browser": ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
    "curl": ("*/*", "text/html; charset=utf-8"),
}


class Forms(WebCase):
    async def test_each_client_gets_the_form_it_wants(self) -> None:
        """By the Accept header that each was seen to send."""
        for path in ("/simple/", "/simple/six/"):
            for client, (accept, content_type) in CLIENTS.items():
                reply = await self.under(path, Accept=accept)
                self.assertEqual(reply["Content-Type"], content_type, client)
                self.assertEqual(reply["Vary"], "Accept, Accept-Encoding")

    async def test_no_accept_header_means_html(self) -> None:
        """Nor is a form that nobody has an error."""
        self.assertEqual((await self.under("/simple/six/"))["Content-Type"], "text/html; charset=utf-8")
        reply = await self.under("/simple/six/", Accept="image/png")
        self.assertEqual((reply.status, reply["Content-Type"]), (200, "text/html; charset=utf-8"))


class Reference(WebCase):
    """docs/reference/http says which content types are answered."""

    async def setUp(self) -> None:
        await super().setUp()
        self.reference = (Path(__file__).parents[2] / "docs" / "reference" / "http.md").read_text("utf-8")

    def table(self, head: str) -> list[list[str]]:
        """The rows under a table's head."""
        rows = self.reference.partition(f"{head}\n")[2].partition("\n\n")[0].splitlines()[1:]
        self.assertTrue(rows, head)
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    async def test_each_accept_of_the_table_is_answered_as_it_says(self) -> None:
        """Each type that the first column names, sent alone."""
        rows = self.table("| `Accept` | `Content-Type` of the response |")
        asked = [(accept, answered) for first, answered in rows for accept in re.findall("`([^`]+)`", first)]
        self.assertIn("application/vnd.pypi.simple.latest+html", dict(asked))
        for accept, answered in asked:
            for path in ("/simple/", "/simple/six/"):
                reply = await self.under(path, Accept=accept)
                self.assertEqual(f"`{reply['Content-Type']}`", answered, (path, accept))

    async def test_each_export_has_the_type_of_the_table(self) -> None:
        """The first column names what stands after the address."""
        rows = self.table("| response | `Content-Type` |")
        named = [(path, answered) for first, answered in rows for path in re.findall("`([^`]+)`", first)]
        paths = [(path, answered) for path, answered in named if "/" not in path]
        self.assertIn("held", dict(paths))
        # A lock of another format has the first two, and a feature the last: see tests/web/test_{rewritten,drift}.py.
        elsewhere = ("uv.lock", "pdm.lock", "drift")
        paths = [(path, answered) for path, answered in paths if path not in elsewhere]
        await self.under(f"/simple/six/{SDIST}")  # the wheelhouse is made of what is in the store
        for path, answered in paths:
            reply = await self.under(f"/{path}{'?no-binary=:all:' if path == 'wheelhouse.tar' else ''}")
            self.assertEqual((reply.status, f"`{reply['Content-Type']}`"), (200, answered.partition(" (")[0]), path)


class Codings(WebCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.address = await self.committed_to_many(50)

    async def test_pages_go_out_in_gzip_to_those_who_take_it(self) -> None:
        """It is the same text, in a fraction of the bytes."""
        plain = await self.under("/simple/many/")
        packed = await self.under("/simple/many/", Accept_Encoding="gzip, deflate, br, zstd")
        self.assertEqual((plain["Content-Encoding"], packed["Content-Encoding"]), (None, "gzip"))
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertLess(len(packed.body), len(plain.body) / 2)

    async def test_nobody_gets_gzip_who_does_not_take_it(self) -> None:
        """A weight of nothing is a refusal, and what names gzip counts more than what does not."""
        refusing = (
            "",
            "identity",
            "gzip;q=0",
            "gzip; q=0.000",
            "br",
            "*;q=0",
            "gzip;q=0, *",
            "*, gzip;q=0",
            "x-gzipped",
        )
        taking = ("gzip", "GZIP", "gzip;q=0.001", "*", "br, gzip", "deflate,gzip ;q=0.5", "*;q=0, gzip")
        for accepted, coding in [(header, None) for header in refusing] + [(header, "gzip") for header in taking]:
            reply = await self.under("/simple/many/", Accept_Encoding=accepted)
            self.assertEqual(reply["Content-Encoding"], coding, accepted)

    async def test_files_are_never_encoded(self) -> None:
        """Their digest is that of the bytes on the wire, and a range of them must mean what it says."""
        for path in (f"/simple/six/{WHEEL}", f"/simple/six/{SDIST}", "/lock", "/requirements.txt"):
            reply = await self.under(path, Accept_Encoding="gzip")
            self.assertEqual((reply.status, reply["Content-Encoding"], reply["Vary"]), (200, None, None), path)
