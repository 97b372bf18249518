"""The check of a server's list against a lock, as values."""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.listing_check import admits_bytes, flaws_of, open_digests, to_measure
from reqpi.core.model import File, Lock
from tests.distributions import a_commitment, a_file, a_page, digest_of

CONTENT = b"good"
WHEEL = "six-1.0-py3-none-any.whl"


def lock(*lines: str) -> Lock:
    return a_commitment(*lines).lock


def flaws(pinned: Lock, *files: File) -> list[str]:
    return list(flaws_of(pinned, {"six": a_page(*files)} if files else {}))  # type: ignore[dict-item]


class FlawTests(SynchronousTestCase):
    """Each line names the file or the pin."""

    def test_no_flaw(self) -> None:
        self.assertEqual(flaws(lock(f"six==1.0 --hash={digest_of(CONTENT)}"), a_file(WHEEL, CONTENT)), [])
        self.assertEqual(flaws(lock("six==1.0"), a_file(WHEEL), a_file("six-1.0.tar.gz")), [])

    def test_each_pin_needs_a_file(self) -> None:
        pinned = lock('six==1.0 ; python_version >= "3"', 'six==2.0 ; python_version < "3"')
        self.assertEqual(flaws(pinned, a_file(WHEEL)), ["no file of six 2.0"])
        self.assertEqual(flaws(pinned), ["no file of six 1.0", "no file of six 2.0"])

    def test_a_project_without_files_is_one_too_many(self) -> None:
        pages = {"evil": a_page(project="evil")}
        self.assertEqual(list(flaws_of(lock(), pages)), ["the lock does not pin evil: a page"])  # type: ignore[arg-type]

    def test_values_of_another_type_are_named_before_they_are_used(self) -> None:
        right = a_file(WHEEL)
        for change in (
            {"filename": ".hidden", "listed": False},
            {"listed": False},
            {"index": 3},
            {"url": None},
            {"size": -1},
            {"size": True},
            {"yanked": False},
            {"yanked": 1},
            {"core_metadata": "x"},
            {"measured": 1},
            {"upload_time": 1},
            {"provenance": 1},
        ):
            found = flaws(lock("six==1.0"), evolve(right, **change))
            self.assertIn("has an invalid name or an invalid field", found[0], change)

    def test_a_file_that_no_sha256_is_listed_for(self) -> None:
        self.assertEqual(len(flaws(lock("six==1.0"), a_file(WHEEL, None))), 2)


class MeasuringTests(SynchronousTestCase):
    """A sha256 of the server's counts only where the lock has it, or has none at all."""

    def measured(self, pinned: Lock) -> frozenset[str]:
        digests = frozenset(digest_of(CONTENT, algorithm) for algorithm in ("sha256", "sha512"))
        return to_measure(pinned, a_file(WHEEL, digests=digests, measured=True))

    def test_which_digests_decide(self) -> None:
        both = f"six==1.0 --hash={digest_of(CONTENT)} --hash={digest_of(CONTENT, 'sha512')}"
        self.assertEqual(self.measured(lock("six==1.0")), set())
        self.assertEqual(self.measured(lock(both)), set())
        self.assertEqual(self.measured(lock(f"six==1.0 --hash={digest_of(CONTENT, 'sha512')}")), {"sha512"})

    def test_the_bytes_decide(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(CONTENT, 'sha512')}")
        file = a_file(WHEEL, CONTENT)
        for content, right in ((CONTENT, True), (b"evil", False)):
            computed = [digest_of(content), digest_of(content, "sha512")]
            self.assertEqual(admits_bytes(pinned, file, computed), right)


class OpenDigestTests(SynchronousTestCase):
    """How many digests of the lock have no file."""

    def test_they_are_counted_by_project(self) -> None:
        pinned = lock(f"six==1.0 --hash={digest_of(CONTENT)} --hash={digest_of(b'gone')}")
        self.assertEqual(open_digests(pinned, {"six": a_page(a_file(WHEEL, CONTENT))}), {"six": 1})  # type: ignore[dict-item]
        self.assertEqual(open_digests(lock("six==1.0"), {"six": a_page(a_file(WHEEL))}), {})  # type: ignore[dict-item]
