"""The locks of poetry, pdm, pipenv and pip-compile for the same requirements are read as the same pins."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.pipfile import read as read_pipfile
from reqpi.core.model import Archive, Git, Pin
from tests.core.locks.tool_files import FILES, data, digests, read, versions

COMMIT = "130d16512902d0085be4dbe5884c2eed9cc59ea6"

ALL_PYTHONS = [
    "poetry/poetry.lock",
    "poetry/1.8.poetry.lock",
    "poetry/1.2.poetry.lock",
    "pdm/pdm.lock",
    "pdm/2.4.pdm.lock",
]
"""For Python >=3.9,<3.14: one version of each project that runs on all of these."""

NEWEST = ["pip-compile/requirements.txt", "poetry/newest.poetry.lock", "pdm/newest.pdm.lock", "pdm/static.pdm.lock"]
NEWEST += ["pipenv/Pipfile.lock", "pex/pex.lock"]
"""For Python >=3.11, or just 3.11."""

WINDOWS = {"colorama"}
"""Packages that only poetry, pdm and pex lock for other platforms."""


class AgreementTests(SynchronousTestCase):
    """The same locked releases give the same index."""

    def test_locks_of_all_pythons_agree(self) -> None:
        """On every project and every version."""
        first, *others = [versions(read(path)[0]) for path in ALL_PYTHONS]
        self.assertEqual(len(first), 15)
        for path, other in zip(ALL_PYTHONS[1:], others, strict=True):
            self.assertEqual(other, first, path)

    def test_locks_of_the_newest_python_agree(self) -> None:
        """On every project but those that are for another platform, and on every version."""
        first, *others = [versions(read(path)[0]) for path in NEWEST]
        self.assertEqual(len(first), 13)
        for path, other in zip(NEWEST[1:], others, strict=True):
            self.assertEqual({name: other[name] for name in other.keys() - WINDOWS}, first, path)

    def test_digests_agree(self) -> None:
        """pdm and pex leave out the wheels of Pythons that the lock is not for; all others have the same."""
        for paths in (ALL_PYTHONS, NEWEST):
            whole = {path: digests(read(path)[0]) for path in paths}
            first = whole[paths[0]]
            for path, listed in whole.items():
                for name in first:
                    fewer = path.startswith(("pdm/", "pex/")) and path != "pdm/2.4.pdm.lock"
                    self.assertTrue(listed[name] <= first[name] if fewer else listed[name] == first[name], (path, name))
                    self.assertTrue(listed[name], (path, name))

    def test_every_pin_names_its_lines(self) -> None:
        """They begin where the package does, do not overlap, and say its name."""
        for path in FILES:
            if path == "pipenv/sources.Pipfile.lock":
                continue
            lines, end = data(path).decode().splitlines(), 0
            for pin in read(path)[0]:
                self.assertTrue(end < pin.line <= pin.last_line, (path, pin))
                end = pin.last_line
                shown = (
                    lines[pin.line - 1 : pin.last_line]
                    if path.startswith("pex/")
                    else lines[pin.line - 1 : pin.line + 1]
                )
                self.assertIn(pin.project, "\n".join(shown), (path, pin))
                self.assertTrue(lines[pin.last_line - 1].strip(), (path, pin))

    def test_indexes_are_those_of_the_lock(self) -> None:
        """poetry and pipenv name them, pdm and pex do not."""
        for path in [*ALL_PYTHONS, *NEWEST]:
            named = path.startswith(("poetry/", "pipenv/"))
            expected = {("https://index.example.org/simple",) if named else ()}
            self.assertEqual({pin.indexes for pin in read(path)[0]}, expected, path)


class MarkerTests(SynchronousTestCase):
    """Where the tool says when a package applies, its pin does."""

    def test_markers_are_kept(self) -> None:
        """poetry from lock-version 2.1 on, and pdm."""
        for path in ("poetry/poetry.lock", "pdm/pdm.lock"):
            marked = {pin.project: pin.marker for pin in read(path)[0] if pin.marker}
            self.assertEqual(marked.keys(), {"colorama", "tomli"})
            self.assertEqual(marked["tomli"], 'python_version < "3.11"')
            self.assertIn('sys_platform == "win32"', str(marked["colorama"]))

    def test_a_lock_without_markers_says_so(self) -> None:
        """Older versions of both: an export of it would install everything everywhere."""
        for path in ("poetry/1.8.poetry.lock", "poetry/1.2.poetry.lock", "pdm/2.4.pdm.lock"):
            pins, (note,) = read(path)
            self.assertEqual({pin.marker for pin in pins}, {None})
            self.assertIn("in an export every pin applies everywhere", note.message)

    def test_what_pipenv_did_not_lock_is_left_out(self) -> None:
        """It writes ``*`` for what does not apply where it runs."""
        pins, notes = read("pipenv/Pipfile.lock")
        self.assertEqual(len(pins), 13)
        self.assertEqual([note.message.split(" ")[0] for note in notes], ["colorama", "tomli"])
        self.assertEqual([note.line for note in notes], [221, 366])


class SourceTests(SynchronousTestCase):
    """Archives and commits are sources, paths are left out."""

    def check(self, pins: tuple[Pin, ...]) -> None:
        sources = {pin.project: pin.source for pin in pins}
        self.assertEqual(sources["delta"], Git("https://sources.example.org/delta.git", COMMIT))
        self.assertEqual(sources["gamma"], Git("https://sources.example.org/delta.git", COMMIT, "sub"))
        self.assertEqual(sources["attrs"], None)
        for name, filename in (("alpha", "alpha-1.0-py3-none-any.whl"), ("beta", "beta-1.0.tar.gz")):
            source = sources[name]
            assert isinstance(source, Archive)
            self.assertEqual((source.url, len(source.digests)), (f"https://sources.example.org/{filename}", 1))
        (beta,) = (pin for pin in pins if pin.project == "beta")
        self.assertEqual(beta.text.partition(" ; ")[2].replace('"', "'"), "sys_platform == 'linux'")

    def test_poetry_and_pdm(self) -> None:
        """Both write all that is needed."""
        for path in ("poetry/sources.poetry.lock", "pdm/sources.pdm.lock"):
            pins, notes = read(path)
            self.check(pins)
            self.assertEqual([note.message.split(" ")[0] for note in notes], ["epsilon", "zeta"])

    def test_pipenv(self) -> None:
        """It writes no digest of an archive; where that is added by hand, it is one."""
        broken = self.assertRaises(BrokenLock, read, "pipenv/sources.Pipfile.lock")
        self.assertEqual(
            [(each.line, each.rule) for each in broken.defects], [(22, "source-digest"), (34, "source-digest")]
        )
        document = data("pipenv/sources.Pipfile.lock").decode()
        for filename in ("alpha-1.0-py3-none-any.whl", "beta-1.0.tar.gz"):
            document = document.replace(filename, f"{filename}#sha256={'a' * 64}")
        findings = Findings(document.splitlines(keepends=True))
        self.check(read_pipfile(document.encode(), findings))
        self.assertEqual([note.message.split(" ")[0] for note in findings.conclude()], ["epsilon", "zeta"])
