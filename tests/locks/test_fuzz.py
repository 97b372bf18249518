"""Any bytes end in a lock or in defects."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.errors import BrokenLock
from reqpi.locks import read
from tests.locks.documents import HOSTILE, LOCK
from tests.locks.table import ACCEPTED, REFUSED

SEEDS = sorted([*ACCEPTED, *(document for document in REFUSED if len(document) < 2000), LOCK])


class FuzzTests(SynchronousTestCase):
    """No input is answered with anything else, and what is accepted reads the same when only its pins are left."""

    def check(self, document: bytes) -> None:
        """Read it, and hold what comes to what is promised."""
        try:
            lock = read(document)
        except BrokenLock as broken:
            self.assertTrue(broken.defects)
            for defect in broken.defects:
                self.assertTrue(defect.problem and defect.advice)
                "".join((defect.text, defect.problem, defect.advice)).encode()
            return
        again = read("\n".join(pin.text for pin in lock.pins).encode("ascii"))
        plain = [(pin.project, pin.version, pin.arbitrary, pin.extras, pin.marker) for pin in lock.pins]
        self.assertEqual(
            [(pin.project, pin.version, pin.arbitrary, pin.extras, pin.marker) for pin in again.pins], plain
        )
        ends = [0, *(pin.last_line for pin in lock.pins)]
        self.assertTrue(all(end < pin.line <= pin.last_line for end, pin in zip(ends, lock.pins, strict=False)))

    @given(st.binary(max_size=300))
    def test_any_bytes(self, document: bytes) -> None:
        """Bytes with no sense at all."""
        self.check(document)

    @given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1"]))
    def test_any_text(self, text: str, codec: str) -> None:
        """Text with no sense at all."""
        self.check(text.encode(codec, "replace"))

    @settings(max_examples=300)
    @given(
        st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3),
        st.lists(st.tuples(st.floats(0, 1), st.sampled_from(HOSTILE)), max_size=4),
    )
    def test_documents_with_damage(self, parts: list[bytes], damage: list[tuple[float, bytes]]) -> None:
        """Documents that make sense, joined, with hostile pieces put in."""
        document = b"\n".join(parts)
        for where, piece in damage:
            at = int(where * len(document))
            document = document[:at] + piece + document[at:]
        self.check(document)
