"""Several files on a command line, and the files that they name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from reqpi.core.address import address_of
from tests.cli.process import CommandTestCase


class TakenTestCase(CommandTestCase):
    """Files to name; and what the real ``sha256sum`` says of them."""

    def write(self, path: str, text: str = "six==1.17.0\n") -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def listed(self, *paths: str, below: str = ".") -> bytes:
        """``sha256sum`` of some files, in a folder."""
        done = subprocess.run(["sha256sum", *paths], cwd=self.folder / below, capture_output=True, check=True)
        return done.stdout

    def gethash(self, *files: str) -> tuple[int, str, str]:
        return self.run_reqpi("gethash", "--url", self.server.url, *files)


class GivenTests(TakenTestCase):
    """Files that the user named."""

    def test_the_recipe(self) -> None:
        """``sha256sum a b | sha256sum``, as the shell has it; nothing is said of what was named."""
        self.write("sub/b.txt")
        self.server.takes(self.listed("requirements.txt", "sub/b.txt"))
        recipe = "sha256sum requirements.txt sub/b.txt | sha256sum"
        found = subprocess.run(["sh", "-c", recipe], cwd=self.folder, capture_output=True, text=True, check=True)
        status, out, err = self.gethash("requirements.txt", "sub/b.txt")
        self.assertEqual((status, out.split("/")[3], err), (0, found.stdout.split()[0], ""))

    def test_paths_are_relative_to_the_folder_of_the_first(self) -> None:
        """Wherever the command runs, and however they are spelled."""
        self.write("p/a.txt")
        self.write("p/q/b.txt")
        index = self.server.takes(self.listed("a.txt", "q/b.txt", below="p"))
        for files in (
            ("p/a.txt", "p/q/b.txt"),
            ("./p//a.txt", "p/q/../q/b.txt"),
            (str(self.folder / "p/a.txt"), "p/q/b.txt"),
        ):
            self.assertEqual(self.gethash(*files), (0, f"{index}\n", ""))

    def test_options_may_stand_between_them(self) -> None:
        """Or behind."""
        self.write("b.txt")
        index = self.server.takes(self.listed("requirements.txt", "b.txt"))
        answer = self.run_reqpi("gethash", "requirements.txt", "--url", self.server.url, "b.txt")
        self.assertEqual(answer, (0, f"{index}\n", ""))

    def test_defects_and_warnings_name_the_file_as_the_user_would(self) -> None:
        """And count together."""
        self.write("p/a.txt")
        self.write("p/q/b.txt")
        problem = {"text": "", "problem": "no", "advice": ""}
        self.server.denies(
            problem | {"line": 1, "document": "a.txt"}, problem | {"line": 2, "document": "q/b.txt"}, problem
        )
        expected = "p/a.txt:1: no\np/q/b.txt:2: no\np/a.txt and 1 more: no\np/a.txt and 1 more: 3 defects\n"
        self.assertEqual(self.gethash("p/a.txt", "p/q/b.txt"), (1, "", expected))
        warnings = [{"line": 7, "text": "", "message": "hm", "document": "q/b.txt"}]
        self.server.takes(self.listed("a.txt", "q/b.txt", below="p"), warnings=warnings)
        self.assertEqual(self.gethash("p/a.txt", "p/q/b.txt")[2], "p/q/b.txt:7: warning: hm\n")

    def test_what_cannot_be_committed_together(self) -> None:
        """A usage error, and nothing is sent."""
        self.write("p/a.txt")
        self.write("x\ny.txt")
        for files, said in (
            (("requirements.txt", "-"), "standard input can only be committed alone"),
            (("requirements.txt", "./requirements.txt"), "specified twice"),
            (("p/a.txt", "requirements.txt"), "--allow-outside"),
            (("requirements.txt", "missing.txt"), "missing.txt cannot be read"),
            (("requirements.txt", "x\ny.txt"), "unprintable character"),
            (("requirements.txt",) * 101, "more than 100 files"),
        ):
            status, out, err = self.gethash(*files)
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn(said, err)
        self.assertEqual(self.server.seen, [])


class FollowedTests(TakenTestCase):
    """Files that a file names."""

    def test_they_are_committed_together_and_told(self) -> None:
        """Each once, in the order in which they are met, beside the file that names them; cycles end."""
        self.write("p/a.txt", "-r q/b.txt\n--constraint=c.txt\n-r a.txt\n")
        self.write("p/q/b.txt", "-r ../c.txt\n-r d.txt\n")
        self.write("p/c.txt", "-r a.txt\nsix==1.17.0\n")
        self.write("p/q/d.txt")
        index = self.server.takes(self.listed("a.txt", "q/b.txt", "c.txt", "q/d.txt", below="p"))
        told = "reqpi: together with p/q/b.txt, p/c.txt, p/q/d.txt\n"
        self.assertEqual(self.gethash("p/a.txt"), (0, f"{index}\n", told))

    def test_what_was_given_too_is_not_told(self) -> None:
        """The user's order is kept."""
        self.write("a.txt", "-r c.txt\n-r b.txt\n")
        self.write("b.txt")
        self.write("c.txt")
        index = self.server.takes(self.listed("a.txt", "b.txt", "c.txt"))
        self.assertEqual(self.gethash("a.txt", "b.txt"), (0, f"{index}\n", "reqpi: together with c.txt\n"))

    def test_a_url_is_nothing_to_follow(self) -> None:
        """The file is sent alone, and the server says what is wrong."""
        self.write("a.txt", "-r https://example.org/b.txt\n")
        self.server.denies({"line": 1, "text": "", "problem": "no", "advice": ""})
        self.assertEqual(self.gethash("a.txt"), (1, "", "a.txt:1: no\na.txt: 1 defect\n"))
        self.assertEqual(self.server.seen[0].body, b"-r https://example.org/b.txt\n")

    def test_standard_input_names_nothing(self) -> None:
        """It is in no folder."""
        index = self.server.takes(b"-r requirements.txt\n")
        answer = self.run_reqpi("gethash", "--url", self.server.url, "-", given="-r requirements.txt\n")
        self.assertEqual(answer, (0, f"{index}\n", ""))

    def test_every_file_that_cannot_be_taken_is_told(self) -> None:
        """With the line that names it; nothing is sent, and a pipe is not waited for."""
        self.write(
            "p/a.txt", "\n-r missing.txt\n-c ../requirements.txt\n-r q\n-r /x/a.txt\n-r pipe\n-r link.txt\n-r b.txt"
        )
        self.write("p/b.txt", "-r \0\n-r large.txt")
        (self.folder / "p/q").mkdir()
        os.mkfifo(self.folder / "p/pipe")
        (self.folder / "p/link.txt").symlink_to("../requirements.txt")
        with (self.folder / "p/large.txt").open("wb") as large:
            large.truncate((8 << 20) + 1)
        status, out, err = self.gethash("p/a.txt")
        self.assertEqual((status, out, self.server.seen), (1, "", []))
        for line in (
            r"p/a\.txt:2: .*No such file or directory: -r missing\.txt",
            r"p/a\.txt:3: this is outside .*: -c \.\./requirements\.txt\n    Use --allow-outside",
            r"p/a\.txt:4: this is not a regular file: -r q",
            r"p/a\.txt:5: an absolute path .*: -r /x/a\.txt",
            r"p/a\.txt:6: this is not a regular file: -r pipe",
            r"p/a\.txt:7: this is outside .*/requirements\.txt: -r link\.txt\n    Use --allow-outside",
            r"p/b\.txt:1: this cannot be read",
            r"p/b\.txt:2: this is larger than 8388608 bytes",
            r"p/a\.txt and 1 more: 8 defects",
        ):
            self.assertRegex(err, f"(?m)^{line}")

    def test_there_is_an_end(self) -> None:
        """Whatever a folder is made of."""
        for number in range(101):
            self.write(f"{number}.txt", f"-r {number + 1}.txt\n")
        expected = "99.txt:1: there are more than 100 documents: -r 100.txt\n0.txt and 99 more: 1 defect\n"
        self.assertEqual(self.gethash("0.txt"), (1, "", expected))
        (self.folder / "deeper").symlink_to(".")
        self.write("a.txt", "-r deeper/a.txt\n")
        self.assertRegex(self.gethash("a.txt")[2], r"^deeper/deeper/.*: Too many levels of symbolic links: ")

    def test_so_many_lines_that_cannot_be_followed(self) -> None:
        """They are not all looked at."""
        self.write("a.txt", "-r missing.txt\n" * 1000)
        self.assertTrue(self.gethash("a.txt")[2].endswith("a.txt: 100 defects\n"))


class AllowOutsideTests(TakenTestCase):
    """Where the user says so, paths begin in the folder that all files are in."""

    def test_what_is_named(self) -> None:
        """The recipe works there, and where that is, is told."""
        self.write("p/q/a.txt", "-r ../../b.txt\n-r c.txt\n")
        self.write("p/q/c.txt")
        self.write("b.txt")
        index = self.server.takes(self.listed("p/q/a.txt", "b.txt", "p/q/c.txt"))
        told = [
            "reqpi: together with b.txt, p/q/c.txt",
            "reqpi: paths are relative to .: p/q/a.txt, b.txt, p/q/c.txt",
        ]
        answer = self.gethash("--allow-outside", "p/q/a.txt")
        self.assertEqual(answer, (0, f"{index}\n", "\n".join([*told, ""])))

    def test_what_is_given(self) -> None:
        """Also."""
        self.write("p/a.txt")
        self.write("q/b.txt")
        index = self.server.takes(self.listed("p/a.txt", "q/b.txt"))
        told = "reqpi: paths are relative to .: p/a.txt, q/b.txt\n"
        self.assertEqual(self.gethash("--allow-outside", "p/a.txt", "q/b.txt"), (0, f"{index}\n", told))

    def test_nothing_changes_where_nothing_is_outside(self) -> None:
        """A symbolic link keeps its own path."""
        self.write("p/a.txt", "-r b.txt\n")
        (self.folder / "p/b.txt").symlink_to("../requirements.txt")
        index = self.server.takes(self.listed("a.txt", "b.txt", below="p"))
        answer = self.gethash("--allow-outside", "p/a.txt")
        self.assertEqual(answer, (0, f"{index}\n", "reqpi: together with p/b.txt\n"))


class OtherCommandTests(TakenTestCase):
    """``check`` and ``run`` take files as ``gethash`` does."""

    def setUp(self) -> None:
        super().setUp()
        self.write("requirements.in", "-c constraints.txt\nsix>=1.16\n")
        self.write("constraints.txt")
        self.address = address_of(self.listed("requirements.in", "constraints.txt"))

    def test_check(self) -> None:
        """A range is no defect where another document pins it."""
        expected = f"requirements.in and 1 more: 1 pin, 1 without digests, address {self.address}\n"
        told = "reqpi: together with constraints.txt\n"
        self.assertEqual(self.run_reqpi("check", "requirements.in"), (0, expected, told))
        self.assertEqual(self.run_reqpi("check", "requirements.in", "constraints.txt"), (0, expected, ""))

    def test_check_of_what_is_wrong(self) -> None:
        """In which file, and what cannot be followed."""
        self.write("constraints.txt", "\nidna\n")
        status, out, err = self.run_reqpi("check", "requirements.in")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"(?m)^constraints\.txt:2: .*: idna$")
        (self.folder / "constraints.txt").unlink()
        status, out, err = self.run_reqpi("check", "requirements.in")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"(?m)^requirements\.in:1: .*: -c constraints\.txt$")

    def test_run(self) -> None:
        """The command sees the index of all of them; what cannot be followed stops it."""
        index = self.server.takes(self.listed("requirements.in", "constraints.txt"))
        self.server.says(f"/{self.address}/refused", 200, {"refused": []})
        command = ("--", "sh", "-c", "echo $PIP_INDEX_URL")
        answer = self.run_reqpi("run", "-q", "--url", self.server.url, "requirements.in", "constraints.txt", *command)
        self.assertEqual(answer, (0, f"{index}\n", ""))
        (self.folder / "constraints.txt").unlink()
        status, out, _ = self.run_reqpi("run", "--url", self.server.url, "requirements.in", *command)
        self.assertEqual((status, out), (1, ""))
