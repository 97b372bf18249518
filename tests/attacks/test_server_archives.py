"""A malicious server: the archive of ``reqpi wheelhouse --url`` has members that no archive of ReqPI has."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from hashlib import sha256

from tests.attacks.case import CONTENTS, ServerCase
from tests.fake_upstream import build_wheel

WHEEL = "six-1.0-py3-none-any.whl"


class ArchiveTests(ServerCase):
    """The list of files is right, and the archive is not."""

    def setUp(self) -> None:
        super().setUp()
        self.honest = self.liar.archive()

    def members(self) -> list[tuple[tarfile.TarInfo, bytes]]:
        """The members of an honest archive."""
        with tarfile.open(fileobj=io.BytesIO(self.honest)) as archive:
            return [(member, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]

    def archive_with(self, name: str, data: bytes = b"", **fields: object) -> bytes:
        """An honest archive, and a member more."""
        member = tarfile.TarInfo(name)
        member.size = len(data)
        for field, value in fields.items():
            setattr(member, field, value)
        return written([*self.members(), (member, data)])

    def assert_refused(self, archive: bytes, named: str, *options: str) -> None:
        self.liar.send_archive(archive)
        status, err = self.reqpi(*self.command("wheelhouse"), *options)
        self.assertEqual((status, self.left()), (3, set()), (named, err))
        self.assertIn(named, err)

    def test_the_truth_is_accepted_as_it_is(self) -> None:
        """The lists in the archive are the client's own, so that they do not depend on the server."""
        self.assertIn(b"# as the server says", self.honest)
        status, err = self.reqpi(*self.command("wheelhouse"))
        self.assertEqual(status, 0, err)
        with tarfile.open(self.folder / "a.tar") as archive:
            archive.extractall(self.folder, filter="data")
        bundle = self.folder / "wheelhouse"
        self.assertEqual({path.name for path in bundle.iterdir()}, {*CONTENTS, "SHA256SUMS", "requirements.txt"})
        requirements = (bundle / "requirements.txt").read_bytes()
        self.assertNotIn(b"as the server says", requirements)
        self.assertEqual(requirements.count(b"--hash=sha256:"), 3)
        for line in (bundle / "SHA256SUMS").read_text().splitlines():
            digest, name = line.split("  ")
            self.assertEqual(sha256((bundle / name).read_bytes()).hexdigest(), digest)

    def test_members_that_are_not_files_of_the_lock(self) -> None:
        """The server adds a member with a name that leads out, a link, a device, a folder, or another file."""
        for name in ("../x", "/etc/x", "wheelhouse/../x", "x", "wheelhouse", "wheelhouse/a/b", "wheelhouse/.", "./x"):
            self.assert_refused(self.archive_with(name, b"x"), f"{name} is not the name of a file in wheelhouse/")
        for name in ("wheelhouse/evil-1.0-py3-none-any.whl", "wheelhouse/x\x1b[2J", "wheelhouse/..whl"):
            self.assert_refused(self.archive_with(name, b"x"), "must not be in it")
        for kind in (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE,
                     tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE):  # fmt: skip
            archive = self.archive_with("wheelhouse/x", type=kind, linkname="/etc/passwd")
            self.assert_refused(archive, "is not a regular file")

    def test_a_member_that_is_repeated(self) -> None:
        """The server sends a file twice, or a list twice: which one counts depends on who unpacks."""
        for name in (WHEEL, "requirements.txt", "SHA256SUMS"):
            data = CONTENTS.get(name, b"")
            self.assert_refused(self.archive_with(f"wheelhouse/{name}", data), f"{name} is twice in it")

    def test_a_file_that_is_missing(self) -> None:
        """The server leaves out one file, all files, or everything."""
        kept = [member for member in self.members() if not member[0].name.endswith(WHEEL)]
        self.assert_refused(written(kept), f"it lacks {WHEEL}")
        self.assert_refused(written(kept[:2]), "it lacks idna-3.1-py3-none-any.whl (and 2 more)")
        self.assert_refused(written([]), "it is empty")
        self.assert_refused(b"", "did not send a tar archive")

    def test_other_bytes(self) -> None:
        """The server sends other bytes under the name of a file."""
        evil = build_wheel("six", "1.0", files={"six.py": b"raise SystemExit"})
        changed = [(member, evil if member.name.endswith(WHEEL) else data) for member, data in self.members()]
        for member, data in changed:
            member.size = len(data)
        self.assert_refused(written(changed), f"wrong bytes for {WHEEL}")

    def test_headers_that_do_harm(self) -> None:
        """The server sends long, nested, compressed, cut and sparse headers, and a size below zero."""
        headers = [tarfile.TarInfo("x") for _ in range(3000)]
        for header in headers:
            header.type = tarfile.XHDTYPE
        nested = b"".join(header.tobuf(tarfile.USTAR_FORMAT) for header in headers)
        long = tarfile.TarInfo("x")
        long.type, long.size = tarfile.XHDTYPE, 1 << 33
        records = tarfile.TarInfo("wheelhouse/x")
        records.pax_headers = {"GNU.sparse.map": "0,1,9999999999,1", "GNU.sparse.size": "99999999999"}
        negative = bytearray(tarfile.TarInfo("wheelhouse/x").tobuf(tarfile.GNU_FORMAT))
        negative[124:136] = b"\xff" * 12
        negative[148:156] = b"%06o\0 " % (sum(negative[:148]) + 256 + sum(negative[156:]))
        for archive in (
            nested,
            gzip.compress(self.honest),
            long.tobuf(tarfile.GNU_FORMAT) + bytes(4096),
            records.tobuf(tarfile.PAX_FORMAT),
            bytes(negative) + self.honest,
            self.honest[:3000],
            os.urandom(10240),
        ):
            self.liar.send_archive(archive)
            status, err = self.reqpi(*self.command("wheelhouse"))
            self.assertEqual((status, self.left()), (3, set()), err)
            self.assertNotIn("Traceback", err)

    def test_an_archive_without_end(self) -> None:
        """The server sends many more bytes than the files of the lock have."""
        self.assert_refused(self.honest + bytes(1 << 20), "sent an archive without end")

    def test_modes_owners_and_times_of_the_server_do_not_remain(self) -> None:
        """The server makes a file executable by all and owned by another, and writes after the end."""
        changed = self.members()
        for member, _ in changed:
            member.mode, member.uid, member.mtime, member.uname = 0o6777, 4242, 1, "evil"
        self.liar.send_archive(written(changed))
        self.assertEqual(self.reqpi(*self.command("wheelhouse"))[0], 0)
        with tarfile.open(self.folder / "a.tar") as archive:
            facts = {(member.mode, member.uid, member.mtime, member.uname) for member in archive}
        self.assertEqual(facts, {(0o644, 0, 0, "")})

    def test_files_for_another_platform(self) -> None:
        """The server answers a request for one platform with the archive for all."""
        target = ("--platform", "win_amd64", "--python-version", "3.12")
        self.assert_refused(self.honest, "six-1.0.tar.gz must not be in it", *target)


def written(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """An archive of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members:
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
