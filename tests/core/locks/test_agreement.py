"""One set of requirements, locked by every tool: each address has the same releases, and the same files."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.model import Lock

DATA = Path(__file__).parents[2] / "data" / "locks"

ALL_PYTHONS = ("uv/uv.lock", "uv/pylock.toml", "poetry/poetry.lock", "pdm/pdm.lock")
"""For Python >=3.9,<3.14."""

NEWEST = (
    "pip-compile/requirements.txt",
    "pip/pylock.toml",
    "poetry/newest.poetry.lock",
    "pdm/newest.pdm.lock",
    "pipenv/Pipfile.lock",
)
"""For Python 3.11 alone."""

FEWER = {"pdm/pdm.lock", "pdm/newest.pdm.lock", "pip/pylock.toml", "uv/uv.lock", "uv/pylock.toml"}
"""These leave out the files that cannot be for the Pythons, or for the machine, that they are made for."""


class AgreementTests(SynchronousTestCase):
    """For every project that all have: the same version, and the same digests."""

    def assert_agree(self, paths: tuple[str, ...], projects: int) -> None:
        documents = {path: (DATA / path).read_bytes() for path in paths}
        read = {path: locks.read(document) for path, document in documents.items()}
        self.assertEqual(len({address_of(document) for document in documents.values()}), len(paths))
        common = set.intersection(*(set(lock.projects) for lock in read.values()))
        self.assertGreaterEqual(len(common), projects)
        for project in common:
            said = {path: _said(lock, project) for path, lock in read.items()}
            self.assertEqual(len({versions for versions, _ in said.values()}), 1, (project, said))
            whole = {digests for path, (_, digests) in said.items() if path not in FEWER}
            self.assertEqual(len(whole), 1, project)
            for path, (_, digests) in said.items():
                self.assertTrue(digests, (path, project))
                self.assertLessEqual(digests, next(iter(whole)), (path, project))

    def test_for_a_range_of_pythons(self) -> None:
        self.assert_agree(ALL_PYTHONS, 13)

    def test_for_one_python(self) -> None:
        self.assert_agree(NEWEST, 13)


def _said(lock: Lock, project: str) -> tuple[frozenset[str], frozenset[object]]:
    pins = [pin for pin in lock.pins if pin.project == project]
    return frozenset(pin.version for pin in pins), frozenset(digest for pin in pins for digest in pin.digests)
