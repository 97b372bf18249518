"""Large files are had from the object store itself, where the operator wants that."""

from __future__ import annotations

from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from reqpi.web.routes import Root
from tests.web.case import CONTENTS, LARGEST, SDIST, WHEEL, WebCase


class LinkingStore(MemoryStore):
    """Makes URLs."""

    async def link(self, sha256: str, seconds: int) -> str:  # type: ignore[override]
        return f"https://bucket.example.org/{sha256}?for={seconds}"


class RedirectTests(WebCase):
    """Files of more than 100 bytes: the wheel, and not the sdist."""

    async def setUp(self) -> None:
        await super().setUp()
        files = FileParts.over(self.store, self.upstream, self.clock, 100)
        self.shelf = Shelf(self.store, self.upstream, self.clock, "tests", files)
        root = Root(self.services(), self.base, self.ready_answers)
        self.site.resource = root
        self.assertEqual(self.site.largest_body, LARGEST)
        await self.fetched(SDIST)
        await self.fetched(WHEEL)

    def made_store(self) -> MemoryStore:
        return LinkingStore(self.clock.seconds)

    async def fetched(self, filename: str) -> None:
        """See that it is in the store."""
        commitment = await self.shelf.commitment(self.address)
        page = await self.shelf.page(commitment, "six")
        incoming = await self.store.begin()
        await incoming.write(CONTENTS[filename])
        await incoming.keep(str(page.by_filename[filename].sha256))

    async def test_a_large_file_is_elsewhere(self) -> None:
        reply = await self.under(f"/simple/six/{WHEEL}")
        self.assertEqual((reply.status, reply.body), (307, b""))
        self.assertRegex(str(reply["Location"]), r"^https://bucket\.example\.org/[0-9a-f]{64}\?for=300$")
        self.assertEqual((reply["Cache-Control"], reply["ETag"]), ("no-store", None))

    async def test_a_small_one_is_here(self) -> None:
        reply = await self.under(f"/simple/six/{SDIST}")
        self.assertEqual((reply.status, reply.body), (200, CONTENTS[SDIST]))

    async def test_head_is_answered_here(self) -> None:
        """A signed URL is good for GET alone."""
        reply = await self.under(f"/simple/six/{WHEEL}", "HEAD")
        self.assertEqual((reply.status, reply["Content-Length"]), (200, str(len(CONTENTS[WHEEL]))))
        # And does not make it so for GET.
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 307)

    async def test_what_is_not_admitted_is_refused_and_not_elsewhere(self) -> None:
        """The attack: to get a URL for what another lock has in the store."""
        other = await self.committed("six==2.0")
        reply = await self.ask(f"/{other}/simple/six/{WHEEL}")
        self.assertEqual((reply.status, reply["Location"]), (410, None))
