"""Every document of the table is read as the table says."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read, read_together
from reqpi.core.model import Archive, Pin
from reqpi.core.report import Document
from tests.core.locks import table, table_defects, table_sources, table_together

ACCEPTED = table.ACCEPTED | table_sources.ACCEPTED
REFUSED = table_defects.REFUSED | table_sources.REFUSED


class TableTests(SynchronousTestCase):
    """Documents that are accepted, and documents that are rejected with the rule."""

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
        broken = [self.assertRaises(BrokenLock, read, document) for document in REFUSED]
        broken += [self.assertRaises(BrokenLock, read_together, _documents(each)) for each in table_together.REFUSED]
        for defect in (defect for each in broken for defect in each.defects):
            for words in (defect.problem, defect.advice):
                self.assertTrue(8 < len(words) < 300, words)
                self.assertNotRegex(words, r"``|  |^ |^[A-Z][a-z]|[{}].*[{}].*[{}]|\.$", defect)
            self.assertLessEqual(len(defect.text), 1300)
            self.assertTrue((defect.text + defect.problem).replace("\t", "").isprintable(), defect)
            self.assertNotIn("secret", f"{defect}")

    def test_there_are_enough_of_them(self) -> None:
        """The table is the specification by example."""
        together = len(table_together.ACCEPTED) + len(table_together.REFUSED)
        self.assertGreater(len(ACCEPTED) + len(REFUSED) + together, 400)
        self.assertFalse(
            (set(table.ACCEPTED) | set(table_defects.REFUSED))
            & (set(table_sources.ACCEPTED) | set(table_sources.REFUSED))
        )


class TogetherTests(SynchronousTestCase):
    """Documents that are committed together: what they say, and what is wrong with them."""

    def test_accepted_commitments_have_these_pins(self) -> None:
        """In order of the documents, and then of their lines."""
        for documents, pins in table_together.ACCEPTED.items():
            try:
                lock = read_together(_documents(documents))
            except BrokenLock as broken:
                self.fail(f"{documents!r}: {broken.defects}")
            self.assertEqual(" | ".join(map(spelled, lock.pins)), pins, documents)

    def test_refused_commitments_have_these_defects(self) -> None:
        """Those of all documents together."""
        for documents, rules in table_together.REFUSED.items():
            broken = self.assertRaises(BrokenLock, read_together, _documents(documents))
            found = ", ".join(f"{defect.document}:{defect.line} {defect.rule}" for defect in broken.defects)
            self.assertEqual(found, rules, documents)


def _documents(rows: tuple[tuple[str, bytes], ...]) -> list[Document]:
    return [Document(path, data) for path, data in rows]


def spelled(pin: Pin) -> str:
    """A pin in the tables' words."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    marker = f" ; {pin.marker}" if pin.marker else ""
    held = pin.source.digests if isinstance(pin.source, Archive) else pin.digests
    digests = f" ({len(held)})" if held else ""
    indexes = f" from {', '.join(index or 'default' for index in pin.indexes)}" if pin.indexes else ""
    kinds = {(True, True): "", (True, False): " wheels", (False, True): " sdists"}[pin.wheels, pin.sdists]
    where = f"{pin.document}:" if pin.document else ""
    return f"{pin.project}{extras}{_version(pin)}{marker}{digests}{indexes}{kinds} @{where}{pin.line}-{pin.last_line}"


def _version(pin: Pin) -> str:
    if pin.source is None:
        return f"{'===' if pin.arbitrary else '=='}{pin.version}"
    within = f" in {pin.source.subdirectory}" if pin.source.subdirectory else ""
    version = f" =={pin.version}" if pin.version else ""
    if isinstance(pin.source, Archive):
        return f" @ {pin.source.url}{within}{version}"
    submodules = " with submodules" if pin.source.submodules else ""
    return f" @ git {pin.source.url} {pin.source.commit[:4]}…{len(pin.source.commit)}{within}{submodules}"
