"""A malicious server sends our client any archive."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.folders.received_archive import received
from reqpi.cli.inputs.checked_listing import CheckedListing
from reqpi.client.errors import ClientError
from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.model import Commitment, Page
from tests.attacks.fuzzing import fuzz
from tests.attacks.lying_server import a_listed_file
from tests.attacks.test_server_archives import written

CONTENTS = {"six-1.0-py3-none-any.whl": b"wheel" * 100, "six-1.0.tar.gz": b"sdist" * 200}
LOCK = b"six==1.0 " + b" ".join(b"--hash=sha256:" + sha256(data).hexdigest().encode() for data in CONTENTS.values())

TYPES = [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, b"S", b"\0"]
NAMES = [*(f"wheelhouse/{name}" for name in CONTENTS), "wheelhouse/SHA256SUMS", "../x", "wheelhouse"]


def honest() -> bytes:
    return written([(_header(f"wheelhouse/{name}", len(data)), data) for name, data in CONTENTS.items()])


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.type = size, kind
    return header


HONEST = honest()
PATCHES = st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.binary(min_size=1, max_size=12)), max_size=6)
HEADERS = st.builds(
    lambda name, size, kind: _header(name, size, kind).tobuf(tarfile.GNU_FORMAT, errors="surrogateescape"),
    st.sampled_from(NAMES),
    st.integers(0, 3000) | st.integers(0, 1 << 40),
    st.sampled_from(TYPES),
)


class ArchiveFuzzTests(SynchronousTestCase):
    """An archive is either exactly the files of the lock, or an error of the client."""

    def setUp(self) -> None:
        lock = locks.read(LOCK)
        six = canonicalize_name("six")
        files = tuple(a_listed_file(name, data, "six") for name, data in CONTENTS.items())
        self.listing = CheckedListing(Commitment(address_of(LOCK), lock), {six: Page(six, files)})
        self.files = files
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = Path(folder.name) / "a.tar"

    def take(self, archive: bytes) -> None:
        """Receive an archive; what is received has the bytes that the lock names."""
        self.place.write_bytes(archive)
        try:
            taken = received(self.place, self.listing, self.files)
        except ClientError as error:
            str(error)
            return
        for name, data in CONTENTS.items():
            start, size = taken.members[name]
            self.assertEqual(archive[start : start + size], data)

    def test_the_honest_archive_is_received(self) -> None:
        self.place.write_bytes(HONEST)
        self.assertEqual(received(self.place, self.listing, self.files).members.keys(), CONTENTS.keys())

    def test_any_bytes(self) -> None:
        fuzz(self.take, st.binary(max_size=2000), examples=100)

    def test_an_honest_archive_with_other_bytes_in_it(self) -> None:
        def attack(patches: list[tuple[int, bytes]], end: int) -> None:
            archive = bytearray(HONEST)
            for at, data in patches:
                archive[at : at + len(data)] = data
            self.take(bytes(archive[: len(archive) - end]))

        fuzz(attack, PATCHES, st.integers(0, 600), examples=200)

    def test_headers_before_and_behind_the_honest_members(self) -> None:
        def attack(before: list[bytes], behind: list[bytes]) -> None:
            members = HONEST.rstrip(b"\0")
            members += bytes(-len(members) % tarfile.BLOCKSIZE)
            self.take(b"".join((*before, members, *behind, bytes(1024))))

        fuzz(attack, st.lists(HEADERS, max_size=3), st.lists(HEADERS, max_size=3), examples=200)

    def test_a_member_that_is_written_out_in_other_tar_formats(self) -> None:
        for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
                for name, data in CONTENTS.items():
                    archive.addfile(_header(f"wheelhouse/{name}", len(data)), io.BytesIO(data))
            self.take(out.getvalue())
