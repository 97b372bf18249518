"""A lock written out as a pylock.toml."""

from __future__ import annotations

import tomllib

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import NothingUpstream
from reqpi.core.export import pylock
from tests.distributions import a_commitment, a_file, a_page

WHEEL = a_file("six-1.0-py3-none-any.whl", b"wheel", size=5)
VARIANT = a_file("six-1.0-py3-none-any-null.whl", b"variant", size=7)
HERE = "https://index.example.org/abc/"


def exported(*files: object) -> dict[str, object]:
    page = a_page(*files)  # type: ignore[arg-type]
    tables = tomllib.loads(pylock(a_commitment("six==1.0"), {page.project: page}, HERE).decode())
    return tables["packages"][0]  # type: ignore[no-any-return]


class VariantTests(SynchronousTestCase):
    """pip rejects a document with the filename of a variant wheel (PEP 825)."""

    def test_variant_wheels_are_left_out(self) -> None:
        self.assertEqual(exported(WHEEL, VARIANT), exported(WHEEL))

    def test_a_release_of_variant_wheels_only_cannot_be_written(self) -> None:
        error = self.assertRaises(NothingUpstream, exported, VARIANT)
        self.assertIn("variant wheels only", error.title)


class SizeTests(SynchronousTestCase):
    """uv rejects a file with another size than the document states, and accepts one without a size."""

    def test_a_size_that_an_upstream_claims_is_left_out(self) -> None:
        """It may be wrong, and the lock has no size."""
        self.assertNotIn("size", exported(WHEEL)["wheels"][0])  # type: ignore[index]

    def test_a_size_that_was_computed_here_is_stated(self) -> None:
        [wheel] = exported(evolve(WHEEL, measured=True))["wheels"]  # type: ignore[misc]
        self.assertEqual(wheel["size"], 5)  # type: ignore[has-type]
