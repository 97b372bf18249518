"""The crates next to fetched files: written strictly, and replaced as a whole."""

from __future__ import annotations

import json
import tarfile
import tomllib
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.folders.crates_folder import (
    has_crates,
    refuse_two_of_a_name,
    remove_crates,
    write_registry,
    write_vendored,
)
from reqpi.client import BadUsage
from reqpi.core.crates.crate_archive import BrokenCrate
from reqpi.core.crates.model import Crate
from tests.crates_registry import MadeCrate, build_crate, crate_of_members
from tests.rust_sdists import GREET, WORDS


class CratesFolderTestCase(SynchronousTestCase):
    """A folder, with verified files beside it."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = Path(folder.name) / "files"
        self.output = Path(folder.name) / "output"
        self.files.mkdir()
        self.output.mkdir()
        self.cargo = self.output / "deps" / "cargo"

    def stored(self, *made: MadeCrate, folder: Path | None = None) -> list[Crate]:
        place = folder or self.files
        place.mkdir(parents=True, exist_ok=True)
        for each in made:
            (place / each.filename).write_bytes(each.content)
        return [Crate(each.name, each.version, each.sha256) for each in made]

    def config(self) -> dict[str, dict[str, str]]:
        return dict(tomllib.loads((self.output / ".cargo" / "config.toml").read_text())["source"])


class VendoredTests(CratesFolderTestCase):
    """Crates as ``cargo vendor`` leaves them."""

    def vendor(self, *made: MadeCrate) -> None:
        write_vendored(self.stored(*made), self.files, self.output)

    def test_each_crate_is_a_folder_with_the_digests_of_its_files(self) -> None:
        self.vendor(GREET, WORDS)
        self.assertEqual({each.name for each in self.cargo.iterdir()}, {"made_greet-0.3.1", "made-words-1.0.2"})
        place = self.cargo / "made-words-1.0.2"
        sums = json.loads((place / ".cargo-checksum.json").read_text())
        self.assertEqual(sums["package"], WORDS.sha256)
        digest = sha256((place / "src" / "lib.rs").read_bytes()).hexdigest()
        self.assertEqual(sums["files"]["src/lib.rs"], digest)
        self.assertEqual(self.config()["vendored-sources"], {"directory": "deps/cargo"})
        self.assertTrue(has_crates(self.output))

    def test_the_crates_of_an_earlier_run_are_removed(self) -> None:
        self.vendor(GREET)
        self.vendor(WORDS)
        self.assertEqual([each.name for each in self.cargo.iterdir()], ["made-words-1.0.2"])
        self.assertEqual([each.name for each in self.cargo.parent.iterdir()], ["cargo"])
        remove_crates(self.output)
        self.assertFalse(has_crates(self.output) or self.cargo.exists())

    def test_files_that_are_for_git_are_left_out(self) -> None:
        self.vendor(build_crate("some", "1.0.0", files={".gitattributes": b"* export-subst", "a/.gitignore": b"*"}))
        place = self.cargo / "some-1.0.0"
        self.assertFalse((place / ".gitattributes").exists() or (place / "a" / ".gitignore").exists())

    def test_a_crate_that_breaks_a_rule_changes_nothing(self) -> None:
        self.vendor(GREET)
        for evil in (b"some-1.0.0/../../evil", b"/some-1.0.0/evil", b"other-1.0.0/evil"):
            broken = MadeCrate("some", "1.0.0", crate_of_members((evil.decode(), b"evil")))
            with self.assertRaises(BrokenCrate):
                self.vendor(broken)
        self.assertEqual([each.name for each in self.cargo.iterdir()], ["made_greet-0.3.1"])
        self.assertEqual({each.name for each in self.output.iterdir()}, {"deps", ".cargo"})

    def test_a_link_is_refused(self) -> None:
        link = tarfile.TarInfo("some-1.0.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        with self.assertRaises(BrokenCrate):
            self.vendor(MadeCrate("some", "1.0.0", crate_of_members(link)))

    def test_a_symbolic_link_in_place_of_the_folder_is_refused(self) -> None:
        elsewhere = self.output.parent / "elsewhere"
        elsewhere.mkdir()
        for name in ("deps", ".cargo"):
            (self.output / name).symlink_to(elsewhere)
            with self.assertRaises(BadUsage):
                self.vendor(GREET)
            (self.output / name).unlink()
        self.assertEqual(list(elsewhere.iterdir()), [])

    def test_two_crates_with_one_name_are_refused(self) -> None:
        one, other = Crate("a", "1.0.0", "0" * 64), Crate("a", "1.0.0", "1" * 64, "sparse+https://h/")
        refuse_two_of_a_name([one, one])
        with self.assertRaises(BadUsage):
            refuse_two_of_a_name([one, other])


class LocalRegistryTests(CratesFolderTestCase):
    """A registry of verified files."""

    def test_the_index_is_made_from_the_crates(self) -> None:
        crates = self.stored(GREET, WORDS, folder=self.cargo)
        write_registry(crates, self.output)
        line = json.loads((self.cargo / "index" / "ma" / "de" / "made_greet").read_text())
        self.assertEqual((line["cksum"], line["deps"][0]["name"]), (GREET.sha256, "made-words"))
        self.assertEqual((self.cargo / WORDS.filename).read_bytes(), WORDS.content)
        self.assertEqual(self.config()["vendored-sources"], {"local-registry": "deps/cargo"})

    def test_the_versions_of_a_crate_are_lines_of_one_file(self) -> None:
        crates = self.stored(WORDS, build_crate("made-words", "2.0.0"), folder=self.cargo)
        write_registry(crates, self.output)
        lines = (self.cargo / "index" / "ma" / "de" / "made-words").read_text().splitlines()
        self.assertEqual([json.loads(line)["vers"] for line in lines], ["1.0.2", "2.0.0"])

    def test_files_that_the_registry_does_not_need_are_removed(self) -> None:
        write_vendored(self.stored(GREET), self.files, self.output)
        write_registry(self.stored(WORDS, folder=self.cargo), self.output)
        self.assertEqual({each.name for each in self.cargo.iterdir()}, {WORDS.filename, "index"})
