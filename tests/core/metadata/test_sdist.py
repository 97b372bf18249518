"""Finding the few files that say how an sdist is built, in as little of it as will do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata import BrokenSdist, Files, LazySdist, look, tar_members
from reqpi.core.metadata.sdist import FILES, wanted
from tests.bounded_work import bounded_work
from tests.core.metadata.test_pkg_info import a_tar, a_zip

THREE = tuple((f"six-1.0/{name}", name.encode()) for name in FILES)
FOUND = {name: name.encode() for name in FILES}
NOISE = os.urandom(1 << 20)


def all_three(files: Files) -> bool:
    return len(files) == 3


def seen(data: bytes, *, subdirectory: str | None = None, whole: bool = True) -> Files | None:
    return look(data, "six-1.0.tar.gz", subdirectory, all_three, whole=whole)


class TarTests(SynchronousTestCase):
    """A tar archive, or its beginning."""

    def test_however_it_is_packed(self) -> None:
        """By its bytes, not by its name."""
        for mode in ("w", "w:gz", "w:bz2", "w:xz"):
            self.assertEqual(seen(a_tar(("six-1.0/README", b"x" * 5000), *THREE, mode=mode)), FOUND, mode)
        plain = a_tar(*THREE, mode="w")
        self.assertEqual(seen(lzma.compress(plain, lzma.FORMAT_ALONE)), FOUND)
        self.assertEqual(seen(gzip.compress(plain[:700]) + gzip.compress(plain[700:]) + b"\0" * 512), FOUND)
        self.assertEqual(seen(bz2.compress(plain)), FOUND)

    def test_which_files_they_are(self) -> None:
        for path in ("six/setup.py", "./six/setup.py", "x/setup.cfg", "x/pyproject.toml"):
            self.assertEqual(wanted(path, None), path.rpartition("/")[2])
        for path in ("setup.py", "six/src/setup.py", "six/setup.pyc", "/setup.py", "./setup.py", ""):
            self.assertIsNone(wanted(path, None), path)
        self.assertEqual(wanted("six/python/lib/setup.py", "python/lib"), "setup.py")
        for path in ("six/setup.py", "six/python/setup.py", "six/python/library/setup.py"):
            self.assertIsNone(wanted(path, "python/lib"), path)

    def test_gzip_members_end_where_they_like(self) -> None:
        """At the end of what is unpacked at a time, too."""
        plain = a_tar(*THREE, mode="w")
        first, rest = gzip.compress(plain[:2048]), gzip.compress(plain[2048:])
        self.patch(tar_members, "_PIECE", len(first))
        self.assertEqual(seen(first + rest), FOUND)
        self.assertEqual(seen(first + rest + b"\0" * 3 * len(first)), FOUND)

    def test_the_beginning_is_enough_where_they_are_in_it(self) -> None:
        data = a_tar(*THREE, ("six-1.0/large", NOISE))
        self.assertEqual(seen(data[: 1 << 16], whole=False), FOUND)

    def test_the_beginning_is_not_enough_where_they_are_not(self) -> None:
        data = a_tar(*THREE[:2], ("six-1.0/large", NOISE), *THREE[2:])
        for length in (0, 1, 20, 100, 1 << 16, len(data) - 2000):
            self.assertIsNone(seen(data[:length], whole=False), length)
        self.assertEqual(seen(data), FOUND)

    def test_all_of_it_may_have_none(self) -> None:
        self.assertEqual(seen(a_tar(("six-1.0/README", b""))), {})

    def test_a_link_is_no_file(self) -> None:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
                member = tarfile.TarInfo("six/setup.py")
                member.type, member.linkname = kind, "/etc/passwd"
                archive.addfile(member)
        self.assertEqual(seen(file.getvalue()), {})

    def test_a_large_one_is_not_read(self) -> None:
        self.assertEqual(seen(a_tar(("six/setup.py", b"x" * (1 << 20)), ("six/setup.cfg", b"x" * (1 << 20 | 1)))),
                         {"setup.py": b"x" * (1 << 20), "setup.cfg": None})  # fmt: skip

    def test_what_is_broken_is_told(self) -> None:
        whole = a_tar(*THREE)
        for data in (b"", b"nonsense" * 100, whole[:-40], b"\x1f\x8b" + b"x" * 50, b"BZh9" + b"x" * 50, b"\xfd7zXZ\0x"):
            with self.assertRaises(BrokenSdist):
                seen(data)


class HostileTests(SynchronousTestCase):
    """Archives that were made to hurt."""

    def refused(self, data: bytes, words: str = "") -> None:
        with bounded_work(), self.assertRaises(BrokenSdist) as caught:
            seen(data)
        self.assertIn(words, caught.exception.detail)
        self.assertIsNone(seen(data, whole=False))

    def test_a_bomb_is_not_unpacked(self) -> None:
        """A gigabyte of nothing, in a megabyte or less."""
        self.patch(tar_members, "_UNPACKED", 16 << 20)
        plain = a_tar(("six/zeros", b"\0" * (17 << 20)), mode="w")
        for packed in (gzip.compress(plain), bz2.compress(plain), lzma.compress(plain)):
            self.assertLess(len(packed), 1 << 17)
            self.refused(packed, "it decompresses to too much")

    def test_a_size_that_no_archive_has(self) -> None:
        """tarfile would pass over so many blocks one by one."""
        for size in (1 << 62, 1 << 40, -(1 << 62)):
            member = tarfile.TarInfo("six/large")
            member.size = size
            self.refused(member.tobuf(tarfile.GNU_FORMAT) + b"x" * 4096)

    def test_a_header_that_says_how_long_it_is(self) -> None:
        """It would be read at once."""
        for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
            member = tarfile.TarInfo("six/large")
            member.type, member.size = kind, 1 << 28
            self.refused(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + b"\0" * (4 << 20)))

    def test_a_map_of_a_sparse_file_that_does_not_end(self) -> None:
        """Each of its blocks would be kept, as objects: gigabytes of them, from a megabyte."""
        member = tarfile.TarInfo("six/sparse")
        member.type = tarfile.GNUTYPE_SPARSE
        header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
        header[482] = 1  # the map goes on in the next block
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        block = b"".join(b"%011o\0%011o\0" % (1000 + n, 1000 + n) for n in range(21)) + b"\1" + b"\0" * 7
        self.refused(gzip.compress(bytes(header) + block * 8192), "one of its members is too large")

    def test_headers_for_all_that_follow_are_not_kept(self) -> None:
        """They would pile up, and each member would have a copy."""
        plain = b"".join(
            tarfile.TarInfo.create_pax_global_header({f"k{number}": "x"}) + tarfile.TarInfo(f"six/{number}").tobuf()
            for number in range(3)
        )
        headers = [dict(archive.pax_headers) for _, archive in tar_members.members(plain + b"\0" * 1024)]
        self.assertEqual(headers, [{"k0": "x"}, {"k1": "x"}, {"k2": "x"}])

    def test_gzip_members_without_end(self) -> None:
        """Each of twenty bytes, and of nothing."""
        self.patch(tar_members, "MOST_MEMBERS", 100)
        self.refused(gzip.compress(b"") * 200, "too many gzip members")

    def test_more_members_than_any_project_has(self) -> None:
        self.patch(tar_members, "MOST_MEMBERS", 100)
        self.refused(a_tar(*((f"six/{n}", b"") for n in range(101)), *THREE), "it has too many members")
        self.assertEqual(seen(a_tar(*((f"six/{n}", b"") for n in range(90)), *THREE)), FOUND)

    def test_xz_that_wants_all_the_memory(self) -> None:
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 192 << 20}]
        self.refused(lzma.compress(b"x", filters=filters))


class ZipTests(SynchronousTestCase):
    """A zip archive, of which a few ranges are enough."""

    def lazily(self, data: bytes, subdirectory: str | None = None) -> tuple[Files | None, int, int]:
        """Return what was found, the number of ranges, and their bytes."""
        lazy = LazySdist(len(data), "six-1.0.zip", subdirectory, all_three)
        ranges = taken = 0
        while (needed := lazy.needs()) is not None:
            ranges += 1
            taken += needed[1] - needed[0]
            lazy.fill(needed[0], data[slice(*needed)])
        return lazy.found, ranges, taken

    def test_a_few_ranges_are_enough(self) -> None:
        data = a_zip(THREE[0], ("six-1.0/large", NOISE), THREE[1], ("six-1.0/larger", NOISE), THREE[2])
        found, ranges, taken = self.lazily(data)
        self.assertEqual((found, ranges), (FOUND, 3))
        self.assertLess(taken, 40_000)

    def test_one_in_a_folder_of_it(self) -> None:
        found, *_ = self.lazily(a_zip(("six/a/setup.py", b"a"), ("six/setup.py", b"b")), "a")
        self.assertEqual(found, {"setup.py": b"a"})

    def test_what_is_broken_is_told(self) -> None:
        for data in (b"nonsense" * 1000, a_zip(*THREE)[:-30]):
            with self.assertRaises(BrokenSdist):
                self.lazily(data)

    def test_a_large_one_is_not_read(self) -> None:
        found, *_ = self.lazily(a_zip(("six/setup.py", b"x" * (1 << 20 | 1))))
        self.assertEqual(found, {"setup.py": None})
