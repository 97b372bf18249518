"""An upstream whose core metadata is made to cost the check of requirements time, or to mislead it."""

from __future__ import annotations

from reqpi.core.closed import checking
from tests.shelf.test_closed import ClosedCase


class RequirementTests(ClosedCase):
    """The report is made, and says what it did not read."""

    async def test_markers_that_are_nested_too_deeply(self) -> None:
        """The parser of markers recurses, and would end with the interpreter's own error."""
        nested = f"{'(' * 900}os_name == 'posix'{')' * 900}"
        self.wheel("a", "1", [f"b ; {nested}", "c"])
        report = await self.report("a==1")
        self.assertEqual([each.requirement for each in report.unmet], ["c"])
        self.assertEqual(len(report.unknown), 1)

    async def test_more_different_markers_than_are_read(self) -> None:
        """Each of them would be parsed."""
        text = " and ".join(["os_name != 'x'"] * 90)
        self.wheel("a", "1", [f"b{number} ; {text} and os_name == 'y{number}'" for number in range(700)])
        report = await self.report("a==1", platform="win_amd64", python_version="3.11")
        self.assertTrue(any("together longer" in each for each in report.unknown), report.unknown[:2])

    async def test_more_work_than_one_report_is_worth(self) -> None:
        """The report says that it is incomplete, so the lock is not called closed."""
        self.patch(checking, "_EFFORT", 1000)
        self.wheel("a", "1", [f"b{number} ; os_name == 'y{number}'" for number in range(100)])
        report = await self.report("a==1")
        self.assertEqual((report.closed, len(report.environments)), (False, 1))
        self.assertIn("too much work", report.troubles[0])

    async def test_extras_that_lead_back_to_each_other(self) -> None:
        self.wheel("a", "1", ["b[x]", "a[y] ; extra == 'x'", "a[x] ; extra == 'y'", "c ; extra == 'y'"])
        self.wheel("b", "1", ["a[x] ; extra == 'x'"])
        self.assertEqual(await self.unmet("a==1", "b==1"), ["a[y] 1 requires c: not pinned"])

    async def test_text_that_a_terminal_obeys(self) -> None:
        """A requirement with it is not valid, so it is quoted and escaped."""
        self.wheel("a", "1", ["b>=1\x1b[2J"])
        report = await self.report("a==1")
        self.assertEqual(report.unmet, ())
        self.assertEqual(len(report.unknown), 1)
        self.assertTrue(report.unknown[0].isprintable())
