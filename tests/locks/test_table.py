"""Every document of the table is read as the table says."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.errors import BrokenLock
from reqpi.locks import read
from reqpi.model import Pin
from tests.locks.table import ACCEPTED, REFUSED


class TableTests(SynchronousTestCase):
    """What is accepted, what is refused, and by which rule."""

    def test_accepted_documents_have_these_pins(self) -> None:
        """Each document of the first half is a lock, with these pins and no others."""
        for document, pins in ACCEPTED.items():
            try:
                lock = read(document)
            except BrokenLock as broken:
                self.fail(f"{document!r}: {broken.defects}")
            self.assertEqual(" | ".join(map(spelled, lock.pins)), pins, document)
            self.assertEqual((lock.document, lock.format), (document, "requirements.txt"))

    def test_refused_documents_have_these_defects(self) -> None:
        """Each document of the second half breaks these rules, on these lines, and no others."""
        for document, rules in REFUSED.items():
            broken = self.assertRaises(BrokenLock, read, document)
            found = ", ".join(f"{defect.line} {defect.rule}" for defect in broken.defects)
            self.assertEqual(found, rules, document[:300])

    def test_every_defect_says_what_and_what_to_do(self) -> None:
        """No placeholder is left empty, no text is too long for a terminal, and nothing in it moves the cursor."""
        for document in REFUSED:
            for defect in self.assertRaises(BrokenLock, read, document).defects:
                for words in (defect.problem, defect.advice):
                    self.assertTrue(8 < len(words) < 300, words)
                    self.assertNotRegex(words, r"``|  |^ |^[A-Z][a-z]|[{}].*[{}].*[{}]|\.$", document[:300])
                self.assertLessEqual(len(defect.text), 1300)
                self.assertTrue((defect.text + defect.problem).replace("\t", "").isprintable(), defect)

    def test_there_are_enough_of_them(self) -> None:
        """The table is the specification by example."""
        self.assertGreater(len(ACCEPTED) + len(REFUSED), 150)


def spelled(pin: Pin) -> str:
    """A pin in the table's words."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    marker = f" ; {pin.marker}" if pin.marker else ""
    digests = f" ({len(pin.digests)})" if pin.digests else ""
    operator = "===" if pin.arbitrary else "=="
    return f"{pin.project}{extras}{operator}{pin.version}{marker}{digests} @{pin.line}-{pin.last_line}"
