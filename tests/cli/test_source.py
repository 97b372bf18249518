"""A source: which files a package has, what it is called, and that nothing outside is read."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.folders.source_tree import Source
from reqpi.cli.inputs.lock_files import LockHasDefects
from reqpi.client import BadUsage
from reqpi.core.errors import UnreadableProject
from reqpi.core.hermeto import FetchedPackage, InputPackage

COMMIT = "c" * 40
ORIGIN = '[remote "origin"]\n\turl = https://me:secret@example.org/team/tool.git\n'
PURL = f"vcs_url=git%2Bhttps://example.org/team/tool.git%40{COMMIT}"


class SourceCase(SynchronousTestCase):
    """A folder, and one beside it."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()  # in no repository
        self.addCleanup(folder.cleanup)
        self.outside = Path(folder.name)
        self.folder = self.outside / "source"
        self.folder.mkdir(parents=True)

    def write(self, path: str, text: str = "six==1.17.0\n") -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def refused(self, package: InputPackage) -> BadUsage:
        error = self.assertRaises(BadUsage, lambda: Source(self.folder).filled(package))
        assert isinstance(error, BadUsage)
        self.assertTrue(error.detail.endswith("."), error.detail)
        return error


class FilesTests(SourceCase):
    """Which files are fetched for."""

    def test_the_usual_ones_where_they_are(self) -> None:
        self.assertEqual(Source(self.folder).filled(InputPackage()), FetchedPackage(".", (), ()))
        self.write("requirements.txt")
        self.write("sub/requirements-build.txt")
        source = Source(self.folder)
        self.assertEqual(source.filled(InputPackage()), FetchedPackage(".", ("requirements.txt",), ()))
        self.assertEqual(source.filled(InputPackage("sub")), FetchedPackage("sub", (), ("requirements-build.txt",)))
        self.assertEqual(source.filled(InputPackage(".", ())), FetchedPackage(".", (), ()))

    def test_those_that_are_named_have_to_be_there(self) -> None:
        self.write("sub/a.txt")
        source = Source(self.folder)
        self.assertEqual(source.filled(InputPackage("sub", ("a.txt",), ())), FetchedPackage("sub", ("a.txt",), ()))
        self.assertIn("is missing", self.refused(InputPackage("sub", ("b.txt",))).title)
        self.assertIn("is missing", self.refused(InputPackage("sub", (), ("requirements-build.txt",))).title)
        self.assertIn("is not a folder", self.refused(InputPackage("other")).title)
        self.assertIn("is not a folder", self.refused(InputPackage("sub/a.txt")).title)
        self.assertIn("is not a folder", str(self.assertRaises(BadUsage, Source, self.folder / "other")))

    def test_no_symbolic_link_leads_outside(self) -> None:
        """Of a folder, of a file, and of the file that is the usual one; inside it may lead anywhere."""
        (self.outside / "secret.txt").write_text("six==1.17.0\n")
        (self.folder / "up").symlink_to("..")
        (self.folder / "link.txt").symlink_to("../secret.txt")
        (self.folder / "requirements.txt").symlink_to("link.txt")
        for package in (
            InputPackage("up"),
            InputPackage(".", ("link.txt",)),
            InputPackage(),
            InputPackage(".", ("up/secret.txt",)),
        ):
            self.assertIn("outside the source", self.refused(package).title)
        self.write("real/a.txt")
        (self.folder / "sub").symlink_to("real")
        self.assertEqual(Source(self.folder).filled(InputPackage("sub", ("a.txt",))).requirements_files, ("a.txt",))

    def test_what_they_name_is_taken_from_all_of_the_source_and_from_nowhere_else(self) -> None:
        self.write("sub/requirements.txt", "-r ../common.txt\n")
        self.write("common.txt")
        source = Source(self.folder)
        taken = source.taken(source.filled(InputPackage("sub")))
        assert taken is not None
        self.assertEqual([document.path for document in taken.documents], ["sub/requirements.txt", "common.txt"])
        (self.outside / "secret.txt").write_text("six==1.17.0\n")
        self.write("common.txt", "-r ../secret.txt\n")
        self.assertRaises(LockHasDefects, source.taken, source.filled(InputPackage("sub")))
        self.assertIsNone(source.taken(FetchedPackage(".", (), ())))

    def test_files_in_two_folders_are_committed_together(self) -> None:
        """The second is not below the folder of the first."""
        self.write("a/r.txt")
        self.write("b/r.txt")
        source = Source(self.folder)
        taken = source.taken(source.filled(InputPackage(".", ("a/r.txt", "b/r.txt"))))
        assert taken is not None
        self.assertEqual([document.path for document in taken.documents], ["a/r.txt", "b/r.txt"])


class NameTests(SourceCase):
    """What a package is called."""

    def repository(self, head: str, config: str = ORIGIN, **files: str) -> None:
        for path, text in {"HEAD": head, "config": config, **files}.items():
            self.write(f".git/{path}", text)

    def own(self, path: str = ".") -> tuple[str, str, str]:
        said = Source(self.folder).own(InputPackage(path))
        return said.name, said.version, said.purl

    def test_by_its_own_metadata(self) -> None:
        self.write("pyproject.toml", '[project]\nname = "Tool"\nversion = "1.0"\n')
        self.assertEqual(self.own(), ("Tool", "1.0", "pkg:pypi/tool@1.0"))

    def test_with_its_commit_where_that_is_known(self) -> None:
        """Detached, of a branch, or packed; a login is left out."""
        self.write("sub/pyproject.toml", '[project]\nname = "Tool"\nversion = "1.0"\n')
        packed = {"packed-refs": f"# pack-refs with: peeled\n{'b' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n"}
        for head, files in (
            (COMMIT, {}),
            ("ref: refs/heads/main\n", {"refs/heads/main": f"{COMMIT}\n"}),
            ("ref: refs/heads/main", packed),
        ):
            self.repository(head, **files)
            self.assertEqual(self.own("sub"), ("Tool", "1.0", f"pkg:pypi/tool@1.0?{PURL}#sub"))
            (self.folder / ".git/packed-refs").unlink(missing_ok=True)
            (self.folder / ".git/refs/heads/main").unlink(missing_ok=True)
        for head in ("ref: refs/heads/gone", "ref: refs/../../../x", "main", ""):
            self.repository(head)
            self.assertEqual(self.own("sub"), ("Tool", "1.0", "pkg:pypi/tool@1.0#sub"))

    def test_by_its_repository_and_the_path_in_it(self) -> None:
        """The source may be a part of the repository."""
        self.repository(COMMIT)
        self.write("packages/one/requirements.txt")
        self.assertEqual(self.own(), ("tool", "", f"pkg:pypi/tool?{PURL}"))
        self.assertEqual(self.own("packages/one")[0], "tool-packages-one")
        self.folder = self.folder / "packages"
        self.assertEqual(self.own("one")[0], "tool-packages-one")

    def test_an_origin_that_has_no_place_in_a_purl(self) -> None:
        """It is a folder of one machine, or not a URL; then the purl names the release and the path alone."""
        self.write("sub/pyproject.toml", '[project]\nname = "foo"\nversion = "1.0.0"\n')
        for url in (
            "/srv/git/tool.git",
            "../tool.git",
            "C:/git/tool.git",
            "https://[x/tool.git",
            "file:///srv/tool.git",
            "file:/srv/tool.git",
            "me:secret@example.org:team/tool.git",
            "git@[::1]:tool.git",
            "ssh:///team/tool.git",
        ):
            self.repository(COMMIT, f'[remote "origin"]\nurl = {url}\n')
            self.assertEqual(self.own("sub"), ("foo", "1.0.0", "pkg:pypi/foo@1.0.0#sub"), url)

    def test_an_origin_over_ssh_keeps_its_user_and_never_a_password(self) -> None:
        """The form that scp has is the same URL. Over https a user may be a token, so it is left out."""
        at = f"team/tool.git%40{COMMIT}"
        for url, shown in (
            ("git@example.org:team/tool.git", "ssh://git%40example.org/"),
            ("git@example.org:/team/tool.git", "ssh://git%40example.org/"),
            ("example.org:team/tool.git", "ssh://example.org/"),
            ("ssh://git@example.org/team/tool.git", "ssh://git%40example.org/"),
            ("ssh://git:secret@example.org:2222/team/tool.git", "ssh://git%40example.org:2222/"),
            ("git+ssh://git@example.org/team/tool.git", "ssh://git%40example.org/"),
            ("https://token@example.org/team/tool.git", "https://example.org/"),
        ):
            self.repository(COMMIT, f'[remote "origin"]\nurl = {url}\n')
            self.assertEqual(self.own(), ("tool", "", f"pkg:pypi/tool?vcs_url=git%2B{shown}{at}"), url)

    def test_of_a_worktree(self) -> None:
        """Whose configuration is that of the repository it is of."""
        main = self.outside / "main/.git"
        (main / "worktrees/x").mkdir(parents=True)
        (main / "config").write_text(ORIGIN)
        (main / "worktrees/x/commondir").write_text("../..\n")
        (main / "worktrees/x/HEAD").write_text(COMMIT)
        self.write(".git", f"gitdir: {main}/worktrees/x\n")
        self.assertEqual(self.own(), ("tool", "", f"pkg:pypi/tool?{PURL}"))

    def test_what_has_no_name_is_an_error(self) -> None:
        self.repository(COMMIT, "[core]\n")
        error = self.assertRaises(BadUsage, self.own)
        self.assertIn("has no name", error.title)
        self.assertIn("origin", error.detail)

    def test_metadata_outside_is_not_read(self) -> None:
        """Also not through a symbolic link."""
        self.repository(COMMIT)
        (self.outside / "VERSION").write_text("6.6.6")
        (self.folder / "VERSION").symlink_to("../VERSION")
        self.write("setup.cfg", "[metadata]\nname = tool\nversion = file: VERSION\n")
        self.assertRaises(BadUsage, self.own)
        self.write("setup.cfg", "[metadata]\nname = tool\nversion = file: ../VERSION\n")
        self.assertRaises(UnreadableProject, self.own)

    def test_a_pipe_is_no_file(self) -> None:
        """It would not end."""
        os.mkfifo(self.folder / "pyproject.toml")
        self.repository(COMMIT)
        self.assertEqual(self.own()[0], "tool")
