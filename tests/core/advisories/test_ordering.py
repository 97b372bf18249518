"""The order of versions, compared with packaging's and with the examples of SemVer."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.advisories.ordering import VERSION_RULES, is_readable

NUMBER = st.integers(0, 3).map(str)
RELEASE = st.lists(NUMBER, min_size=1, max_size=4).map(".".join)
VERSION = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(("", "v", "1!")),
        RELEASE,
        st.sampled_from(("", "a1", "b0", "rc2", "-alpha.3", "c1")),
        st.sampled_from(("", ".post1", "-2", ".post0")),
        st.sampled_from(("", ".dev0", ".dev4")),
        st.sampled_from(("", "+1", "+1.a", "+abc", "+abc.1", "+ABC_1", "+2.0", "+02")),
    ),
)


class PypiOrderTests(SynchronousTestCase):
    @settings(max_examples=200, deadline=None)
    @given(VERSION, VERSION)
    def test_keys_compare_as_versions_of_packaging(self, one: str, other: str) -> None:
        key = VERSION_RULES[PYPI].key
        self.assertEqual(key(one) < key(other), Version(one) < Version(other))
        self.assertEqual(key(one) == key(other), Version(one) == Version(other))

    @settings(max_examples=200, deadline=None)
    @given(VERSION, VERSION)
    def test_equal_versions_have_one_canonical_spelling(self, one: str, other: str) -> None:
        canonical = VERSION_RULES[PYPI].canonical
        self.assertEqual(canonical(one) == canonical(other), Version(one) == Version(other))

    def test_what_is_no_version_sorts_before_all_that_are(self) -> None:
        key = VERSION_RULES[PYPI].key
        self.assertLess(key("2004d-x y"), key("0.dev0"))
        self.assertFalse(is_readable(PYPI, "2004d-x y"))
        self.assertFalse(is_readable(PYPI, "1." * 5000 + "1"))
        self.assertTrue(is_readable(PYPI, "1.0rc1"))


class SemverOrderTests(SynchronousTestCase):
    def test_the_examples_of_the_standard(self) -> None:
        """https://semver.org, 11.4."""
        order = (
            "0.9.9",
            "1.0.0-0",
            "1.0.0-2",
            "1.0.0-11",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.10",
            "2.0.0",
            "2.1.0",
            "2.1.1",
        )
        key = VERSION_RULES[CRATES].key
        for lower, higher in pairwise(order):
            self.assertLess(key(lower), key(higher), (lower, higher))
        self.assertEqual(key("1.0.0+build.1"), key("1.0.0+build.2"))
        self.assertEqual(key("1"), key("1.0.0"))

    def test_the_canonical_spelling_has_no_build_metadata(self) -> None:
        canonical = VERSION_RULES[CRATES].canonical
        self.assertEqual(
            [canonical(each) for each in ("1.2.3+x", "1.2", "v1.0.0-rc.1")], ["1.2.3", "1.2.0", "1.0.0-rc.1"]
        )
