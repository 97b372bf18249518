"""A lock as one archive: the same bytes each time, any part of them by itself, and what tar reads is what went in."""

from __future__ import annotations

import io
import tarfile
import unittest
from hashlib import sha256

from reqpi.core.export import Wheelhouse, wheelhouse
from reqpi.core.model import File
from tests.distributions import a_file

CONTENTS = {
    "six-1.0.tar.gz": b"an sdist",
    "six-1.0-py3-none-any.whl": b"w" * 512,
    "six-1.0-cp312-cp312-win_amd64.whl": b"",
    f"six-1.0-py3-none-{'x' * 120}.whl": b"a long name" * 100,
}
REQUIREMENTS = b"six==1.0 --hash=sha256:0\n"


def files() -> list[tuple[File, int]]:
    return [(a_file(name, content), len(content)) for name, content in CONTENTS.items()]


def read(archive: Wheelhouse, start: int = 0, stop: int | None = None) -> bytes:
    pieces = []
    for stretch in archive.stretches(start, archive.size if stop is None else stop):
        content = stretch.data
        if stretch.file is not None:
            content = CONTENTS[stretch.file.filename][stretch.start : stretch.stop]
        pieces.append(content)
    return b"".join(pieces)


class WheelhouseTests(unittest.TestCase):
    """The members of the archive, and their places."""

    def test_tar_reads_what_was_put_in(self) -> None:
        data = read(wheelhouse(files(), REQUIREMENTS))
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = archive.getmembers()
            found = {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
        lines = [f"{sha256(REQUIREMENTS).hexdigest()}  requirements.txt"]
        lines += [f"{sha256(CONTENTS[name]).hexdigest()}  {name}" for name in sorted(CONTENTS)]
        expected = {"SHA256SUMS": "".join(f"{line}\n" for line in lines).encode(), "requirements.txt": REQUIREMENTS}
        self.assertEqual(found, {f"wheelhouse/{name}": data for name, data in (expected | CONTENTS).items()})
        self.assertEqual([member.name for member in members][2:], [f"wheelhouse/{name}" for name in sorted(CONTENTS)])
        for member in members:
            self.assertEqual((member.mtime, member.uid, member.gid, member.uname, member.mode), (0, 0, 0, "", 0o644))

    def test_it_is_as_long_as_it_says(self) -> None:
        archive = wheelhouse(files(), REQUIREMENTS)
        self.assertEqual(len(read(archive)), archive.size)
        self.assertEqual(archive.size % 10240, 0)
        self.assertEqual(len(read(wheelhouse([], b""))), wheelhouse([], b"").size)

    def test_any_order_and_repetition_give_the_same_bytes(self) -> None:
        one, other = wheelhouse(files(), REQUIREMENTS), wheelhouse(files()[::-1] + files()[:1], REQUIREMENTS)
        self.assertEqual((one.etag, read(one)), (other.etag, read(other)))
        self.assertNotEqual(one.etag, wheelhouse(files()[1:], REQUIREMENTS).etag)
        self.assertNotEqual(one.etag, wheelhouse(files(), b"").etag)

    def test_every_part_is_a_part_of_the_whole(self) -> None:
        archive = wheelhouse(files(), REQUIREMENTS)
        whole = read(archive)
        cuts = [
            0,
            1,
            511,
            512,
            513,
            1024,
            1500,
            2047,
            2048,
            2049,
            2561,
            4096,
            5000,
            7000,
            archive.size - 1,
            archive.size,
        ]
        for start in cuts:
            for stop in cuts:
                if start <= stop:
                    self.assertEqual(read(archive, start, stop), whole[start:stop], (start, stop))

    def test_a_size_beyond_eight_gibibytes(self) -> None:
        """Which an old tar header has no room for."""
        archive = wheelhouse([(a_file("six-1.0.tar.gz", b""), 1 << 34)], b"")
        head = b"".join(stretch.data for stretch in archive.stretches(0, 8192) if stretch.file is None)
        self.assertIn(b"size=17179869184\n", head)
