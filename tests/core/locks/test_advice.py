"""Advice fits the format: it names the command, the spelling or the tool that helps."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.adding import command_for, how_to_pin
from tests.core.locks.toml_locks import DATA

GIT = "foo @ git+https://git.example.org/team/foo.git"


def advice(document: str) -> str:
    try:
        locks.read(document.encode())
    except BrokenLock as broken:
        (defect,) = broken.defects
        return defect.advice
    raise AssertionError("it has no defect")


class AddingTests(SynchronousTestCase):
    """A project that the lock lacks is added by the tool that wrote it."""

    def test_each_tool_has_its_command(self) -> None:
        for formats, expected in (
            ("requirements.txt", "Pin it, with a line such as `six==<version>`"),
            ("requirements.txt, uv.lock", "Pin it, with a line such as `six==<version>`"),
            ("uv.lock", "Add it with `uv add six`"),
            ("poetry.lock", "Add it with `poetry add six`"),
            ("pdm.lock", "Add it with `pdm add six`"),
            ("Pipfile.lock", "Add it with `pipenv install six`"),
            ("pylock.toml", "Add six to what the lock is made from, lock again"),
        ):
            self.assertEqual(how_to_pin(formats, "six"), expected)

    def test_the_command_is_known_from_the_document_alone(self) -> None:
        for path, expected in (
            ("uv/uv.lock", "uv add"),
            ("poetry/poetry.lock", "poetry add"),
            ("pdm/pdm.lock", "pdm add"),
            ("pipenv/Pipfile.lock", "pipenv install"),
            ("uv/pylock.toml", ""),
            ("pip-compile/requirements.txt", ""),
        ):
            self.assertEqual(command_for([(DATA / path).read_bytes()]), expected, path)

    def test_documents_of_two_tools_have_none_in_common(self) -> None:
        self.assertEqual(command_for([(DATA / "uv/uv.lock").read_bytes(), b"six==1.0\n"]), "")


class RequirementsTests(SynchronousTestCase):
    """A range wants a tool that makes a lock, a branch wants its commit."""

    def test_ranges_point_to_tools_that_make_a_lock(self) -> None:
        for line in ("tzdata>=2021.1", "tzdata", "tzdata==2021.*", "tzdata>=1,<3"):
            for tool in ("uv pip compile", "pip-compile", "reqpi learn"):
                self.assertIn(f"`{tool}`", advice(line), line)

    def test_a_branch_and_its_commit(self) -> None:
        command = "`git ls-remote https://git.example.org/team/foo.git"
        self.assertIn(f"{command} devel`", advice(f"{GIT}@devel"))
        self.assertIn(f"{command} HEAD`", advice(GIT))
        self.assertIn("git+https://git.example.org/team/foo.git@<commit>", advice(GIT))

    def test_a_command_to_paste_holds_nothing_that_a_shell_obeys(self) -> None:
        """Nor an option of git."""
        for reference in ("$(touch)", "--upload-pack=touch", "a&b", "'", "a*", "-o"):
            self.assertIn("`git ls-remote https://git.example.org/team/foo.git NAME`", advice(f"{GIT}@{reference}"))
        self.assertIn("`git ls-remote URL HEAD`", advice("foo @ git+https://git.example.org/$(touch)"))


class PylockTests(SynchronousTestCase):
    """pip refuses a name that is not normalized, and so do we."""

    def test_the_normalized_name_is_shown(self) -> None:
        document = """lock-version = "1.0"
created-by = "pipenv"

[[packages]]
name = "Jaraco.Classes"
version = "3.4.0"
index = "https://index.example.org/simple"
"""
        self.assertIn('`name = "jaraco-classes"`', advice(document))
