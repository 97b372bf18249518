"""The platforms and Pythons for which a lock has a file of each pin."""

from __future__ import annotations

from unittest import TestCase

from reqpi.core import closed
from reqpi.core.address import address_of
from reqpi.core.closed import CoveredTarget
from reqpi.core.locks import read
from reqpi.core.model import Commitment, File
from reqpi.core.targets import EVERYWHERE
from tests.distributions import a_file, a_page, digest_of

LINUX, MAC, WINDOWS = "linux x86_64", "darwin arm64", "win32 AMD64"


def covered(document: str, *files: File) -> dict[tuple[str, str], CoveredTarget]:
    """What a lock covers whose frozen pages have these files."""
    data = document.encode()
    commitment = Commitment(address_of(data), read(data))
    projects = {file.project: [each for each in files if each.project == file.project] for file in files}
    pages = {project: a_page(*theirs, project=project) for project, theirs in projects.items()}
    found = closed.covered_targets(commitment.lock, closed.releases_of(commitment, pages, EVERYWHERE))
    return {(each.platform, each.python): each for each in found}


class CoveredTargetTests(TestCase):
    def test_a_wheel_for_all_covers_all(self) -> None:
        found = covered("six==1.0\n", a_file("six-1.0-py3-none-any.whl"))
        self.assertEqual(len(found), 28)
        self.assertEqual({(each.lacking, each.built) for each in found.values()}, {((), ())})

    def test_a_wheel_for_one_platform_and_python_covers_that(self) -> None:
        found = covered("six==1.0\n", a_file("six-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"))
        self.assertEqual([where for where, each in found.items() if not each.lacking], [(LINUX, "3.12")])
        self.assertEqual(found[MAC, "3.12"].lacking, ("six 1.0",))

    def test_an_sdist_has_to_be_built_where_there_is_no_wheel(self) -> None:
        found = covered("six==1.0\n", a_file("six-1.0-cp312-abi3-win_amd64.whl"), a_file("six-1.0.tar.gz"))
        self.assertEqual((found[WINDOWS, "3.13"].lacking, found[WINDOWS, "3.13"].built), ((), ()))
        self.assertEqual((found[WINDOWS, "3.9"].lacking, found[WINDOWS, "3.9"].built), ((), ("six 1.0",)))
        self.assertEqual(found[LINUX, "3.13"].built, ("six 1.0",))

    def test_a_marker_excludes_a_pin(self) -> None:
        lock = 'six==1.0\nlib==1.0 ; sys_platform == "win32"\n'
        files = a_file("six-1.0-py3-none-any.whl"), a_file("lib-1.0-cp312-cp312-win_amd64.whl", project="lib")
        found = covered(lock, *files)
        self.assertEqual(found[LINUX, "3.14"].lacking, ())
        self.assertEqual(found[WINDOWS, "3.12"].lacking, ())
        self.assertEqual(found[WINDOWS, "3.14"].lacking, ("lib 1.0",))

    def test_a_python_that_a_release_does_not_allow_is_not_covered(self) -> None:
        found = covered("six==1.0\n", a_file("six-1.0-py3-none-any.whl", requires_python=">=3.12"))
        self.assertEqual(found[LINUX, "3.11"].lacking, ("six 1.0",))
        self.assertEqual(found[LINUX, "3.12"].lacking, ())

    def test_only_the_pythons_that_the_lock_is_for_are_looked_at(self) -> None:
        lock = (
            'version = 1\nrequires-python = ">=3.13"\n[[package]]\nname = "six"\nversion = "1.0"\n'
            'source = { registry = "https://index.example.org/simple" }\n'
            f'sdist = {{ url = "https://files.example.org/six-1.0.tar.gz", hash = "sha256:{digest_of(b"").hex}" }}\n'
        )
        found = covered(lock, a_file("six-1.0.tar.gz"))
        self.assertEqual(min(python for _, python in found), "3.13")
