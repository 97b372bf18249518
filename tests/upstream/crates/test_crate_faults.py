"""The rows of the fault table, for registries: whatever goes wrong, wrong bytes are never sent or kept."""

from __future__ import annotations

from attrs import frozen

from reqpi.upstream.crates import bounded
from tests.fake_upstream import faults
from tests.fake_upstream.faults import Fault
from tests.rust_sdists import WORDS
from tests.upstream.crates.case import LoopbackCase

LATER, NEVER = 503, 410
"""The statuses: cargo asks again after the first, and shows the body of the second at once."""


@frozen
class Row:
    """A fault of one file of the registry.

    :param status: of the answer to a request for a crate; :data:`NEVER` is 403 in the index.
    :param says: a part of the answer.
    """

    where: str
    fault: Fault
    status: int
    says: str = ""


ROWS = (
    Row("crate", faults.WrongBytes(), NEVER, "wrong bytes for made-words-1.0.2.crate"),
    Row("crate", faults.ShortBody(10), LATER, "made-words-1.0.2.crate"),
    Row("crate", faults.ShortChunked(10), LATER, "made-words-1.0.2.crate"),
    Row("crate", faults.ShortPlain(10), NEVER, "wrong bytes for made-words-1.0.2.crate"),
    Row("crate", faults.Changed(10), NEVER, "made-words-1.0.2.crate"),
    Row("crate", faults.Reset(), LATER, "made-words-1.0.2.crate"),
    Row("crate", faults.Reset(10), LATER, "made-words-1.0.2.crate"),
    Row("crate", faults.Endless(), NEVER, "made-words-1.0.2.crate is too long"),
    Row("crate", faults.Garbage(), NEVER, "made-words-1.0.2.crate"),
    Row("crate", faults.Status(500), LATER, "answered 500"),
    Row("crate", faults.Status(429, {"Retry-After": "1"}), LATER, "answered 429"),
    Row("crate", faults.Status(404), NEVER, "made-words-1.0.2.crate"),
    Row("crate", faults.Status(403), NEVER, "answered 403"),
    Row("crate", faults.RedirectLoop(), NEVER, "redirects too often"),
    Row("crate", faults.First(1, faults.Reset(10)), 200),
    Row("crate", faults.First(2, faults.Status(503)), 200),
    Row("crate", faults.First(1, faults.ShortChunked(10)), 200),
    Row("index", faults.Status(500), LATER, "answered 500"),
    Row("index", faults.Status(404), NEVER, "has no crate made-words 1.0.2"),
    Row("index", faults.Status(410), NEVER, "has no crate made-words 1.0.2"),
    Row("index", faults.Garbage(), NEVER, "has no crate made-words 1.0.2"),
    Row("index", faults.ShortBody(10), LATER, "made-words"),
    Row("index", faults.ShortChunked(10), LATER, "made-words"),
    Row("index", faults.ShortPlain(10), LATER, "may be incomplete"),
    Row("index", faults.Reset(), LATER, "made-words"),
    Row("index", faults.Reset(10), LATER, "made-words"),
    Row("index", faults.RedirectLoop(), NEVER, "redirects too often"),
    Row("index", faults.Encoding("br"), NEVER, "coding"),
    Row("index", faults.First(1, faults.Reset()), 200),
    Row("config", faults.Status(500), LATER, "answered 500"),
    Row("config", faults.Status(404), NEVER, "made-words-1.0.2.crate"),
    Row("config", faults.Garbage(), NEVER, "the configuration of"),
    Row("config", faults.Reset(), LATER, "made-words-1.0.2.crate"),
    Row("config", faults.First(1, faults.Reset()), 200),
)


class FaultTests(LoopbackCase):
    """Each row, asked for the crate, whose answer needs all three files."""

    async def test_each_fault_is_answered_in_words_and_leaves_nothing(self) -> None:
        self.patch(bounded, "LARGEST", 1 << 20)
        for number, row in enumerate(ROWS):
            self.address = await self.committed("shout==1.0", f"# {number}")
            self.registry.fail(row.where, row.fault)
            self.restart()
            reply = await self.take(WORDS)
            self.registry.heal(row.where)
            self.assertEqual(reply.status, row.status, (row, reply))
            if row.status == 200:
                self.assertEqual(reply.body, WORDS.content, row)
                await self.store.remove(WORDS.sha256, float("inf"))
                continue
            self.assertIn(row.says, reply.body.decode(), row)
            self.assertIn(b"made-words", reply.body[:512], row)
            self.assertIsNone(await self.store.size(WORDS.sha256), row)
            self.restart()
            self.assertEqual((await self.take(WORDS)).body, WORDS.content, row)
            await self.store.remove(WORDS.sha256, float("inf"))
