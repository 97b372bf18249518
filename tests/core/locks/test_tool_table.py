"""Every lock of poetry, pdm, pipenv and pex in the table is read as the table says."""

from __future__ import annotations

from packaging.requirements import Requirement
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.locks.tools import pdm, pex, pipfile, poetry
from reqpi.core.model import Pin
from reqpi.core.report import Note
from tests.core.locks.tool_locks import Row
from tests.core.locks.tool_table import ACCEPTED, REFUSED

READERS = {"poetry": poetry.read, "pdm": pdm.read, "pipfile": pipfile.read, "pex": pex.read}


def read(row: Row) -> tuple[tuple[Pin, ...], tuple[Note, ...]]:
    """The pins and notes of a document."""
    form, document = row
    findings = Findings(physical_lines(document.decode("utf-8-sig", "replace")))
    pins = READERS[form](document, findings)
    return pins, findings.conclude()


class ToolTableTests(SynchronousTestCase):
    """Accepted and rejected documents, and the rules by which they are rejected."""

    def test_accepted_documents_have_these_pins(self) -> None:
        """Each document of the first half is a lock, with these pins and no others."""
        for row, expected in ACCEPTED.items():
            try:
                pins, _ = read(row)
            except BrokenLock as broken:
                self.fail(f"{row!r}: {broken.defects}")
            self.assertEqual(" | ".join(map(spelled, pins)), expected, row)

    def test_refused_documents_have_these_defects(self) -> None:
        """Each document of the second half breaks these rules, on these lines, and no others."""
        for row, rules in REFUSED.items():
            broken = self.assertRaises(BrokenLock, read, row)
            found = ", ".join(f"{defect.line} {defect.rule}" for defect in broken.defects)
            self.assertEqual(found, rules, row[1][:300])

    def test_every_defect_says_what_and_what_to_do(self) -> None:
        """No placeholder is left empty, no text is too long for a terminal, and nothing in it moves the cursor."""
        for row in REFUSED:
            for defect in self.assertRaises(BrokenLock, read, row).defects:
                for words in (defect.problem, defect.advice):
                    self.assertTrue(8 < len(words) < 300, words)
                    self.assertNotRegex(words, r"``|  |^ |\.$", row)
                self.assertTrue((defect.text + defect.problem).replace("\t", "").isprintable(), defect)

    def test_no_defect_tells_a_password(self) -> None:
        """Neither its words nor the line that it shows."""
        secret = [row for row in REFUSED if b":secret@" in row[1] and row[0] != "pipfile"]
        self.assertGreater(len(secret), 3)
        for row in secret:
            self.assertNotIn("secret", str(self.assertRaises(BrokenLock, read, row).defects), row)

    def test_pins_say_what_their_text_says(self) -> None:
        """An exporter takes the text as it is: packaging reads in it what the pin says."""
        for row in ACCEPTED:
            for pin in read(row)[0]:
                theirs = Requirement(pin.text)
                self.assertEqual((theirs.name, tuple(sorted(theirs.extras))), (pin.project, pin.extras))
                self.assertEqual((bool(theirs.marker), bool(theirs.url)), (bool(pin.marker), bool(pin.source)))
                if not pin.source:
                    self.assertEqual(str(theirs.specifier), f"=={pin.version}")


def spelled(pin: Pin) -> str:
    """A pin in the table's words."""
    digests = f" ({len(pin.digests)})" if pin.digests else ""
    index = "".join(f" <{url}>" for url in pin.indexes)
    return f"{pin.text}{digests}{index} @{pin.line}-{pin.last_line}"
