"""An upstream whose ``.metadata`` differs from the wheel, under the right digest on its page."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import cast

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Store
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_upstream import build_wheel, core_metadata
from tests.web.case import WebCase
from tests.web.wire import Reply

WHEEL = build_wheel("lib", "1.0", ["six==1.0"])
NAME = "lib-1.0-py3-none-any.whl"
TRUE = core_metadata("lib", "1.0", ["six==1.0"])
CLAIMED = core_metadata("lib", "1.0", ["evil==6.6.6"])
JSON = "application/vnd.pypi.simple.v1+json"


class _LateStore:
    """A store whose names come once :attr:`late` has fired, or not at all while it is away."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.late: Deferred[None] = Deferred()
        self.away = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        if self.away:
            raise StoreTrouble("the store is away")
        await self.late
        async for name in self._store.names(prefix):
            yield name


class MetadataCase(WebCase):
    """The upstream promises other requirements than the wheel has; a server pins the wheel by its digest."""

    async def setUp(self) -> None:
        await super().setUp()
        self.clock.advance(1_000_000)
        self.offered(CLAIMED)
        digest = digest_of(WHEEL).hex
        self.address = await self.committed(f"lib==1.0 --hash=sha256:{digest}")
        self.errors: list[str] = []
        globalLogPublisher.addObserver(self._log)
        self.addCleanup(globalLogPublisher.removeObserver, self._log)

    def _log(self, event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("reqpi.shelf.files.metadata"):
            self.errors.append(str(formatEvent(event)))

    def offered(self, metadata: bytes) -> None:
        file = a_file(NAME, WHEEL, project="lib", size=len(WHEEL), core_metadata=digest_of(metadata))
        self.upstream.offer(a_page(file, project="lib"), WHEEL)
        self.upstream.files[f"{file.url}.metadata"] = metadata

    async def page(self) -> Reply:
        return await self.under("/simple/lib/", Accept=JSON)

    async def promised(self) -> object:
        return json.loads((await self.page()).body)["files"][0]["core-metadata"]

    async def metadata(self) -> Reply:
        return await self.under(f"/simple/lib/{NAME}.metadata")

    async def wheel(self) -> None:
        self.assertEqual((await self.under(f"/simple/lib/{NAME}")).body, WHEEL)
        await self.clock_passes()

    async def clock_passes(self) -> None:
        for _ in range(5):
            await self.turn()


class DifferenceTests(MetadataCase):
    """The claim is believed until the wheel is here, and then never again."""

    async def test_a_claim_is_not_cached_forever(self) -> None:
        """pip keeps what is immutable, and would resolve from the wrong metadata after the server knows better."""
        reply = await self.metadata()
        self.assertEqual((reply.body, reply["Cache-Control"]), (CLAIMED, "no-cache"))

    async def test_the_metadata_of_the_wheel_is_served_once_it_is_here(self) -> None:
        await self.metadata()
        await self.wheel()
        reply = await self.metadata()
        self.assertEqual(reply.body, TRUE)
        self.assertIn("immutable", reply["Cache-Control"] or "")

    async def test_the_page_does_not_promise_the_wrong_digest_again(self) -> None:
        """Neither from memory, nor as a ready answer, nor after a restart."""
        for _ in range(3):
            self.assertEqual(await self.promised(), {"sha256": sha256(CLAIMED).hexdigest()})
        await self.wheel()
        await self.metadata()
        for _ in range(3):
            self.assertEqual(await self.promised(), True)
        shelf = Shelf(self.store, self.upstream, self.clock, "another")
        page = await shelf.page(await shelf.commitment(self.address), "lib")
        self.assertEqual(page.files[0].core_metadata, True)

    async def test_another_process_learns_of_it(self) -> None:
        files = FileParts.over(self.store, self.upstream, self.clock)
        other = Shelf(self.store, self.upstream, self.clock, "another", files)
        forgotten: list[int] = []
        other.on_metadata_difference(lambda: forgotten.append(1))
        commitment = await other.commitment(self.address)
        await other.page(commitment, "lib")
        await self.wheel()
        await self.metadata()
        self.clock.advance(60)
        self.assertEqual((await other.page(commitment, "lib")).files[0].core_metadata, True)
        self.assertEqual(forgotten, [1])

    async def test_no_page_of_a_burst_after_a_restart_promises_it(self) -> None:
        """Installers ask for dozens of pages at once, and the store answers none of them before the others came."""
        await self.wheel()
        await self.metadata()
        store = _LateStore(self.store)
        shelf = Shelf(cast(Store, store), self.upstream, self.clock, "another")
        commitment = await shelf.commitment(self.address)
        pages = [ensureDeferred(shelf.page(commitment, "lib")) for _ in range(3)]
        store.late.callback(None)
        for page in pages:
            self.assertEqual((await page).files[0].core_metadata, True)

    async def test_a_page_in_memory_is_served_while_the_store_is_away(self) -> None:
        """An honest store that fails: the page is known, and so is what it must not promise."""
        store = _LateStore(self.store)
        store.late.callback(None)
        shelf = Shelf(cast(Store, store), self.upstream, self.clock, "another")
        commitment = await shelf.commitment(self.address)
        page = await shelf.page(commitment, "lib")
        store.away = True
        self.clock.advance(60)
        self.assertEqual(await shelf.page(commitment, "lib"), page)

    async def test_without_the_store_no_page_promises_anything(self) -> None:
        """The store fails after a restart: a page without this knowledge would promise the wrong digest."""
        store = _LateStore(self.store)
        store.away = True
        shelf = Shelf(cast(Store, store), self.upstream, self.clock, "another")
        commitment = await shelf.commitment(self.address)
        for _ in range(2):
            with self.assertRaises(StoreTrouble):
                await shelf.page(commitment, "lib")

    async def test_it_is_reported_once(self) -> None:
        await self.wheel()
        for _ in range(3):
            await self.metadata()
        self.assertEqual(len(self.errors), 1)
        self.assertIn(NAME, self.errors[0])

    async def test_held_names_the_wheel(self) -> None:
        await self.wheel()
        held = json.loads((await self.under("/held")).body)
        self.assertEqual(held["differing_metadata"], [NAME])

    async def test_another_address_gets_the_metadata_of_the_wheel(self) -> None:
        """The upstream lies to an address that is committed when the wheel has long been here."""
        await self.wheel()
        await self.metadata()
        self.address = await self.committed("lib==1.0")
        self.assertEqual(await self.promised(), True)
        self.assertEqual((await self.metadata()).body, TRUE)

    async def test_a_sweep_keeps_the_metadata_of_the_wheel(self) -> None:
        await self.wheel()
        await self.metadata()
        self.clock.advance(7200)
        await self.under()
        await Sweep(self.store, self.clock, 3600.0).run()
        self.upstream.files.clear()
        self.assertEqual((await self.metadata()).body, TRUE)

    async def test_a_right_promise_stays(self) -> None:
        self.offered(TRUE)
        self.address = await self.committed("lib===1.0")
        await self.wheel()
        await self.metadata()
        self.assertEqual(await self.promised(), {"sha256": sha256(TRUE).hexdigest()})
        self.assertEqual(self.errors, [])


class SbomTests(MetadataCase):
    """An SBOM is final if its facts were read from verified wheels."""

    async def test_an_sbom_from_claims_is_not_final(self) -> None:
        reply = await self.under("/sbom.cdx.json")
        self.assertEqual((reply.status, reply["Cache-Control"]), (200, "no-store"))
        self.assertEqual([name async for name in self.store.names("bills/")], [])

    async def test_an_sbom_from_wheels_is_final(self) -> None:
        await self.wheel()
        reply = await self.under("/sbom.cdx.json")
        self.assertIn("immutable", reply["Cache-Control"] or "")
        self.assertEqual(len([name async for name in self.store.names("bills/")]), 1)
