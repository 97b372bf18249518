"""Markers that speak of the version of Python alone."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.requires_python import requires_python, with_markers
from tests.distributions import a_commitment, a_file, a_page


class MarkerTests(SynchronousTestCase):
    """A marker says for which Pythons a pin is, if it speaks of nothing else."""

    def test_each_operator(self) -> None:
        for marker, expected in (
            ('python_version < "3.11"', "<3.11"),
            ('python_version >= "3.8"', ">=3.8"),
            ('python_version == "3.10"', "==3.10.*"),
            ('python_version != "3.10"', "!=3.10.*"),
            ('python_version > "3.10"', ">=3.11"),
            ("python_version <= '3.10'", "<3.11"),
            ('python_full_version < "3.11.4"', "<3.11.4"),
            ('python_version >= "3.8" and python_version < "3.11"', ">=3.8,<3.11"),
            ('(python_version>="3.8") and (python_full_version < "3.11.4")', ">=3.8,<3.11.4"),
        ):
            self.assertEqual(requires_python(marker), expected, marker)

    def test_anything_else_says_nothing(self) -> None:
        for marker in (
            'sys_platform == "win32"',
            'python_version < "3" and sys_platform == "win32"',
            'python_version < "3" or python_version > "3.5"',
            '"3.8" <= python_version',
            'python_version in "3.8 3.9"',
            'extra == "socks"',
            "",
        ):
            self.assertIsNone(requires_python(marker), marker)


class PageTests(SynchronousTestCase):
    """If a lock pins two versions for two ranges of Python, each file states its range."""

    def shown(self, *lines: str) -> dict[str, str | None]:
        files = [a_file("six-1.0.tar.gz", requires_python=">=2.7"), a_file("six-2.0.tar.gz", b"2")]
        page = with_markers(a_commitment(*lines).lock, a_page(*files))
        return {str(file.version): file.requires_python for file in page.files}

    def test_two_versions(self) -> None:
        shown = self.shown('six==1.0 ; python_version < "3.8"', 'six==2.0 ; python_version >= "3.8"')
        self.assertEqual(shown, {"1.0": "<3.8,>=2.7", "2.0": ">=3.8"})

    def test_without_markers_nothing_changes(self) -> None:
        self.assertEqual(self.shown("six==1.0"), {"1.0": ">=2.7", "2.0": None})

    def test_a_marker_that_speaks_of_more_changes_nothing(self) -> None:
        self.assertEqual(self.shown('six==1.0 ; sys_platform == "linux"'), {"1.0": ">=2.7", "2.0": None})

    def test_a_version_that_is_pinned_for_all_as_well_is_for_all(self) -> None:
        shown = self.shown('six==1.0 ; python_version < "3.8"', "six[socks]==1.0")
        self.assertEqual(shown["1.0"], ">=2.7")

    def test_nonsense_from_upstream_stays_as_it_is(self) -> None:
        lock = a_commitment('six==1.0 ; python_version < "3.8"').lock
        page = with_markers(lock, a_page(a_file("six-1.0.tar.gz", requires_python="nonsense")))
        self.assertEqual(page.files[0].requires_python, "nonsense")
