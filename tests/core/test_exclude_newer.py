"""``--exclude-newer``: what is a moment, and what was uploaded before it."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.exclude_newer import BadExcludeNewer, before, has_no_times, read_exclude_newer
from tests.distributions import a_file, a_page

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

MOMENTS = {
    "2026-11-01": "2026-11-02T00:00:00Z",
    "2026-11-01T10:00:00Z": "2026-11-01T10:00:00Z",
    "2026-11-01t10:00:00z": "2026-11-01T10:00:00Z",
    "2026-11-01T10:00:00+02:00": "2026-11-01T08:00:00Z",
    "2026-11-01T10:00:00.5Z": "2026-11-01T10:00:00.5Z",
    " 30 days ": "2026-10-27T12:00:00Z",
    "1 week": "2026-11-19T12:00:00Z",
    "1 week ago": "2026-11-19T12:00:00Z",
    "2w 3d": "2026-11-09T12:00:00Z",
    "1 day, 12 hours": "2026-11-25T00:00:00Z",
    "24 HOURS": "2026-11-25T12:00:00Z",
    "90 minutes 30 sec": "2026-11-26T10:29:30Z",
    "P30D": "2026-10-27T12:00:00Z",
    "PT24H": "2026-11-25T12:00:00Z",
    "p1wt1h": "2026-11-19T11:00:00Z",
    "PT90S": "2026-11-26T11:58:30Z",
}

NONSENSE = (
    *(
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-11-01T10:00:00",
        "2026-11-01T25:00:00Z",
        "20261101",
        "1.5 days",
    ),
    *("1 month", "P1M", "P1Y", "P", "PT", "-1 day", "1 day 2 days", "days", "5", "9999999999 days", "999999999 weeks"),
    *("0000-01-01", "9999-12-31", "1 day " * 100, "\u0663 days"),
)


class ReadingTests(SynchronousTestCase):
    def test_a_date_a_moment_and_how_long_ago(self) -> None:
        """A date means all of that day, in UTC."""
        for said, timestamp in MOMENTS.items():
            self.assertEqual(read_exclude_newer(said, NOW), datetime.fromisoformat(timestamp), said)

    def test_what_says_no_moment_is_refused_with_what_to_write(self) -> None:
        """A month has no fixed length; a time without a zone is another one elsewhere."""
        for said in NONSENSE:
            error = self.assertRaises(BadExcludeNewer, read_exclude_newer, said, NOW)
            self.assertIn("30 days", str(error), said)


class BeforeTests(SynchronousTestCase):
    def test_what_was_uploaded_from_then_on_is_not_there(self) -> None:
        """As uv has it: at that very moment is too late."""
        files = {
            hour: a_file(f"six-1.{hour}.tar.gz", upload_time=f"2026-11-01T{hour:02}:00:00Z") for hour in (9, 10, 11)
        }
        page = before(a_page(*files.values()), datetime(2026, 11, 1, 10, tzinfo=UTC))
        self.assertEqual(page.files, (files[9],))

    def test_what_is_not_known_to_be_older_is_not_there(self) -> None:
        """Otherwise an upstream could omit the time to pass the filter."""
        untimed = a_page(a_file("six-1.0.tar.gz"))
        self.assertEqual(before(untimed, NOW).files, ())
        self.assertTrue(has_no_times(untimed))
        self.assertFalse(has_no_times(a_page(a_file("six-1.0.tar.gz"), a_file("six-2.tar.gz", upload_time="2026…"))))
        self.assertFalse(has_no_times(a_page()))
