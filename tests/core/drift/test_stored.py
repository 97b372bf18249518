"""The records of histories: they are read back as they were written, and nothing else is read."""

from __future__ import annotations

import contextlib

from attrs import evolve
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.drift.advised import AdvisedRelease, after_advice
from reqpi.core.drift.history import History
from reqpi.core.drift.looks import Look, after_look
from reqpi.core.drift.stored import dump_advised, dump_history, load_advised, load_history
from reqpi.core.model import Status
from reqpi.core.stored_json import NOT_WRITTEN
from tests.attacks.records_case import JUNK, changed
from tests.distributions import a_file, a_page

SIX = a_page().project
VERSIONS = frozenset({Version("1.16.0")})


class StoredTests(SynchronousTestCase):
    def test_a_history_is_read_as_it_was_written(self) -> None:
        written = a_history()
        self.assertEqual(load_history(dump_history(written), SIX), written)

    def test_when_advisories_were_first_seen_is_read_as_it_was_written(self) -> None:
        known = after_advice(after_advice({}, "1.16.0", (), 5.0), "1.16.0", ["PYSEC-1", "GHSA-1"], 7.0)
        self.assertEqual(known, {"1.16.0": AdvisedRelease(5.0, {"PYSEC-1": 7.0, "GHSA-1": 7.0})})
        self.assertEqual(load_advised(dump_advised(known)), known)

    def test_other_content_is_an_error_that_names_nothing_else(self) -> None:
        for junk in JUNK.values():
            self.assertRaises(NOT_WRITTEN, load_history, junk, SIX)
            self.assertRaises(NOT_WRITTEN, load_advised, junk)
        for _, other in changed(dump_history(a_history())):
            with contextlib.suppress(*NOT_WRITTEN):
                load_history(other, SIX)

    def test_a_project_has_a_bounded_number_of_releases_and_files(self) -> None:
        history = None
        for number in range(100):
            files = [a_file(f"six-1.{number}-{build}-py3-none-any.whl") for build in range(100)]
            look = Look(SIX, "source", a_page(*files), frozenset({Version(f"1.{number}")}), float(number))
            history = after_look(history, look)
        assert history is not None
        self.assertLessEqual(len(history.releases), 64)
        self.assertLessEqual(sum(len(release.files) for release in history.releases.values()), 4_000)
        self.assertIn("1.99", history.releases)

    def test_the_versions_of_one_project_may_be_many(self) -> None:
        files = [a_file(f"six-1.{number}.tar.gz") for number in range(3_000)]
        wanted = frozenset(Version(f"1.{number}") for number in range(60))
        history = after_look(None, Look(SIX, "source", a_page(*files), wanted, 1.0))
        newer = history.releases["1.7"].newer
        self.assertEqual(newer and newer.version, "1.2999")


def a_history() -> History:
    old, new = a_file("six-1.16.0.tar.gz", b"old"), a_file("six-1.16.0-py3-none-any.whl", yanked=True)
    newer = a_file("six-1.16.1.tar.gz", upload_time="2021-05-05T14:18:17Z")
    first = after_look(None, Look(SIX, "source", a_page(old, new, newer), VERSIONS, 1.5))
    page = a_page(evolve(new, yanked="why", provenance="https://x.example.org/"), status=Status("archived", "old"))
    return after_look(first, Look(SIX, "source", page, VERSIONS, 3.25))
