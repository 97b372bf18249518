"""Compare what a page says about Python with the marker itself, for every Python from 3.8 to 3.14."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.requires_python import requires_python, with_markers
from tests.distributions import a_commitment, a_file, a_page

PYTHONS = [(minor, micro) for minor in range(8, 15) for micro in (0, 1, 2, 3, 6, 7, 8, 10, 25)]
"""The finals of each minor version, and a micro that there will not be."""

OPERATORS = ("<", "<=", ">", ">=", "==", "!=")
VERSIONS = ("3", "3.0", "4", *(f"3.{minor}" for minor in (7, 8, 10, 11, 14, 15)))
LONGER = ("3.8.0", "3.8.1", "3.10.0.0", "3.11.2", "3.11.0.1", "3.11.7", "3.13.10", "3.14.0", "3.14.2.1")

COMPARISONS = st.tuples(
    st.sampled_from(["python_version", "python_full_version"]),
    st.sampled_from(OPERATORS),
    st.lists(st.integers(0, 15), min_size=1, max_size=4).map(lambda numbers: ".".join(["3", *map(str, numbers)])),
).map(lambda each: f'{each[0]} {each[1]} "{each[2]}"')


def applying(marker: str) -> set[tuple[int, int]]:
    """Return the Pythons on which an installer applies the marker."""
    parsed = Marker(marker)
    return {
        (minor, micro)
        for minor, micro in PYTHONS
        if parsed.evaluate({"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.{micro}"})
    }


def admitted(specifier: str) -> set[tuple[int, int]]:
    """Return the Pythons on which an installer takes a file with this ``requires-python``."""
    parsed = SpecifierSet(specifier)
    return {(minor, micro) for minor, micro in PYTHONS if parsed.contains(f"3.{minor}.{micro}", prereleases=True)}


class EquivalenceTests(SynchronousTestCase):
    """``requires-python`` holds for exactly the Pythons for which the marker holds."""

    def check(self, marker: str) -> None:
        said = requires_python(marker)
        assert said is not None, marker
        self.assertEqual(admitted(said), applying(marker), f"`{marker}` became `{said}`")

    def test_every_comparison_with_every_kind_of_version(self) -> None:
        for name, operator, version in product(
            ("python_version", "python_full_version"), OPERATORS, (*VERSIONS, *LONGER)
        ):
            self.check(f'{name} {operator} "{version}"')

    @settings(max_examples=150, deadline=None)
    @given(st.lists(COMPARISONS, min_size=1, max_size=3))
    def test_any_comparisons_together(self, comparisons: list[str]) -> None:
        self.check(" and ".join(comparisons))


class PageTests(SynchronousTestCase):
    """A pinned file is never hidden from a Python for which its pin applies."""

    def test_a_literal_of_three_numbers_hides_nothing(self) -> None:
        shown = self.shown('six==1.17.0 ; python_version <= "3.11.2"')
        self.assertIn((11, 7), admitted(shown), shown)
        self.assertNotIn((12, 0), admitted(shown), shown)

    def test_a_literal_of_thousands_of_digits_stops_nothing(self) -> None:
        self.assertEqual(self.shown(f'six==1.17.0 ; python_version < "3.{"9" * 5000}"'), "")

    @settings(max_examples=100, deadline=None)
    @given(st.lists(COMPARISONS, min_size=1, max_size=3), st.sampled_from([" and ", " or "]))
    def test_the_page_admits_wherever_the_marker_holds(self, comparisons: list[str], joint: str) -> None:
        marker = joint.join(comparisons)
        shown = self.shown(f"six==1.17.0 ; {marker}")
        self.assertLessEqual(applying(marker), admitted(shown), f"`{marker}` became `{shown}`")

    def shown(self, line: str) -> str:
        page = with_markers(a_commitment(line).lock, a_page(a_file("six-1.17.0.tar.gz")))
        return page.files[0].requires_python or ""
