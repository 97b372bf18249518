"""What fetched sdists contain is read once, and as it would be read later."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.hermeto_packages import SdistMetadata
from reqpi.cli.inputs.needed_crates import SdistLocks, needed_crates
from reqpi.client.listed_file import ListedFile
from tests.distributions import a_file
from tests.fake_upstream.distributions import build_sdist
from tests.rust_sdists import maturin_sdist


class ReadOnceTests(SynchronousTestCase):
    """Three sdists in a folder: with a Cargo.lock, without one although it needs Rust, and one that is broken."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        contents = {
            "shout-1.0.tar.gz": maturin_sdist().content,
            "open-1.0.tar.gz": build_sdist("open", "1.0", build_requires=["maturin"]),
            "broken-1.0.tar.gz": b"\x1f\x8b no archive",
            "plain-1.0.tar.gz": build_sdist("plain", "1.0"),
        }
        for name, content in contents.items():
            (self.folder / name).write_bytes(content)
        self.sdists = [ListedFile(name.partition("-")[0], name, "0" * 64) for name in contents]

    def test_the_needs_are_those_that_are_read_later(self) -> None:
        """Also the ones that are errors."""
        later, known = needed_crates(self.sdists, self.folder), SdistLocks(self.folder)
        for sdist in self.sdists:
            known.read(sdist)
            (self.folder / sdist.name).unlink()
        self.assertEqual(needed_crates(self.sdists, self.folder, (), known), later)
        self.assertEqual(([*later.locks], [*later.unpinned]), (["shout-1.0.tar.gz"], ["open-1.0.tar.gz"]))

    def test_the_metadata_is_that_which_is_read_later(self) -> None:
        files = [a_file(sdist.filename, b"", sdist.project) for sdist in self.sdists]
        later = [SdistMetadata(self.folder).of(file) for file in files]
        known = SdistMetadata(self.folder)
        for sdist in self.sdists:
            known.read(sdist)
            (self.folder / sdist.name).unlink()
        self.assertEqual([known.of(file) for file in files], later)
        self.assertEqual([metadata is None for metadata in later], [False, False, True, False])

    def test_a_file_that_is_gone_is_read_by_those_who_need_it(self) -> None:
        """They report it."""
        known = SdistLocks(self.folder)
        known.read(ListedFile("gone", "gone-1.0.tar.gz", "0" * 64))
        with self.assertRaises(FileNotFoundError):
            known.of(ListedFile("gone", "gone-1.0.tar.gz", "0" * 64))
