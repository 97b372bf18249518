"""The crates of two Cargo.locks, as they are compared."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.contents import crate_contents
from reqpi.core.crates.reading import cargo_lock
from tests.core.locks.cargo_table import COMMIT, A, B, lock, package


class ContentsTests(SynchronousTestCase):
    """By name and version."""

    def test_crates_and_commits(self) -> None:
        git = package("lib", source=f"git+https://example.org/lib#{COMMIT}", checksum="")
        one = cargo_lock(lock(package("one"), git, package("mine", source="", checksum="")))
        other = cargo_lock(lock(package("one", checksum=B), package("one", "2.0.0")))
        expected = {
            "cargo:one": {"1.0.0": frozenset({f"sha256:{A}", f"sha256:{B}"}), "2.0.0": frozenset({f"sha256:{A}"})},
            "cargo:lib": {f"git+https://example.org/lib@{COMMIT}": frozenset()},
        }
        self.assertEqual(crate_contents([one, other]), expected)
