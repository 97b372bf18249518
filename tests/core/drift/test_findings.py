"""What became of a lock's files: lock, frozen page and a sequence of listings in, findings out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.findings import findings
from reqpi.core.drift.history import History
from reqpi.core.drift.looks import Look, after_look
from reqpi.core.model import File, Page, Status
from tests.distributions import a_commitment, a_file, a_page, digest_of

WHEEL = a_file("six-1.16.0-py2.py3-none-any.whl", b"wheel", upload_time="2021-05-05T14:18:17Z")
SDIST = a_file("six-1.16.0.tar.gz", b"sdist", upload_time="2021-05-05T14:18:18Z")
BOTH = (WHEEL, SDIST)
PINNED = f"six==1.16.0 --hash={digest_of(b'wheel')} --hash={digest_of(b'sdist')}"
SOURCE = "https://index.example.org/simple"


class FindingsTests(SynchronousTestCase):
    def test_nothing_became_of_a_release_that_is_listed_as_it_was_frozen(self) -> None:
        self.assertEqual(drift(BOTH, BOTH, BOTH), ())

    def test_a_yanked_file_has_the_reason_and_the_time(self) -> None:
        yanked = evolve(WHEEL, yanked="broken on Windows")
        [found] = drift(BOTH, BOTH, (yanked, SDIST))
        self.assertEqual(
            found,
            Finding(
                "yanked", "six", "1.16.0", WHEEL.filename, "broken on Windows", SOURCE,
                "1970-01-01T00:33:20Z", "1970-01-01T00:33:20Z", new=True,
            ),
        )  # fmt: skip

    def test_a_release_that_is_yanked_as_a_whole_is_one_finding(self) -> None:
        [found] = drift(BOTH, tuple(evolve(file, yanked=True) for file in BOTH))
        self.assertEqual((found.kind, found.filename, found.text), ("yanked", None, "no reason is given"))

    def test_what_was_yanked_when_it_was_frozen_is_not_new(self) -> None:
        was = tuple(evolve(file, yanked="old") for file in BOTH)
        [found] = drift(was, was)
        self.assertEqual((found.kind, found.new), ("yanked", False))

    def test_what_is_yanked_no_more_is_no_finding(self) -> None:
        self.assertEqual(drift(BOTH, tuple(evolve(file, yanked="oops") for file in BOTH), BOTH), ())

    def test_a_file_that_is_no_longer_listed_is_gone_since_then(self) -> None:
        [found] = drift(BOTH, BOTH, (WHEEL,), (WHEEL,))
        said = (found.kind, found.filename, found.first_seen, found.last_seen, found.new)
        self.assertEqual(said, ("gone", SDIST.filename, "1970-01-01T00:33:20Z", "1970-01-01T00:50:00Z", True))

    def test_a_release_without_any_file_is_gone_as_a_whole(self) -> None:
        other = a_file("six-1.17.0.tar.gz", b"other")
        kinds = {(found.kind, found.filename) for found in drift(BOTH, BOTH, (other,))}
        self.assertEqual(kinds, {("gone", None)})

    def test_a_project_that_is_gone_takes_its_releases_along(self) -> None:
        [found] = drift(BOTH, BOTH, None)
        self.assertEqual((found.kind, found.text), ("gone", "the index no longer has the project"))

    def test_a_file_that_came_back_is_no_finding(self) -> None:
        self.assertEqual(drift(BOTH, BOTH, (WHEEL,), BOTH), ())

    def test_other_bytes_under_the_same_name_are_named_with_both_digests(self) -> None:
        changed = evolve(WHEEL, digests=frozenset({digest_of(b"other")}))
        [found] = drift(BOTH, BOTH, (changed, SDIST))
        self.assertEqual((found.kind, found.filename), ("digest", WHEEL.filename))
        self.assertIn(str(digest_of(b"wheel")), found.text)
        self.assertIn(str(digest_of(b"other")), found.text)

    def test_a_file_that_appears_while_the_release_is_watched_was_added(self) -> None:
        added = a_file("six-1.16.0-py3-none-any.whl", b"more")
        [found] = drift(BOTH, BOTH, (*BOTH, added))
        self.assertEqual((found.kind, found.filename, found.new), ("added", added.filename, True))

    def test_a_file_that_was_uploaded_days_after_those_of_the_lock_was_added(self) -> None:
        late = a_file("six-1.16.0-py3-none-any.whl", b"more", upload_time="2021-05-09T00:00:00Z")
        other = a_file("six-1.16.0-py2-none-any.whl", b"too", upload_time="2021-05-05T15:00:00Z")
        [found] = drift(BOTH, (*BOTH, late, other))
        self.assertEqual((found.kind, found.filename, found.new), ("added", late.filename, False))

    def test_each_file_that_is_not_on_the_page_of_an_open_pin_was_added(self) -> None:
        added = a_file("six-1.16.0-py3-none-any.whl", b"more")
        [found] = drift((WHEEL,), (WHEEL, added), pinned="six==1.16.0")
        self.assertEqual((found.kind, found.filename), ("added", added.filename))

    def test_the_status_of_the_project_is_told_with_its_reason(self) -> None:
        [found] = drift(BOTH, BOTH, a_page(*BOTH, status=Status("quarantined", "under review")))
        self.assertEqual((found.kind, found.text, found.new), ("status", "quarantined: under review", True))
        self.assertEqual(drift(BOTH, a_page(*BOTH, status=Status("active"))), ())

    def test_metadata_that_is_promised_with_another_digest_is_told(self) -> None:
        was = evolve(WHEEL, core_metadata=digest_of(b"METADATA"))
        now = evolve(WHEEL, core_metadata=digest_of(b"other"))
        [found] = drift((was, SDIST), (now, SDIST))
        self.assertEqual((found.kind, found.filename), ("metadata", WHEEL.filename))

    def test_a_wheel_that_contains_other_metadata_than_was_promised_is_told(self) -> None:
        page, lock = a_page(*BOTH), a_commitment(PINNED).lock
        [found] = findings(lock, {page.project: page}, {}, {str(WHEEL.sha256): 60.0})
        self.assertEqual((found.kind, found.first_seen), ("metadata", "1970-01-01T00:01:00Z"))

    def test_provenance_that_was_lost_or_moved_or_added_is_told(self) -> None:
        first, second = "https://x.example.org/a", "https://x.example.org/b"
        for was, now, said in ((first, None, "no longer"), (first, second, "another"), (None, first, "not when")):
            frozen, listed = evolve(WHEEL, provenance=was), evolve(WHEEL, provenance=now)
            [found] = drift((frozen, SDIST), (listed, SDIST))
            self.assertEqual(found.kind, "provenance")
            self.assertIn(said, found.text)

    def test_a_newer_release_of_the_same_series_is_told(self) -> None:
        newer = [a_file(f"six-{version}.tar.gz", b"") for version in ("1.16.1", "1.16.2", "1.17.0", "1.16.3rc1")]
        yanked = a_file("six-1.16.9.tar.gz", b"", yanked="no")
        [found] = drift(BOTH, (*BOTH, *newer, yanked))
        self.assertEqual((found.kind, found.text, found.new), ("newer", "1.16.2", False))

    def test_an_index_that_lists_too_many_files_hides_none_of_a_frozen_page_that_are_there(self) -> None:
        many = [a_file(f"six-1.16.0-{number}-py3-none-any.whl", b"") for number in range(2_500)]
        kinds = {found.kind for found in drift(BOTH, BOTH, (*BOTH, *many))}
        self.assertNotIn("gone", kinds)

    def test_every_kind_has_a_rule(self) -> None:
        self.assertEqual(len(KINDS), 10)


class UnfrozenTests(SynchronousTestCase):
    """Locks of which no page is frozen: the release may have vanished before."""

    def test_a_release_that_is_not_listed_is_gone(self) -> None:
        [found] = drift(None, (a_file("six-1.17.0.tar.gz", b""),))
        self.assertEqual((found.kind, found.filename, found.new), ("gone", None, False))

    def test_a_project_that_the_index_does_not_have_is_gone(self) -> None:
        [found] = drift(None, None)
        self.assertEqual((found.kind, found.text), ("gone", "the index has no such project"))

    def test_a_release_with_other_digests_is_told(self) -> None:
        [found] = drift(None, (a_file("six-1.16.0.tar.gz", b"other"),))
        self.assertEqual((found.kind, found.filename), ("digest", None))

    def test_a_digest_that_no_listed_file_has_is_gone(self) -> None:
        [found] = drift(None, (WHEEL,))
        self.assertEqual((found.kind, found.filename), ("gone", str(digest_of(b"sdist"))))

    def test_nothing_is_said_about_digests_that_an_index_does_not_claim(self) -> None:
        self.assertEqual(drift(None, (a_file("six-1.16.0.tar.gz", None), a_file(WHEEL.filename, None))), ())

    def test_a_yanked_release_is_told(self) -> None:
        [found] = drift(None, tuple(evolve(file, yanked="why") for file in BOTH))
        self.assertEqual((found.kind, found.filename, found.text), ("yanked", None, "why"))

    def test_a_pin_of_a_commit_or_an_arbitrary_version_is_left_out(self) -> None:
        commit = f"six @ git+https://git.example.org/six@{'7' * 40}"
        self.assertEqual(drift(None, (), pinned=commit), ())
        self.assertEqual(drift(None, (), pinned="six===not-a-version"), ())


Listing = Sequence[File] | Page | None


def drift(frozen: Sequence[File] | None, *listings: Listing, pinned: str = PINNED) -> tuple[Finding, ...]:
    """The findings after the index has listed this and that, each a thousand seconds after the one before."""
    commitment, history = a_commitment(pinned), None
    for number, listing in enumerate(listings, 1):
        history = after_look(history, look(listing, 1000.0 * number))
    pages: dict[Any, Page] = {} if frozen is None else {a_page().project: a_page(*frozen)}
    known: dict[Any, dict[str, History]] = {a_page().project: {"": history}} if history else {}
    return findings(commitment.lock, pages, known)


def look(listing: Listing, now: float) -> Look:
    page = listing if isinstance(listing, Page) or listing is None else a_page(*listing)
    return Look(a_page().project, SOURCE, page, frozenset({Version("1.16.0")}), now)
