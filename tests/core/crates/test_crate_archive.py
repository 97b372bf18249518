"""The members of a .crate: what is unpacked, and every kind of member that is refused."""

from __future__ import annotations

import json
import tarfile
from gzip import compress

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.crate_archive import BrokenCrate, cargo_checksum_json, crate_files, manifest_in
from reqpi.core.crates.model import Crate
from tests.crates_registry import build_crate, crate_of_members

FOO = Crate("foo", "1.0.0", "a" * 64)
MANIFEST = ("foo-1.0.0/Cargo.toml", b"x")


def member(name: str, kind: bytes, target: str = "", size: int = 0) -> tarfile.TarInfo:
    """A member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


class UnpackingTests(SynchronousTestCase):
    """What cargo writes is unpacked; anything else is refused, and the reason names the member."""

    def unpacked(self, *members: tuple[str, bytes] | tarfile.TarInfo) -> dict[str, bytes]:
        return {file.path: file.data for file in crate_files(crate_of_members(*members), FOO)}

    def refused(self, *members: tuple[str, bytes] | tarfile.TarInfo) -> str:
        error = self.assertRaises(BrokenCrate, self.unpacked, *members)
        self.assertEqual(error.title, "foo-1.0.0.crate cannot be unpacked")
        return error.detail

    def test_files_and_folders(self) -> None:
        folder = member("foo-1.0.0/src/", tarfile.DIRTYPE)
        unpacked = self.unpacked(member("foo-1.0.0/", tarfile.DIRTYPE), MANIFEST, folder, ("foo-1.0.0/src/a.rs", b"y"))
        self.assertEqual(unpacked, {"Cargo.toml": b"x", "src/a.rs": b"y"})

    def test_who_may_execute_a_file_is_kept(self) -> None:
        script = member("foo-1.0.0/configure", tarfile.REGTYPE)
        script.mode = 0o755
        (file,) = crate_files(crate_of_members(script), FOO)
        self.assertTrue(file.executable)

    def test_files_that_cargo_writes_itself_are_left_out(self) -> None:
        """A crate could bring a list of files that are then not checked, or a mark that it is complete."""
        own = [(f"foo-1.0.0/{name}", b"{}") for name in (".cargo-checksum.json", ".cargo-ok")]
        self.assertEqual(self.unpacked(MANIFEST, *own), {"Cargo.toml": b"x"})

    def test_names_beyond_the_crates_own_folder_are_refused(self) -> None:
        for name in ("bar-1.0.0/x", "x", "/etc/x", "foo-1.0.0", "../foo-1.0.0/x", "foo-1.0.0x/x", "./foo-1.0.0/x"):
            self.assertIn("is not inside its folder foo-1.0.0", self.refused((name, b"")), name)

    def test_paths_that_are_not_plain_are_refused(self) -> None:
        for path in ("../x", "a/../../x", "a//x", "./x", "a\\..\\x", "a\nb", "a\x1b[2Jb", "\u202ex", "x/" * 500 + "x"):
            self.assertIn("is not a plain path", self.refused((f"foo-1.0.0/{path}", b"")), path)

    def test_links_and_devices_are_refused(self) -> None:
        kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"9")
        for kind in kinds[:-1]:
            said = self.refused(MANIFEST, member("foo-1.0.0/x", kind, "Cargo.toml"))
            self.assertIn("'foo-1.0.0/x', which is neither a file nor a folder", said)

    def test_a_file_that_would_replace_another_is_refused(self) -> None:
        one, inside = ("foo-1.0.0/a", b""), ("foo-1.0.0/a/b", b"")
        for members in ((one, one), (one, inside), (inside, one), (one, member("foo-1.0.0/a", tarfile.DIRTYPE))):
            self.assertIn("twice, or as a file and a folder", self.refused(*members))

    def test_a_header_that_claims_too_much_is_refused(self) -> None:
        for size in (65 << 20, 1 << 40):
            data = crate_of_members(member("foo-1.0.0/x", tarfile.REGTYPE, size=size))
            self.assertRaises(BrokenCrate, list, crate_files(data, FOO))

    def test_more_than_two_megabytes_of_a_file_are_unpacked(self) -> None:
        """Crates with import libraries for Windows have such files."""
        self.assertEqual(len(self.unpacked(("foo-1.0.0/windows.lib", b"x" * (6 << 20)))["windows.lib"]), 6 << 20)

    def test_an_archive_that_unpacks_to_too_much_is_refused(self) -> None:
        content = compress(bytes(60 << 20), mtime=0)
        headers = [member(f"foo-1.0.0/{number}", tarfile.REGTYPE, size=60 << 20).tobuf() for number in range(9)]
        data = b"".join(compress(header, mtime=0) + content for header in headers)
        error = self.assertRaises(BrokenCrate, self.count, data)
        self.assertIn("decompresses to too much", error.detail)

    def count(self, data: bytes) -> int:
        return sum(1 for _ in crate_files(data, FOO))

    def test_what_is_no_archive_is_refused(self) -> None:
        whole = build_crate("foo", "1.0.0").content
        for data in (b"", b"x", b"BZh9", compress(b"x" * 2000), whole[:-40], whole[: len(whole) // 2], whole[8:]):
            self.assertRaises(BrokenCrate, list, crate_files(data, FOO))

    def test_the_manifest(self) -> None:
        self.assertEqual(manifest_in(crate_of_members(MANIFEST), FOO), b"x")
        error = self.assertRaises(BrokenCrate, manifest_in, crate_of_members(("foo-1.0.0/x", b"")), FOO)
        self.assertEqual(error.title, "foo-1.0.0.crate has no Cargo.toml")

    def test_the_checksum_file_names_the_package(self) -> None:
        self.assertEqual(json.loads(cargo_checksum_json("a" * 64)), {"files": {}, "package": "a" * 64})
