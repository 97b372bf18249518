"""The metadata that a project states, read without running code."""

from __future__ import annotations

import warnings

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import UnreadableProject
from reqpi.core.project import ProjectMetadata, from_git_origin, read
from tests.bounded_work import bounded_work
from tests.core.project.table import ERRORS, PROJECTS

ORIGINS = {
    ("https://example.org/team/tool.git", ""): "tool",
    ("https://example.org/team/tool", "."): "tool",
    ("https://example.org/team/tool/", ""): "tool",
    ("https://user:secret@example.org:8443/team/Tool_x.git?a=b#c", ""): "tool-x",
    ("git@example.org:team/tool.git", ""): "tool",
    ("git@example.org:tool.git", ""): "tool",
    ("ssh://git@example.org/team/tool.git", "packages/one"): "tool-packages-one",
    ("file:///srv/git/tool.git", "./a_b//c"): "tool-a-b-c",
    ("/srv/git/tool.git", ""): "tool",
    ("../tool", ""): "tool",
    ("https://example.org/team/my%20tool.git", ""): "my-tool",
    ("https://example.org/team/tool.x.git\n", ""): "tool-x",
}


class TableTests(SynchronousTestCase):
    """Each project of the table."""

    def test_projects_say_what_the_table_says(self) -> None:
        """Name, version and the file that has them; no text takes long."""
        for about, files, expected in PROJECTS:
            with bounded_work(), warnings.catch_warnings():
                warnings.simplefilter("error")
                found = read(files.get)
            self.assertEqual(_spelled(found), expected, about)

    def test_what_is_wrong_is_said(self) -> None:
        """In words, and what to do."""
        for about, files, expected in ERRORS:
            error = self.assertRaises(UnreadableProject, read, files.get)
            self.assertIn(expected, str(error), about)
            self.assertTrue(error.detail.endswith("."), about)
            self.assertTrue(str(error).isprintable(), about)

    def test_nothing_outside_the_source_is_asked_for(self) -> None:
        """Whatever a project names."""
        asked: list[str] = []

        def ask(files: dict[str, bytes], path: str) -> bytes | None:
            asked.append(path)
            return files.get(path)

        for _, files, _ in [*PROJECTS, *ERRORS]:
            try:
                read(lambda path, files=files: ask(files, path))  # type: ignore[misc]
            except UnreadableProject:
                continue
        self.assertFalse([path for path in asked if path.startswith("/") or ".." in path.split("/") or "\\" in path])
        self.assertIn("lib/a.py", asked)

    def test_there_are_enough_of_them(self) -> None:
        """The table is the specification by example, and each row has a name."""
        abouts = [about for about, _, _ in [*PROJECTS, *ERRORS]]
        self.assertGreater(len(abouts), 120)
        self.assertEqual(len(set(abouts)), len(abouts))


class OriginTests(SynchronousTestCase):
    """The name that a repository gives."""

    def test_however_the_url_is_written(self) -> None:
        for (url, sub_path), name in ORIGINS.items():
            self.assertEqual(from_git_origin(url, sub_path), name, url)

    def test_no_name(self) -> None:
        for url in (
            "",
            "https://example.org",
            "https://example.org/",
            "..",
            "https://example.org/.git",
            "x/" + "y" * 300,
        ):
            self.assertRaises(UnreadableProject, from_git_origin, url, "")


def _spelled(own: ProjectMetadata | None) -> str:
    return f"{own.name} {own.version or '-'} {own.source}" if own else ""
