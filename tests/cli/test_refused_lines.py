"""What was refused, as lines for a lock."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs.refused_lines import lines_for, since
from reqpi.client import ReportedRefusal


class SinceTests(SynchronousTestCase):
    """What was refused before is somebody else's business."""

    def test_only_what_was_asked_for_meanwhile(self) -> None:
        """More often than before, or for the first time."""
        before = [ReportedRefusal("six", None, "", 2, None), ReportedRefusal("idna", None, "", 1, None)]
        after = [
            ReportedRefusal("idna", None, "", 1, None),
            ReportedRefusal("six", None, "", 3, None),
            ReportedRefusal("six", "six-1.0.zip", "", 1, None),
        ]
        self.assertEqual(since(before, after), after[1:])


class LineTests(SynchronousTestCase):
    """Each line can be pasted into a lock as it is."""

    def test_a_known_version_is_a_pin(self) -> None:
        """The server's suggestion."""
        self.assertEqual(lines_for([ReportedRefusal("six", None, "", 1, "six==1.17.0")]), ["six==1.17.0"])

    def test_an_unknown_version_is_a_comment(self) -> None:
        """So that the lock stays one."""
        self.assertEqual(lines_for([ReportedRefusal("six", None, "not pinned", 1, None)]), ["# six==<version>"])

    def test_a_file_of_another_version_is_explained(self) -> None:
        """The project is pinned already: a line would contradict that."""
        refusal = ReportedRefusal("six", "six-1.0.zip", "the lock pins 1.17.0", 1, None)
        self.assertEqual(lines_for([refusal]), ["# six-1.0.zip: the lock pins 1.17.0"])

    def test_each_line_once(self) -> None:
        """A project's page and its files may need the same."""
        refusals = [ReportedRefusal("six", name, "", 1, "six==1.17.0") for name in (None, "a.whl", "b.whl")]
        self.assertEqual(lines_for(refusals), ["six==1.17.0"])

    def test_the_lock_of_a_tool_wants_a_command(self) -> None:
        """A line cannot be pasted into it."""
        refusals = [
            ReportedRefusal("six", None, "", 1, "six==1.17.0"),
            ReportedRefusal("attrs", None, "", 1, None),
            ReportedRefusal("six", "six-1.0.zip", "the lock pins 1.17.0", 1, None),
        ]
        lines = ["uv add six==1.17.0", "uv add attrs", "# six-1.0.zip: the lock pins 1.17.0"]
        self.assertEqual(lines_for(refusals, "uv add"), lines)
