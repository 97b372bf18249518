"""Provenance objects through HTTP: the page of an address links to them, and they are next to their files."""

from __future__ import annotations

import json

from reqpi.core.receipts.reading import read_receipt
from reqpi.shelf.runs import Runs
from reqpi.web.routes import Root
from tests.attested import SDIST, WHEEL, offer
from tests.web.case import WebCase

JSON = "application/vnd.pypi.simple.v1+json"
OBJECT = f"/{SDIST.path}.provenance"


class ProvenanceTests(WebCase):
    """A server of which the address pins two files with provenance objects, and six without."""

    async def setUp(self) -> None:
        await super().setUp()
        offer(self.upstream, SDIST, WHEEL)
        pins = (f"{SDIST.project}==0.0.19", f"{WHEEL.project}==0.0.1.dev137", "six==1.0")
        self.address = await self.committed(*pins)

    def made_root(self) -> Root:
        return Root(self.services(), self.base, self.ready_answers, runs=Runs(self.store, self.clock, "tests"))

    async def test_no_link_of_a_page_leaves_the_address(self) -> None:
        """Neither in JSON nor in HTML, with or without a slash at its end."""
        for slash, prefix in (("/", ""), ("", f"{SDIST.project}/")):
            reply = await self.under(f"/simple/{SDIST.project}{slash}", Accept=JSON)
            document = json.loads(reply.body)
            self.assertEqual(document["files"][0]["provenance"], f"{prefix}{SDIST.filename}.provenance")
            self.assertEqual(document["meta"]["api-version"], "1.3")
            html = await self.under(f"/simple/{SDIST.project}{slash}", Accept="text/html")
            self.assertIn(f'data-provenance="{prefix}{SDIST.filename}.provenance"'.encode(), html.body)
            self.assertNotIn(b"index.example.org/integrity", reply.body + html.body)

    async def test_a_file_without_one_has_no_link(self) -> None:
        document = json.loads((await self.under("/simple/six/", Accept=JSON)).body)
        self.assertFalse([each for each in document["files"] if "provenance" in each])
        reply = await self.under("/simple/six/six-1.0.tar.gz.provenance")
        self.assertEqual((reply.status, json.loads(reply.body)["title"]), (404, "six-1.0.tar.gz has no provenance"))

    async def test_it_is_the_upstreams_byte_for_byte_and_never_changes(self) -> None:
        reply = await self.under(OBJECT)
        self.assertEqual((reply.status, reply.body), (200, SDIST.provenance))
        self.assertEqual(reply["Content-Type"], "application/vnd.pypi.integrity.v1+json")
        self.assertIn("immutable", str(reply["Cache-Control"]))
        self.upstream.files.clear()
        self.assertEqual((await self.under(OBJECT)).body, SDIST.provenance)

    async def test_that_of_a_file_that_is_not_admitted_is_refused(self) -> None:
        self.assertEqual((await self.under(OBJECT.replace("0.0.19", "0.0.18"))).status, 410)
        refused = json.loads((await self.under("/refused")).body)
        self.assertIn("pypi_attestations-0.0.18.tar.gz", json.dumps(refused))

    async def test_that_of_a_denied_file_is_refused(self) -> None:
        await self.shelf.denials.deny(SDIST.project, "it mines coins", "operator")
        self.assertEqual((await self.under(OBJECT)).status, 410)

    async def test_one_that_was_not_kept_is_not_there_when_the_upstream_has_it_no_more(self) -> None:
        await self.under(f"/simple/{SDIST.project}/")
        self.upstream.files.clear()
        self.assertEqual((await self.under(OBJECT)).status, 503)

    async def test_one_that_is_about_another_file_is_the_upstreams_fault(self) -> None:
        self.upstream.files[str(SDIST.file.provenance)] = WHEEL.provenance
        reply = await self.under(OBJECT)
        self.assertEqual(reply.status, 503)
        self.assertIn("not about", json.loads(reply.body)["detail"])

    async def test_a_run_records_it(self) -> None:
        begun = json.loads((await self.ask(f"/{self.address}/runs", "POST", b"")).body)
        run = f"/runs/{begun['token']}"
        self.assertEqual((await self.ask(f"{run}{OBJECT}")).body, SDIST.provenance)
        receipt = read_receipt((await self.ask(f"{run}/receipt")).body)
        (taken,) = receipt.taken
        self.assertEqual((taken.kind, taken.filename), ("provenance", f"{SDIST.filename}.provenance"))
        self.assertEqual((taken.size, taken.url), (len(SDIST.provenance), SDIST.file.provenance))
