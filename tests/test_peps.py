"""The table of PEPs: every test that it names exists, and every PEP that the code names has a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[1]

STATUSES = {"draft", "accepted", "final", "rejected"}

OTHERS = {257, 263, 538}
"""PEPs that the code names, and that concern neither indexes nor locks nor metadata: docstrings, text, locales."""

WITHOUT_TEST = {"807"}
"""PEPs of which ReqPI does nothing that a test could show."""


def rows() -> Iterator[list[str]]:
    """Yield the cells of each row of the page."""
    for line in (ROOT / "docs" / "peps.md").read_text("utf-8").splitlines():
        if re.match(r"\| \d", line):
            yield [cell.strip() for cell in line.strip("|").split(" |")]


def numbers(cell: str) -> list[str]:
    """Return the PEPs of a row."""
    return re.findall(r"\d+", cell.partition(":")[0])


class PepTests(SynchronousTestCase):
    """The page that says which rules hold."""

    def test_every_row_has_a_status_and_what_is_done(self) -> None:
        for pep, status, done, *_ in rows():
            self.assertIn(status, STATUSES, pep)
            self.assertTrue(done, pep)

    def test_every_test_that_a_row_names_exists(self) -> None:
        for pep, _, _, test, *_ in rows():
            if not test:
                self.assertLessEqual({*numbers(pep)}, WITHOUT_TEST)
                continue
            path, _, name = test.strip("`").partition("::")
            self.assertRegex((ROOT / path).read_text("utf-8"), rf"def {re.escape(name)}\(self\)", pep)

    def test_every_pep_that_the_code_names_has_a_row(self) -> None:
        listed = {int(number) for pep, *_ in rows() for number in numbers(pep)}
        named = {
            int(number)
            for path in (ROOT / "reqpi").rglob("*.py")
            for number in re.findall(r":pep:`(\d+)`", path.read_text("utf-8"))
        }
        self.assertEqual(named - OTHERS - listed, set())

    def test_no_pep_has_two_rows(self) -> None:
        listed = [number for pep, *_ in rows() for number in numbers(pep)]
        self.assertEqual(sorted(listed), sorted(set(listed)))
