"""The release that an sdist claims to be."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata import ReleaseIdentity, identity

INFO = b"Metadata-Version: 2.1\nName: Six_Seven\nVersion: 1.0\n\nText\n"
SIX = ReleaseIdentity(canonicalize_name("six-seven"), Version("1.0"))


def a_tar(*members: tuple[str, bytes], mode: str = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def a_zip(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


class IdentityTests(SynchronousTestCase):
    """Name and version come from the PKG-INFO at the top, and from nowhere else."""

    def test_however_it_is_packed(self) -> None:
        member = ("six-1.0/PKG-INFO", INFO)
        for mode in ("w", "w:gz", "w:bz2", "w:xz"):
            self.assertEqual(identity(a_tar(member, mode=mode), "six-1.0.tar"), SIX)
        self.assertEqual(identity(a_zip(member), "six-1.0.zip"), SIX)

    def test_an_archive_of_a_repository_says_nothing(self) -> None:
        for members in (
            [("six-abc/setup.py", b"")],
            [("six-abc/src/six.egg-info/PKG-INFO", INFO)],
            [("PKG-INFO", INFO)],
        ):
            self.assertIsNone(identity(a_tar(*members), "six.tar.gz"))

    def test_what_cannot_be_read_says_nothing(self) -> None:
        for data in (b"", b"nonsense", gzip.compress(b"nonsense"), b"PK\x03\x04"):
            for filename in ("six.tar.gz", "six.zip"):
                self.assertIsNone(identity(data, filename))

    def test_a_name_or_a_version_that_is_none_says_nothing(self) -> None:
        for info in (b"", b"Name: six\n", b"Version: 1.0\n", b"Name: ../x\nVersion: 1.0\n", b"Name: six\nVersion: x\n"):
            self.assertIsNone(identity(a_tar(("six/PKG-INFO", info)), "six.tar.gz"))

    def test_a_bomb_is_not_unpacked(self) -> None:
        bomb = a_tar(("six/PKG-INFO", b"Name: six\nVersion: 1.0\n" + b"x" * (64 << 20)))
        self.assertIsNone(identity(bomb, "six.tar.gz"))

    def test_a_zip_archive_that_takes_too_much_memory_says_nothing(self) -> None:
        """Memory for entries, which take ten times their size in the archive, or for a compression."""
        names = [(f"{number}{'x' * 60_000}", b"") for number in range(150)]
        self.assertIsNone(identity(a_zip(("six-1.0/PKG-INFO", INFO), *names), "six.zip"))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("six-1.0/PKG-INFO", INFO)
        self.assertIsNone(identity(file.getvalue(), "six.zip"))
