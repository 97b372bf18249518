"""Core metadata out of wheels, whole and by ranges."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata import wheel as metadata
from reqpi.core.metadata import zip_ranges
from reqpi.core.metadata.wheel import BrokenWheel, LazyWheel, wheel_metadata

FOO = canonicalize_name("foo.bar")
FILENAME = "foo_bar-1.0-py3-none-any.whl"
INFO = "foo_bar-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: foo.bar\nVersion: 1.0\n\n" + b"A description.\n" * 200

Member = tuple[str, bytes]


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def archive(
    *members: Member, compression: int = zipfile.ZIP_DEFLATED, comment: bytes = b"", zip64: bool = False
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        opened.comment = comment
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            with opened.open(entry, "w", force_zip64=zip64) as member:
                member.write(content)
    return buffer.getvalue()


def info(content: bytes = METADATA) -> list[Member]:
    return [(f"{INFO}/METADATA", content), (f"{INFO}/WHEEL", b"Wheel-Version: 1.0\n"), (f"{INFO}/RECORD", b"")]


def modules(count: int, size: int = 100) -> list[Member]:
    return [(f"foo_bar/some_package/module_{number:05}.py", noise(size)) for number in range(count)]


def read(wheel: bytes) -> bytes:
    return wheel_metadata(io.BytesIO(wheel), FILENAME, FOO)


def lazily(wheel: bytes) -> tuple[bytes | None, list[tuple[int, int]]]:
    lazy = LazyWheel(len(wheel), FILENAME, FOO)
    ranges = []
    while (needed := lazy.needs()) is not None:
        ranges.append(needed)
        lazy.fill(needed[0], wheel[slice(*needed)])
    return lazy.metadata, ranges


class WholeWheels(SynchronousTestCase):
    """The metadata is the METADATA of the one .dist-info directory, byte for byte."""

    def test_any_ordinary_wheel_is_read(self) -> None:
        for wheel in (
            archive(*modules(3), *info()),
            archive(*info(), *modules(3)),
            archive(*modules(3), *info(), compression=zipfile.ZIP_STORED),
            archive(*modules(3), *info(), zip64=True),
            archive(*modules(3), *info(), comment=b"a comment" * 1000),
            b"#!/usr/bin/env python\n" * 10 + archive(*modules(3), *info()),
        ):
            self.assertEqual(read(wheel), METADATA)

    def test_the_directorys_spelling_does_not_matter(self) -> None:
        for name in ("Foo.Bar-1.0", "foo-bar-1.0", "FOO__BAR-1.0"):
            self.assertEqual(read(archive((f"{name}.dist-info/METADATA", METADATA))), METADATA)

    def test_a_directory_deeper_down_does_not_count(self) -> None:
        self.assertEqual(read(archive(("foo_bar/_vendor/six-1.0.dist-info/METADATA", b"no"), *info())), METADATA)

    def test_real_files_are_read_as_well(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.write(archive(*modules(3), *info()))
            self.assertEqual(wheel_metadata(file, FILENAME, FOO), METADATA)


class BrokenWheels(SynchronousTestCase):
    """A wheel without metadata that can be trusted is broken, and the error says how."""

    def check(self, wheel: bytes, message: str) -> None:
        error = self.assertRaises(BrokenWheel, read, wheel)
        self.assertIn(message, str(error))
        self.assertIn(FILENAME, error.title)

    def test_no_archive(self) -> None:
        for wheel in (b"", b"PK", b"<html>not found</html>" * 100, noise(100_000), archive(*info())[:-30]):
            self.check(wheel, "broken archive")

    def test_no_dist_info(self) -> None:
        self.check(archive(*modules(2)), "has: none")

    def test_two_dist_infos(self) -> None:
        self.check(archive(*info(), ("six-1.0.dist-info/METADATA", b"")), "foo_bar-1.0.dist-info, six-1.0.dist-info")

    def test_another_projects_dist_info(self) -> None:
        self.check(archive(("six-1.0.dist-info/METADATA", b"")), "'six-1.0.dist-info'")

    def test_no_metadata(self) -> None:
        self.check(archive(*info()[1:]), "no METADATA")

    def test_damaged_metadata(self) -> None:
        wheel = bytearray(archive(*info(), compression=zipfile.ZIP_STORED))
        wheel[100] ^= 1
        self.check(bytes(wheel), "Bad CRC-32")

    def test_encryption(self) -> None:
        wheel = bytearray(archive(*info()))
        wheel[wheel.index(b"PK\x01\x02") + 8] |= 1
        self.check(bytes(wheel), "encrypted")

    def test_compression_that_cannot_be_bounded(self) -> None:
        for compression in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            self.check(archive(*info(), compression=compression), f"compression ({compression})")

    def test_a_bomb(self) -> None:
        self.check(archive(*info(bytes(metadata.MAX_METADATA + 1))), "more than 8388608 bytes")

    def test_a_bomb_that_says_it_is_none(self) -> None:
        """The central directory says 10 bytes; what comes out is cut there, and is not what the checksum says."""
        wheel = bytearray(archive(*info(bytes(10_000_000))))
        struct.pack_into("<L", wheel, wheel.index(b"PK\x01\x02") + 24, 10)
        self.check(bytes(wheel), "Bad CRC-32")

    def test_a_central_directory_out_of_proportion(self) -> None:
        self.patch(metadata, "MAX_ENTRIES", 10)
        self.check(archive(*modules(9), *info()), "more than 10 files")
        self.patch(zip_ranges, "MAX_DIRECTORY", 1000)
        self.check(archive(*modules(20), *info()), "more than 1000 bytes of central directory")

    def test_nothing_in_an_archive_gets_any_other_error_out(self) -> None:
        """Bytes changed one at a time, and pairs and words set to extremes, in all that is not content."""
        for zip64 in (False, True):
            wheel = archive(("a", b""), *info(b"x"), zip64=zip64)
            for position in range(len(wheel)):
                for patch in (b"\x00", b"\xff", b"\x7f\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff" * 8):
                    damaged = wheel[:position] + patch + wheel[position + len(patch) :]
                    with contextlib.suppress(BrokenWheel):
                        self.assertLessEqual(len(read(damaged)), 1)

    def test_zip64_cannot_cause_reads_elsewhere(self) -> None:
        wheel = archive(*info())
        end = wheel.rindex(b"PK\x05\x06")
        for count, size, offset in ((2**63, 2**63, 2**63), (1, 2**40, 0), (1, 0, 2**64 - 1), (2**64 - 1, 10, 0)):
            record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
            locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
            tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
            self.assertRaises(BrokenWheel, read, wheel[:end] + record + locator + tail)


class LazyWheels(SynchronousTestCase):
    """The metadata of a wheel of any size takes a few ranges and little more bytes than it must."""

    def check(self, wheel: bytes, ranges: int, most: int, expected: bytes = METADATA) -> None:
        found, asked = lazily(wheel)
        self.assertEqual(found, expected)
        self.assertEqual(len(asked), ranges, asked)
        self.assertLessEqual(sum(stop - start for start, stop in asked), most)

    def test_a_small_wheel_is_one_range(self) -> None:
        self.check(archive(*modules(10), *info()), 1, 10_000)

    def test_a_large_wheel_with_its_metadata_last_is_one_range(self) -> None:
        self.check(archive(("foo_bar/big.so", noise(3_000_000)), *modules(100), *info()), 1, zip_ranges.TAIL)

    def test_metadata_that_comes_first_takes_a_second_range(self) -> None:
        for zip64 in (False, True):
            self.check(archive(*info(), ("foo_bar/big.so", noise(3_000_000)), zip64=zip64), 2, zip_ranges.TAIL + 2000)

    def test_stored_metadata_takes_no_more(self) -> None:
        wheel = archive(*info(), ("foo_bar/big.so", noise(3_000_000)), compression=zipfile.ZIP_STORED)
        self.check(wheel, 2, zip_ranges.TAIL + len(METADATA) + 2000)

    def test_three_thousand_files_take_the_rest_of_the_central_directory(self) -> None:
        wheel = archive(*modules(3000), *info())
        directory = len(wheel) - wheel.index(b"PK\x01\x02")
        self.assertGreater(directory, zip_ranges.TAIL)
        self.check(wheel, 3, directory + 2000)
        self.check(archive(*info(), *modules(3000)), 3, directory + 2000)

    def test_a_long_description_takes_no_range_more(self) -> None:
        long = METADATA + noise(300_000)
        self.check(
            archive(*info(long), ("foo_bar/big.so", noise(1_000_000))), 2, zip_ranges.TAIL + 302_000 + 2000, long
        )

    def test_a_long_comment_takes_one_range_more(self) -> None:
        wheel = archive(("foo_bar/big.so", noise(1_000_000)), *info(), comment=b"c" * 60_000)
        self.check(wheel, 2, 66_000)

    def test_what_takes_too_many_bytes_is_given_up(self) -> None:
        self.patch(zip_ranges, "MAX_BYTES", 100_000)
        self.assertIsNone(lazily(archive(*modules(3000), *info()))[0])

    def test_an_upstream_that_sends_too_little_is_given_up(self) -> None:
        wheel = archive(("foo_bar/big.so", noise(1_000_000)), *info())
        lazy = LazyWheel(len(wheel), FILENAME, FOO)
        asked = 0
        while (needed := lazy.needs()) is not None:
            lazy.fill(needed[0], wheel[needed[0] : needed[0] + 10])
            asked += 1
        self.assertEqual((asked, lazy.metadata), (zip_ranges.MAX_RANGES, None))

    def test_an_empty_file_needs_nothing(self) -> None:
        self.assertEqual(lazily(b""), (None, []))

    def test_a_broken_wheel_is_found_out(self) -> None:
        lazy = LazyWheel(100_000, FILENAME, FOO)
        fill: Callable[[int, bytes], None] = lazy.fill
        self.assertEqual(lazy.needs(), (100_000 - zip_ranges.TAIL, 100_000))
        # Where an archive may have a comment, its end may be 64 KiB before the file's.
        fill(100_000 - zip_ranges.TAIL, bytes(zip_ranges.TAIL))
        needed = lazy.needs()
        assert needed is not None
        self.assertRaises(BrokenWheel, fill, needed[0], bytes(needed[1] - needed[0]))
        self.assertIsNone(lazy.needs())
