"""Archives are joined into one that every tool can read, with the same bytes however they came."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import UpstreamTrouble
from reqpi.upstream.git.packing import pack
from tests.fake_upstream import build_wheel


class PackTests(SynchronousTestCase):
    """Tar archives in, one ``.tar.gz`` out."""

    def tar(self, **files: bytes) -> Path:
        path = Path(self.mktemp())
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return path

    def packed(self, *archives: Path) -> bytes:
        out = io.BytesIO()
        pack(archives, out)
        return out.getvalue()

    def test_every_file_of_every_archive_is_in_it(self) -> None:
        """Of any length: empty, as long as a block, a byte more; and zeros at its end, which are no end."""
        sizes = (0, 1, 511, 512, 513, 65535, 65536, 200_000)
        contents = {f"f{size}": bytes(size) for size in sizes}
        data = self.packed(self.tar(**contents), self.tar(g=b"g" * 1000 + bytes(2048)), self.tar())
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            found = {member.name: archive.extractfile(member) for member in archive}
            read = {name: file.read() for name, file in found.items() if file}
        self.assertEqual(read, {**contents, "g": b"g" * 1000 + bytes(2048)})

    def test_it_says_nothing_of_time_or_machine(self) -> None:
        """Nothing but a gzip head of zeros, and the content as it is."""
        data = self.packed(self.tar(a=b"content"))
        self.assertEqual(data[:10], b"\x1f\x8b\x08" + bytes(6) + b"\xff")
        self.assertIn(b"content", data)
        self.assertEqual(len(gzip.decompress(data)) % 512, 0)

    def test_a_zip_archive_in_it_makes_no_zip_archive_of_it(self) -> None:
        """pip asks zipfile before it looks at the name."""
        data = self.packed(self.tar(**{"thing.whl": build_wheel("thing", "1.0")}))
        self.assertIn(b"PK\5\6", data)
        self.assertFalse(zipfile.is_zipfile(io.BytesIO(data)))

    def test_what_is_no_archive_or_half_of_one_is_trouble(self) -> None:
        """It would become a wrong file with a right digest."""
        whole = self.tar(a=b"x" * 5000).read_bytes()
        for data in (b"x" * 512, b"x" * 5, whole[:3000], whole[:124] + b"z" * 12 + whole[136:]):
            path = Path(self.mktemp())
            path.write_bytes(data)
            self.assertRaises(UpstreamTrouble, self.packed, path)

    def test_these_bytes_never_change(self) -> None:
        """An address has their digest: a server that fetches a commit again must come to the same ones."""
        digest = sha256(self.packed(self.tar(a=b"content", b=bytes(70_000)))).hexdigest()
        self.assertEqual(digest, "6bb830a1b7738d3d9fd371c234552ff1e9d2ca0451c893f9d9e3ddb3a0d5faef")
