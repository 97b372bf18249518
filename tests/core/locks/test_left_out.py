"""The project itself, and the members of its workspace, are left out of a lock with one note."""

from __future__ import annotations

from packaging.utils import NormalizedName
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.export import requirements
from reqpi.core.model import Commitment
from reqpi.core.report import Document, Note
from tests.core.locks.table_uv import BAR, lock, package
from tests.core.locks.tool_locks import elsewhere, entry, pipenv, poetry, source
from tests.distributions import a_file, a_page

PROJECT = Note(0, "", "left out: the project itself", level="note")


def workspace(members: int) -> bytes:
    """A uv.lock of a project and its workspace."""
    names = [f"member-{number}" for number in range(members)]
    listed = ", ".join(f'"{name}"' for name in ["top", *names])
    packages = [package(f'editable = "packages/{name}"', "", name) for name in names]
    top = package('virtual = "."', 'dependencies = [{ name = "bar" }]\n', name="top")
    return lock(BAR, top, *packages, head=f"version = 1\n\n[manifest]\nmembers = [{listed}]\n")


def notes(document: bytes) -> list[Note]:
    return [note for note in locks.read(document).notes if "left out" in note.message]


class ToolTests(SynchronousTestCase):
    """Each format has its own words for the project itself."""

    def test_a_workspace_is_one_note(self) -> None:
        for members, said in (
            (16, "the project itself and 16 workspace members"),
            (1, "the project itself and 1 workspace member"),
            (0, "the project itself"),
        ):
            self.assertEqual(notes(workspace(members)), [Note(0, "", f"left out: {said}", level="note")])

    def test_a_directory_that_is_not_of_the_workspace_is_a_warning(self) -> None:
        document = lock(BAR, package('editable = "../foo"', "", "foo"))
        self.assertEqual([note.level for note in notes(document)], ["warning"])

    def test_other_tools_name_it_too(self) -> None:
        for _, document in (
            pipenv(elsewhere('"path": ".", "editable": true'), entry("", "bar")),
            poetry(source("directory", ".", files="")),
        ):
            self.assertEqual(notes(document), [PROJECT])
        pylock = b'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "top"\ndirectory = { path = "." }\n'
        self.assertEqual(notes(pylock), [PROJECT])


class RequirementsTests(SynchronousTestCase):
    """``-e .`` in a requirements.txt is the project itself, which no index has."""

    def test_it_is_one_note_with_its_line(self) -> None:
        document = b"six==1.0\n-e .\n-e file:.\n.[tls]\n"
        self.assertEqual(notes(document), [Note(2, "-e .", "left out: the project itself", level="note")])

    def test_each_of_several_documents_has_its_own(self) -> None:
        lock = locks.read_together([Document(path, b"-e .\n") for path in ("a.txt", "b.txt")])
        self.assertEqual([note.document for note in lock.notes if note.level == "note"], ["a.txt", "b.txt"])

    def test_an_export_does_not_ask_for_it(self) -> None:
        """pip takes no directory where there are digests, and an archive of wheels has none."""
        document = b"six==1.0\n-e .\n--editable file:.\n.\n"
        commitment = Commitment(address_of(document), locks.read(document))
        text = requirements(commitment, {NormalizedName("six"): a_page(a_file("six-1.0.tar.gz"))}).decode()
        self.assertEqual([line.split(" ")[0] for line in text.splitlines()], ["six==1.0", ""])
