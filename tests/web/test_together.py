"""Several documents, committed together."""

from __future__ import annotations

import json

from reqpi.core.address import address_of, listing_of
from reqpi.core.report import Defect, Document
from tests.web.case import WebCase

DOCUMENTS = (
    Document("requirements.txt", b"-r sub/more.txt\nsix==1.0\n"),
    Document("sub/more.txt", b"six==1.0\n"),
)


def form(*documents: Document) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="document"; filename="%s"\r\n\r\n%s\r\n'
        % (document.path.encode(), document.data)
        for document in documents
    ]
    return b"".join([*parts, b"--x--\r\n"])


class Together(WebCase):
    """``POST /locks`` with several files commits to their listing."""

    async def post(self, *documents: Document, status: int) -> dict[str, object]:
        reply = await self.ask("/locks", "POST", form(*documents), Content_Type="multipart/form-data; boundary=x")
        self.assertEqual(reply.status, status, reply)
        document: dict[str, object] = json.loads(reply.body)
        return document

    async def test_the_address_is_that_of_the_listing(self) -> None:
        """What sha256sum prints of the files, through sha256sum again."""
        address = address_of(listing_of(DOCUMENTS))
        for status in (201, 200):
            self.assertEqual((await self.post(*DOCUMENTS, status=status))["address"], address)

    async def test_each_document_comes_back_as_it_was(self) -> None:
        """And the listing."""
        address = (await self.post(*DOCUMENTS, status=201))["address"]
        self.assertEqual((await self.ask(f"/{address}/lock")).body, listing_of(DOCUMENTS))
        for document in DOCUMENTS:
            self.assertEqual((await self.ask(f"/{address}/lock/{document.path}")).body, document.data)
        self.assert_problem(await self.ask(f"/{address}/lock/other.txt"), 404, "no such document")

    async def test_the_order_makes_another_address(self) -> None:
        """As it does for sha256sum."""
        there = (await self.post(*DOCUMENTS, status=201))["address"]
        back = (await self.post(*reversed(DOCUMENTS), status=201))["address"]
        self.assertNotEqual(there, back)

    async def test_a_document_that_is_named_and_not_there_is_a_defect(self) -> None:
        """It says in which document, and where."""
        answer = await self.post(DOCUMENTS[0], status=422)
        (defect,) = answer["defects"]  # type: ignore[misc, attr-defined]
        self.assertEqual((defect["document"], defect["line"]), ("requirements.txt", 1))

    async def test_nothing_is_kept_of_documents_with_defects(self) -> None:
        """Not even those that have none."""
        await self.post(DOCUMENTS[0], Document("sub/more.txt", b"six>=2.0\n"), status=422)
        self.assertEqual([name async for name in self.store.names("documents/")], [])

    async def test_what_the_operator_does_not_allow_is_a_defect(self) -> None:
        """It is found out when the lock is committed, and not in the middle of a build."""
        self.upstream.refused = (Defect(1, "six==1.0", "no such index", "name another"),)
        answer = await self.post(*DOCUMENTS, status=422)
        self.assertEqual([defect["problem"] for defect in answer["defects"]], ["no such index"])  # type: ignore[attr-defined]
