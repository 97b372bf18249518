"""``reqpi verify`` and ``reqpi sweep``: on a directory, with no server."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import time
from pathlib import Path

from twisted.internet.defer import Deferred

from reqpi.core.frozen_pages import dump
from reqpi.core.model import File, Page, Project
from reqpi.storage.directory.store import DirectoryStore
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.distributions import a_file

DATA = b"the bytes of a file"
SHA256 = hashlib.sha256(DATA).hexdigest()
ADDRESS = hashlib.sha256(DOCUMENT).hexdigest()


class StoreCommandCase(CommandTestCase):
    """A store with one file and one lock that does not need it."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.folder / "store"
        self.path.mkdir()
        self.store = DirectoryStore(self.path, in_thread=_inline)
        self.store.open()
        self.successResultOf(Deferred.fromCoroutine(self.fill()))

    async def fill(self) -> None:
        await self.store.create(f"locks/{ADDRESS}", DOCUMENT)
        incoming = await self.store.begin()
        await incoming.write(DATA)
        await incoming.keep(SHA256)
        await incoming.discard()

    def file(self) -> Path:
        (found,) = self.path.rglob(SHA256)
        return found

    def age(self, seconds: float) -> None:
        """Nobody has used anything for so long."""
        then = time.time() - seconds
        for path in self.path.rglob("*"):
            if path.is_file():
                os.utime(path, (then, then))


async def _inline(f, *args, **kwargs):  # type: ignore[no-untyped-def]
    return f(*args, **kwargs)


class VerifyTests(StoreCommandCase):
    """What is there, what is wrong, and a status for scripts."""

    def test_all_is_right(self) -> None:
        """One line, and 0."""
        expected = f"1 file of {len(DATA)} bytes, 1 lock, 0 frozen lists\n"
        self.assertEqual(self.run_reqpi("verify", "--store", str(self.path)), (0, expected, ""))

    def test_a_damaged_file(self) -> None:
        """It is named; with --repair it goes, and then all is right."""
        self.file().write_bytes(DATA.upper())
        status, out, err = self.run_reqpi("verify", environ={"REQPI_STORE": str(self.path)})
        self.assertEqual((status, out.endswith(", 1 damaged\n")), (5, True))
        self.assertIn(f"reqpi: the file {SHA256} is damaged", err)
        status, out, _ = self.run_reqpi("verify", "--store", str(self.path), "--repair")
        self.assertEqual((status, out.endswith(", 1 damaged and removed\n")), (0, True))
        status, out, err = self.run_reqpi("verify", "--store", str(self.path))
        self.assertEqual((status, out, err), (0, "0 files of 0 bytes, 1 lock, 0 frozen lists\n", ""))

    def test_json(self) -> None:
        """The same, for a program."""
        self.file().write_bytes(b"")
        status, out, _ = self.run_reqpi("verify", "--store", str(self.path), "--json")
        said = json.loads(out)
        self.assertEqual((status, said["left"], said["damages"][0]["name"]), (5, 1, SHA256))

    def test_attestations_are_verified_where_the_library_is(self) -> None:
        """Without it, the command says what to install."""
        asked = ("verify", "--store", str(self.path), "--attestations")
        self.assertEqual(self.run_reqpi(*asked)[0], 0)
        hidden = "sys.modules['pypi_attestations'] = None"
        program = f"import sys; {hidden}; import reqpi.cli as r; sys.exit(r.main(sys.argv[1:]))"
        process = self.start(*asked, program=["-c", program])
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out), (2, ""))
        self.assertIn("pip install 'pypi-attestations>=", err)

    def test_no_store(self) -> None:
        """None is made."""
        missing = self.folder / "missing"
        status, out, err = self.run_reqpi("verify", "--store", str(missing))
        self.assertEqual((status, out, missing.exists()), (2, "", False))
        self.assertIn(f"reqpi: there is no store at {missing}", err)


class SweepTests(StoreCommandCase):
    """What goes, what would go, and that nothing else does."""

    def sweep(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("sweep", "--store", str(self.path), "--max-age", "86400", *options)

    def test_what_is_in_use_stays(self) -> None:
        """Nothing is older than an hour."""
        self.assertEqual(self.sweep(), (0, "removed 0 locks and 0 files of 0 bytes\n", ""))
        self.assertTrue(self.file().exists())

    def test_what_is_old_goes(self) -> None:
        """The dry run says it first, and removes nothing."""
        self.age(90000)
        expected = f"1 lock and 1 file of {len(DATA)} bytes\n"
        for _ in range(2):
            self.assertEqual(self.sweep("--dry-run"), (0, f"would remove {expected}", ""))
        self.assertEqual(self.sweep(), (0, f"removed {expected}", ""))
        self.assertEqual(self.sweep("--json")[1], '{\n  "locks": 0,\n  "blobs": 0,\n  "size": 0\n}\n')
        self.assertEqual(list(self.path.rglob(SHA256)), [])

    def test_a_bad_age(self) -> None:
        """It says what is wanted."""
        status, _, err = self.run_reqpi("sweep", "--store", str(self.path), "--max-age", "1d")
        self.assertEqual(status, 2)
        self.assertIn("1d: write a whole number of seconds", err)


class RealSizeTests(StoreCommandCase):
    """Enough of everything that the verbs leave the reactor's thread, and let it go now and then."""

    async def fill(self) -> None:
        """Locks of one line, one lock of several hundred KiB, and its frozen list of as many."""
        for number in range(250):
            document = f"six==1.0.{number}\n".encode()
            await self.store.create(f"locks/{hashlib.sha256(document).hexdigest()}", document)
        hashes = "".join(f" \\\n    --hash=sha256:{_hex(number)}" for number in range(100))
        large = "".join(f"{name}==1.0{hashes}\n" for name in ("six", *(f"p{number}" for number in range(20)))).encode()
        self.large = hashlib.sha256(large).hexdigest()
        await self.store.create(f"locks/{self.large}", large)
        files = tuple(_wheel(number) for number in range(100)) * 10
        await self.store.create(f"frozen/{self.large}/six", dump(Page(Project("six"), files)))

    def test_verify(self) -> None:
        """A lock and a frozen list above 64 KiB are read in a thread."""
        expected = "0 files of 0 bytes, 251 locks, 1 frozen list\n"
        self.assertEqual(self.run_reqpi("verify", "--store", str(self.path)), (0, expected, ""))

    def test_sweep(self) -> None:
        """More than a hundred steps; the frozen list of the lock that stays is read in a thread."""
        self.age(90000)
        lock = self.path / "records" / "locks" / f"{self.large}_"
        os.utime(lock)
        for option, did in (("--dry-run", "would remove"), ("--json", "")):
            status, out, err = self.run_reqpi("sweep", "--store", str(self.path), "--max-age", "86400", option)
            self.assertEqual((status, err), (0, ""))
            self.assertIn(f"{did} 250 locks and 0 files" if did else '"locks": 250', out)
        self.assertEqual([path.name for path in lock.parent.iterdir()], [lock.name])

    def test_interrupted(self) -> None:
        """Ctrl-C ends the command while it waits, with the status of other commands."""
        endless = self.path / "blobs" / "sha256" / "00" / ("0" * 64)
        endless.parent.mkdir(parents=True)
        endless.touch()
        os.truncate(endless, 1 << 40)
        process = self.start("verify", "--store", str(self.path))
        _wait_until_open(process.pid, endless)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=240)
        self.assertEqual((process.returncode, out, err), (130, "", ""))


def _wait_until_open(process: int, path: Path) -> None:
    """Wait until a process has opened a file."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                if descriptor.samefile(path):
                    return
        time.sleep(0.02)
    raise AssertionError(f"{path} was not opened")


def _hex(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _wheel(number: int) -> File:
    return a_file(f"six-1.0-{number}-py3-none-any.whl", str(number).encode())
