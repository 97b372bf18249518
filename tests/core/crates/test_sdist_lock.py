"""Which sdists need Rust, and which of the Cargo.locks in an sdist counts."""

from __future__ import annotations

import os
import tarfile

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.sdist import SdistCargoLock, cargo_lock_in, needs_rust
from reqpi.core.metadata import BrokenSdist
from reqpi.core.metadata.sdist import LARGEST_FILE
from tests.core.metadata.test_pkg_info import a_tar, a_zip
from tests.crates_registry import crate_of_members


def found(data: bytes, subdirectory: str | None = None) -> SdistCargoLock | None:
    return cargo_lock_in(data, "x-1.0.tar.gz", subdirectory)


def path_in(*paths: str, subdirectory: str | None = None) -> str | None:
    """The path of the Cargo.lock that counts among these files, whether they are packed by tar or by zip."""
    members = [(path, path.encode()) for path in paths]
    tar, zipped = found(a_tar(*members), subdirectory), found(a_zip(*members), subdirectory)
    assert tar == zipped
    assert tar is None or tar.data == tar.path.encode()
    return tar and tar.path


class NeedsRustTests(SynchronousTestCase):
    """By the names of build requirements, as they are spelled in real sdists."""

    def test_maturin_and_setuptools_rust(self) -> None:
        for text in ("maturin", "maturin>=1.9,<2.0", "Maturin ; os_name", "setuptools-rust>=1.7.0", "setuptools_rust"):
            self.assertTrue(needs_rust(["wheel", text]), text)
        self.assertTrue(needs_rust([" maturin[patchelf]>=1"]))

    def test_other_requirements(self) -> None:
        for text in ("", "setuptools", "maturin-import-hook", "rust", "-maturin", "cffi ; extra == 'maturin'"):
            self.assertFalse(needs_rust([text]), text)
        self.assertFalse(needs_rust([]))


class WhichCountsTests(SynchronousTestCase):
    """The one nearest to the top, as Hermeto has it."""

    def test_the_nearest_to_the_top(self) -> None:
        """bcrypt has it in src/_bcrypt; orjson bundles crates, of which some have their own."""
        self.assertEqual(path_in("x/src/_x/Cargo.lock", "x/setup.py"), "x/src/_x/Cargo.lock")
        self.assertEqual(path_in("x/include/cargo/a/Cargo.lock", "x/Cargo.lock"), "x/Cargo.lock")
        self.assertEqual(path_in("x/Cargo.lock", "x/include/cargo/a/Cargo.lock"), "x/Cargo.lock")

    def test_the_first_by_name_of_several(self) -> None:
        self.assertEqual(path_in("x/b/Cargo.lock", "x/a/Cargo.lock", "x/c/Cargo.lock"), "x/a/Cargo.lock")

    def test_none(self) -> None:
        for path in ("x/setup.py", "Cargo.lock", "x/Cargo.lock.orig", "x/cargo.lock", "/Cargo.lock", "x/../Cargo.lock"):
            self.assertIsNone(path_in(path), path)

    def test_a_project_below_the_top_folder(self) -> None:
        """Its own counts first; a member of a workspace has that of the workspace."""
        below = "x/py/Cargo.lock", "x/py/rs/Cargo.lock", "x/Cargo.lock", "x/other/Cargo.lock"
        self.assertEqual(path_in(*below, subdirectory="py"), "x/py/Cargo.lock")
        self.assertEqual(path_in(*below[1:], subdirectory="./py/"), "x/py/rs/Cargo.lock")
        self.assertEqual(path_in(*below[2:], subdirectory="py"), "x/Cargo.lock")
        self.assertIsNone(path_in(*below[3:], subdirectory="py"))
        self.assertEqual(path_in("x/Cargo.lock", "x/a/Cargo.lock", subdirectory="a/b"), "x/a/Cargo.lock")

    def test_the_manifest_next_to_it(self) -> None:
        data = a_tar(("x/a/Cargo.toml", b"a"), ("x/Cargo.toml", b"x"), ("x/a/Cargo.lock", b""), ("x/Cargo.lock", b""))
        lock = found(data)
        assert lock
        self.assertEqual((lock.manifest, lock.folder), (b"x", "x"))
        self.assertEqual(getattr(found(a_tar(("x/Cargo.lock", b""))), "manifest", 1), None)


class HostileSdistTests(SynchronousTestCase):
    """Every archive ends in a Cargo.lock, in none, or in one clear error."""

    def test_links_do_not_count(self) -> None:
        for kind in (tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            link = tarfile.TarInfo("x/Cargo.lock")
            link.type, link.linkname = kind, "/etc/passwd"
            self.assertIsNone(found(crate_of_members(link)))

    def test_a_path_that_moves_the_cursor_does_not_count(self) -> None:
        """The path of the one that counts stands in messages."""
        self.assertIsNone(path_in("x/\x1b[2J/Cargo.lock", "x/\u202e/Cargo.lock"))

    def test_one_that_is_too_large_is_an_error_only_if_it_counts(self) -> None:
        large = ("x/a/Cargo.lock", b"#" * (LARGEST_FILE + 1))
        for data in (a_tar(large), a_zip(large)):
            error = self.assertRaises(BrokenSdist, found, data)
            self.assertIn("x/a/Cargo.lock is larger than", str(error))
        for data in (a_tar(large, ("x/Cargo.lock", b"")), a_zip(large, ("x/Cargo.lock", b""))):
            self.assertIsNotNone(found(data))

    def test_broken_archives(self) -> None:
        whole = a_tar(("x/Cargo.lock", os.urandom(5000)), ("x/y", os.urandom(5000)))
        zipped = a_zip(("x/Cargo.lock", os.urandom(5000)))
        for data in (b"", b"PK", b"\x1f\x8b", whole[:3000], zipped[:-20], zipped[:300]):
            if data:
                self.assertRaises(BrokenSdist, found, data)

    def test_manifests_are_kept_up_to_a_bound(self) -> None:
        large = [(f"x/a{number}/Cargo.toml", b"#" * (LARGEST_FILE - 1)) for number in range(12)]
        lock = found(a_tar(*large, ("x/Cargo.toml", b"x"), ("x/Cargo.lock", b"")))
        self.assertEqual(lock, SdistCargoLock("x/Cargo.lock", b"", b"x"))

    def test_of_a_zip_only_the_one_that_counts_is_unpacked(self) -> None:
        """The others may be thousands, each better than the one before, and broken."""
        broken = a_zip(*((f"x/{9999 - number}/Cargo.lock", b"y") for number in range(3000)), ("x/Cargo.lock", b"z"))
        self.assertEqual(found(broken.replace(b"y", b"w")), SdistCargoLock("x/Cargo.lock", b"z"))
