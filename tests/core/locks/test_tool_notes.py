"""Properties that the table of tools' locks cannot express: notes, limits, recognition, and the lines of JSON."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import LIMIT, Findings
from reqpi.core.locks.tools.entries import PACKAGES
from reqpi.core.locks.tools.json_document import load
from tests.core.locks.test_tool_table import read
from tests.core.locks.tool_locks import BAR, FOO, NAME, entry, legacy, locked, pex, pipenv, source
from tests.core.locks.tool_locks import pdm as a_pdm_lock
from tests.core.locks.tool_locks import poetry as a_poetry_lock
from tests.core.locks.tool_table import TWO


def notes(row: tuple[str, bytes]) -> list[tuple[int, str]]:
    """The notes on a document."""
    return [(note.line, note.message) for note in read(row)[1]]


class NoteTests(SynchronousTestCase):
    """A note reports what is not served, and what an export does not state."""

    def test_a_path_is_left_out(self) -> None:
        """With the line of its package."""
        found = notes(a_poetry_lock(FOO, source("directory", "../x").replace("foo", "bar")))
        self.assertEqual(found, [(6, "bar is installed from a directory: it is left out.")])

    def test_weak_digests_are_named(self) -> None:
        """Where there is a strong one next to them."""
        ((line, message),) = notes(pipenv(entry("").replace('["', f'["md5:{"d" * 32}", "')))
        self.assertEqual((line, message.split(" of ")[0]), (3, "The md5 digests"))

    def test_a_file_without_a_digest_is_named(self) -> None:
        """It is not admitted if other files have digests."""
        ((line, message),) = notes(a_poetry_lock(NAME + FOO[len(NAME) :].replace("]\n", ', {file = "x.zip"}]\n')))
        self.assertEqual((line, message), (1, "1 of the 2 files of foo has no digest: it is not admitted."))

    def test_a_lock_without_digests_says_so(self) -> None:
        """Once."""
        found = notes(pipenv('"foo": {"version": "==1"}', '"bar": {"version": "==1"}'))
        self.assertEqual(found, [(0, "No package has digests: the files seen first are frozen (trust on first use).")])

    def test_versions_that_no_marker_tells_apart_are_noted(self) -> None:
        """But not the same version once more, for its extras or another category."""
        ((line, message),) = notes(a_poetry_lock(FOO, FOO.replace("1.0", "2.0")))
        self.assertEqual((line, message.split(",")[0]), (6, "foo is pinned here and in line 1"))
        self.assertEqual(notes(a_pdm_lock(FOO, FOO + 'extras = ["x"]\n')), [])
        first, second = (FOO + f"markers = \"os_name == '{name}'\"\n" for name in "ab")
        self.assertEqual(notes(a_poetry_lock(first, second.replace("1.0", "2.0"))), [])

    def test_resolves_of_several_platforms_are_noted(self) -> None:
        """No platform can be written as a marker."""
        form, document = pex(locked(), resolve=', "platform_tag": ["cp311", "cp311", "linux_x86_64"]')
        self.assertEqual(notes((form, document)), [])
        twice = document.replace(b"}]}", b'}, {"locked_requirements": [], "platform_tag": null}]}')
        ((line, message),) = notes((form, twice))
        self.assertEqual((line, message.split(",")[0]), (0, "The lock has 2 resolves"))

    def test_a_newer_version_of_the_format_is_noted(self) -> None:
        """With the line that says it."""
        ((line, message),) = notes(a_pdm_lock(FOO, version='"4.9"'))
        self.assertEqual((line, message), (2, "lock_version 4.9 is read as 4.5.1: newer features are ignored."))

    def test_a_user_in_an_index_is_noted(self) -> None:
        """It is not used; the server has its own."""
        for row in (
            a_poetry_lock(legacy("https://me@example.org/simple")),
            pipenv(entry(""), sources='{"name": "x", "url": "https://${ME}@example.org/"}'),
        ):
            ((line, message),) = notes(row)
            self.assertEqual((line, message.split(" of ")[0]), (1, "The user name in the URL"))

    def test_choices_are_noted(self) -> None:
        """All extras are served."""
        ((line, message),) = notes(a_poetry_lock(FOO + "markers = \"extra == 'x' and os_name == 'a'\"\n"))
        self.assertEqual((line, message.split(":")[0]), (0, "1 marker depends on extras"))

    def test_a_marker_too_long_to_take_apart_is_left_out(self) -> None:
        """The pin then applies more often than the lock says, never less."""
        ways = ["os_name sys_platform platform_machine", "platform_system platform_release platform_version"]
        ways += ["implementation_name platform_python_implementation", "python_full_version implementation_version"]
        each = [" or ".join(f"{name} == '3'" for name in names.split()) for names in ways]
        row = a_poetry_lock(FOO + f"markers = \"extra == 'x' and ({') and ('.join(each)})\"\n")
        self.assertEqual([pin.marker for pin in read(row)[0]], [None])
        self.assertIn((0, "The marker of foo is too long to be analysed: it is left out."), notes(row))


class LimitTests(SynchronousTestCase):
    """A hostile document costs little, and a large one is refused in words."""

    def test_packages_are_bounded(self) -> None:
        """At the limit they are read; one more is a defect, which points at it."""
        packages = [f'"p{number}": {{"version": "==1"}}' for number in range(PACKAGES + 1)]
        self.assertEqual(len(read(pipenv(*packages[:-1]))[0]), PACKAGES)
        broken = self.assertRaises(BrokenLock, read, pipenv(*packages))
        self.assertEqual([(each.line, each.rule) for each in broken.defects], [(PACKAGES + 3, "too-many")])

    def test_defects_are_bounded(self) -> None:
        """The first thousand, and how many more there are."""
        broken = self.assertRaises(BrokenLock, read, a_poetry_lock(*["name = 1\n"] * (LIMIT + 50)))
        self.assertEqual((len(broken.defects), broken.defects[-1].rule), (LIMIT + 1, "more-defects"))


class PlaceTests(SynchronousTestCase):
    """The lines of a package in JSON are those from its key to the end of its value."""

    def spans(self, document: bytes) -> dict[tuple[str, str], tuple[int, int]]:
        return dict(load(document, Findings(())).spans)

    def test_a_place_is_found(self) -> None:
        """Whatever stands inside it."""
        document = b'{\n "a": {\n  "x": {\n "y": {}, "z": [\n{"x": 1}]},\n  "w": 1},\n "b": {"x": []}}'
        self.assertEqual(self.spans(document), {("a", "x"): (3, 5), ("a", "w"): (6, 6), ("b", "x"): (7, 7)})

    def test_text_in_strings_is_no_structure(self) -> None:
        """An escaped quote is not the end of one either."""
        document = b'{"a": {"}\\"{:,": "\\\\",\n"x": "\\"}\\n]"}}'
        self.assertEqual(self.spans(document), {("a", '}"{:,'): (1, 1), ("a", "x"): (2, 2)})

    def test_arrays_have_no_places(self) -> None:
        """Keys inside them belong to no package."""
        self.assertEqual(self.spans(b'[{"a": {"b": 1}}]'), {})
        self.assertEqual(self.spans(b'{"a": [{"b": 1}], "c": {"d": 2}}'), {("c", "d"): (1, 1)})

    def test_sources_are_found_by_name(self) -> None:
        """The line of a defect in them is theirs."""
        document = b'{"_meta": {"pipfile-spec": 6,\n"sources": [' + TWO.replace("https:", "ftp:").encode() + b"]}}"
        broken = self.assertRaises(BrokenLock, read, ("pipfile", document))
        self.assertEqual([(each.line, each.rule) for each in broken.defects], [(2, "local-index")])

    def test_bar_is_another_project(self) -> None:
        """The tables' helper makes two packages of two."""
        self.assertEqual([pin.project for pin in read(a_poetry_lock(FOO, BAR))[0]], ["foo", "bar"])
