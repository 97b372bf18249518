"""The folder that is filled, the repository that is unpacked, and the regular expression that is run apart."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.folders import unpack as unpacking
from reqpi.cli.folders.output_folder import OutputFolder
from reqpi.cli.folders.unpack import unpack
from reqpi.cli.folders.written_file import write
from reqpi.cli.processes import bounded_regex
from reqpi.cli.processes.bounded_regex import matched
from reqpi.client import BadUsage


class OutputTests(SynchronousTestCase):
    """What is said of the files, and which of them stay."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())

    def names(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if not path.is_dir()}

    def test_what_does_not_belong_is_removed_at_the_end(self) -> None:
        """And not before: a run that fails leaves what was there."""
        output = OutputFolder(self.folder)
        for name in ("six.whl", "old.whl", f".{'a' * 64}.part"):
            (output.deps / name).write_text(name)
        (output.deps / "link").symlink_to("/nowhere")
        output = OutputFolder(self.folder)
        self.assertEqual(len(self.names()), 4)
        self.assertEqual(output.finish(b"bill", b"config", {"six.whl"}), [f".{'a' * 64}.part", "link", "old.whl"])
        self.assertEqual(self.names(), {"deps/pip/six.whl", "bom.json", ".build-config.json"})
        self.assertEqual((self.folder / "bom.json").read_bytes(), b"bill")
        output.finish(b"another bill", b"config", {"six.whl"})
        self.assertEqual((self.folder / "bom.json").read_bytes(), b"another bill")
        self.assertEqual((self.folder / "bom.json").stat().st_mode & 0o777, 0o644)

    def test_a_folder_among_the_files_is_left_alone_and_told(self) -> None:
        """Somebody made it by hand."""
        (self.folder / "deps/pip/mine").mkdir(parents=True)
        error = self.assertRaises(BadUsage, OutputFolder, self.folder)
        self.assertIn("is a folder among the fetched files", error.title)

    def test_nothing_is_written_or_removed_through_a_link(self) -> None:
        """The folder may belong to a source, which may come from anyone."""
        elsewhere = self.folder.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "mine").write_text("mine")
        output = OutputFolder(self.folder)
        for name in ("bom.json", ".build-config.json"):
            (self.folder / name).symlink_to(elsewhere.absolute() / "mine")
        output.finish(b"bill", b"config", ())
        self.assertEqual((self.folder / "bom.json").read_bytes(), b"bill")
        for link in (output.deps, output.deps.parent):
            link.rmdir()
            link.symlink_to(elsewhere.absolute())
            self.assertIn("symbolic link", self.assertRaises(BadUsage, OutputFolder, self.folder).title)
            link.unlink()
        self.assertEqual((elsewhere / "mine").read_text(), "mine")

    def test_what_is_no_file_is_written_as_it_is(self) -> None:
        """``-o /dev/null``, by root, leaves a device."""
        self.folder.mkdir()
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        write(pipe, b"bill")
        self.assertEqual(os.read(reader, 10), b"bill")
        self.assertTrue(pipe.is_fifo())
        self.assertRaises(BadUsage, write, self.folder, b"bill")

    def test_where_nothing_can_be_written(self) -> None:
        self.folder.write_text("")
        self.assertIn("cannot be written", self.assertRaises(BadUsage, OutputFolder, self.folder).title)


class UnpackTests(SynchronousTestCase):
    """A repository may have been made to write elsewhere."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)

    def archive(self, *members: tuple[str, str]) -> Path:
        """A ``.tar.gz`` of members: a path, and its content; a link's target after ``->``, a kind after ``!``."""
        path = self.folder / "archive.tar.gz"
        kinds = {"!fifo": tarfile.FIFOTYPE, "!device": tarfile.CHRTYPE}
        with tarfile.open(path, "w:gz") as archive:
            for name, content in members:
                member = tarfile.TarInfo(name)
                if content.startswith("->"):
                    member.type, member.linkname = tarfile.SYMTYPE, content[2:]
                elif content in kinds:
                    member.type = kinds[content]
                else:
                    member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content.encode()))
        return path

    def test_its_one_folder_takes_the_place_of_what_was_there(self) -> None:
        """Nothing is left of the work."""
        to = self.folder / "app"
        for content in ("one", "two"):
            left_out = unpack(self.archive(("top/a.txt", content), ("top/sub/link", "->../a.txt")), to)
            self.assertEqual(left_out, [])
            self.assertEqual((to / "sub/link").read_text(), content)
            (to / "of-before").touch()
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"app", "archive.tar.gz"})

    def test_what_leads_outside_is_left_out_and_told(self) -> None:
        members = (("top/a", "->/etc/passwd"), ("top/b", "->../../x"), ("top/c", "!device"), ("top/d", "x"))
        self.assertEqual(unpack(self.archive(*members), self.folder / "app"), ["a", "b", "c"])
        self.assertEqual([path.name for path in (self.folder / "app").iterdir()], ["d"])

    def test_nothing_is_written_outside(self) -> None:
        unpack(self.archive(("top/a", "x"), ("../evil", "x"), ("top/../../evil", "x")), self.folder / "app")
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"app", "archive.tar.gz"})

    def test_nothing_is_written_through_a_link(self) -> None:
        """Whether the link leads outside or not, and whatever comes first."""
        (self.folder / "else").mkdir()
        members = (
            ("top/a", "->../../else"),
            ("top/a/evil", "x"),
            ("top/b", "->sub"),
            ("top/b", "x"),
            ("top/sub/y", "x"),
        )
        self.assertEqual(unpack(self.archive(*members), self.folder / "app"), ["a", "b"])
        self.assertEqual(list((self.folder / "else").iterdir()), [])
        self.assertEqual((self.folder / "app/b").read_text(), "x")

    def test_a_link_leads_outside_by_where_it_leads_once_all_are_there(self) -> None:
        """What it passes may become a link later; and a path may be too long to be followed."""
        later = (("top/a", "->b/../x"), ("top/b", "->."), ("top/c", "->.."), ("top/d", f"->{'y/../' * 900}/etc"))
        self.assertEqual(unpack(self.archive(*later), self.folder / "app"), ["a", "c", "d"])
        deep = "/".join(["n" * 200] * 6)
        self.assertEqual(
            unpack(self.archive(("top/x", "x"), (f"top/{deep}/x", "x")), self.folder / "app"), [f"{deep}/x"]
        )

    def test_programs_can_be_run_and_nothing_has_more_rights_than_that(self) -> None:
        path = self.archive(("top/a", "x"))
        with tarfile.open(path, "w:gz") as archive:
            for name, mode in (("top/run", 0o6777), ("top/read", 0o4666)):
                member = tarfile.TarInfo(name)
                member.mode = mode
                archive.addfile(member)
        unpack(path, self.folder / "app")
        modes = [(self.folder / "app" / name).stat().st_mode & 0o7777 for name in ("run", "read")]
        self.assertEqual([mode & 0o7111 for mode in modes], [0o111 & modes[0], 0])
        self.assertTrue(modes[0] & 0o100)

    def test_what_is_no_archive_or_has_no_end_is_an_error(self) -> None:
        """And what was there before stays."""
        to = self.folder / "app"
        unpack(self.archive(("top/a", "x")), to)
        wrong = self.archive(("top/a", "x"), ("top/b", "x"))
        for largest, most, data in ((1, 9, None), (9, 1, None), (9, 9, b"nothing"), (9, 9, wrong.read_bytes()[:60])):
            self.patch(unpacking, "_LARGEST", largest)
            self.patch(unpacking, "_MOST_MEMBERS", most)
            if data is not None:
                wrong.write_bytes(data)
            self.assertIn("archive.tar.gz cannot be", self.assertRaises(BadUsage, unpack, wrong, to).title)
            self.assertEqual([path.name for path in to.iterdir()], ["a"])

    def test_two_folders_or_none_are_no_repository(self) -> None:
        for members in ([], [("a/x", "x"), ("b/x", "x")], [("a", "x")], [("a", "->.")]):
            error = self.assertRaises(BadUsage, unpack, self.archive(*members), self.folder / "app")
            self.assertIn("one folder at its top", error.title)


class MatchedTests(SynchronousTestCase):
    """A pattern that comes from an input."""

    def test_what_it_is_found_in(self) -> None:
        tags = {"manylinux_2_28_x86_64", "musllinux_1_2_x86_64", "win_amd64"}
        self.assertEqual(matched("^manylinux", tags, "x"), {"manylinux_2_28_x86_64"})
        self.assertEqual(matched("x86_64$", tags, "x"), tags - {"win_amd64"})
        self.assertEqual(matched("", tags, "x"), tags)

    def test_one_that_takes_for_ever_is_ended(self) -> None:
        """In words."""
        self.patch(bounded_regex, "_LONGEST", 1.0)
        error = self.assertRaises(BadUsage, matched, "(x+x+)+y", {"x" * 100}, '"platform"')
        self.assertIn("more than 1 seconds", error.title)
