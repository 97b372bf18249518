"""What :mod:`reqpi.core.interfaces` promises of a store, as tests that every store runs."""

from __future__ import annotations

from tests.contracts.blobs import BlobsContract
from tests.contracts.case import MEBIBYTE, SetClock, StoreCase, gathered, incoming, kept
from tests.contracts.records import RecordsContract
from tests.contracts.writing import ClaimContract, IncomingContract

__all__ = ["MEBIBYTE", "SetClock", "StoreCase", "StoreContract", "gathered", "incoming", "kept"]


class StoreContract(IncomingContract, ClaimContract, BlobsContract, RecordsContract):
    """What :class:`reqpi.core.interfaces.Store` promises."""

    async def test_closed_and_opened_it_holds_what_it_held(self) -> None:
        """Blobs and records are at rest between openings; what was not kept is gone."""
        name = await kept(self.store, b"bytes")
        await self.store.create("locks/a", b"value")
        await (await incoming(self.store, b"unkept")).discard()
        await self.store.close()
        self.store.open()
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])
        self.assertEqual(await self.store.get("locks/a"), b"value")
        self.assertEqual(await gathered(self.store.all()), [name])
