"""A disk that is full or broken, in words that may reach a client."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.python.monkey import MonkeyPatcher
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core.errors import StoreFull, StoreTrouble
from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered, incoming, kept
from tests.storage.child import ROOT
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

LARGE = b"x" * 600_000
LARGE_NAME = sha256(LARGE).hexdigest()


class TroubleCase(SynchronousTestCase):
    """An open store."""

    def setUp(self) -> None:
        self.path = scratch(self) / "store"
        self.store = DirectoryStore(self.path, in_thread=inline, coarse=0)
        self.store.open()

    def fail_with(self, name: str, number: int) -> MonkeyPatcher:
        """Have this function of the operating system fail, until that is taken back."""

        def failing(*args: Any, **kwargs: Any) -> Any:
            raise OSError(number, os.strerror(number))

        return self.patch(os, name, failing)

    def assert_no_temporaries(self) -> None:
        """Nothing is left over."""
        self.assertEqual(list((self.path / "incoming").iterdir()), [])


class FullTests(TroubleCase):
    """Missing space is reported, and nothing is left behind."""

    def limit(self) -> None:
        """No file may have more than 500,000 bytes (``ulimit -f``)."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))

    def test_a_blob_without_room_is_not_kept(self) -> None:
        """Its temporary is gone at once, and it stays refused, though what was written can be read."""
        blob = run(incoming(self.store, b"begun"))
        self.limit()
        self.assertRaises(StoreFull, run, blob.write(LARGE))
        self.assert_no_temporaries()
        self.assertEqual(run(blob.read(0, 5)), b"begun")
        self.assertRaises(StoreFull, run, blob.write(b"little"))
        self.assertRaises(StoreFull, run, blob.keep(LARGE_NAME))
        run(blob.discard())
        self.assertEqual(run(gathered(self.store.all())), [])

    def test_a_record_without_room_is_not_there(self) -> None:
        """The earlier content stays."""
        run(self.store.create("locks/old", b"old"))
        self.limit()
        self.assertRaises(StoreFull, run, self.store.create("locks/new", LARGE))
        self.assertRaises(StoreFull, run, self.store.replace("locks/old", LARGE))
        self.assertIsNone(run(self.store.get("locks/new")))
        self.assertEqual(run(self.store.get("locks/old")), b"old")
        self.assert_no_temporaries()

    def test_room_that_is_missed_only_at_the_end_is_missed(self) -> None:
        """Some file systems say so at fsync alone, or run out of names and not of bytes, or of a quota."""
        for step, number in (("fsync", errno.ENOSPC), ("link", errno.EDQUOT), ("open", errno.ENOSPC)):
            with self.subTest(step=step):
                blob = run(incoming(self.store, b"bytes"))
                broken = self.fail_with(step, number)
                self.assertRaises(StoreFull, run, blob.keep(LARGE_NAME) if step != "open" else self.store.begin())
                run(blob.discard())
                broken.restore()
                self.assert_no_temporaries()
        self.assertEqual(run(gathered(self.store.all())), [])

    def test_a_file_system_that_is_really_full(self) -> None:
        """One of 256 KiB in a namespace of its own."""
        unshare = shutil.which("unshare")
        if unshare is None:
            raise SkipTest("there is no unshare(1) to mount a small file system with")
        inside = "import sys; from tests.storage.test_errors import fill; fill(sys.argv[1])"
        script = 'mount -t tmpfs -o size=256k none "$0" || exit 77; exec "$1" -c "$2" "$0"'
        ended = subprocess.run(
            [unshare, "-rm", "sh", "-c", script, str(scratch(self)), sys.executable, inside],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if ended.returncode == 77 or "unshare" in ended.stderr:
            raise SkipTest(f"no file system can be mounted here: {ended.stderr.strip()}")
        self.assertEqual((ended.returncode, ended.stdout), (0, "full, then room again\n"), ended.stderr)


def fill(path: str) -> None:
    """Fill a small file system, and see that it serves what it holds and takes more once there is room."""
    store = DirectoryStore(Path(path), in_thread=inline)
    store.open()
    held = run(kept(store, b"held" * 10_000))
    blob = run(store.begin())
    try:
        for _ in range(10):
            run(blob.write(b"x" * 50_000))
    except StoreFull:
        run(blob.discard())
    else:
        raise AssertionError("it was never full")
    assert not list(Path(path, "incoming").iterdir())
    store.open()
    assert b"".join(run(gathered(store.read(held)))) == b"held" * 10_000
    run(kept(store, b"y" * 100_000))
    print("full, then room again")


class BrokenTests(TroubleCase):
    """A client only learns that the disk is broken; the operator's log has the rest."""

    def test_no_path_is_reported_and_the_cause_is_kept(self) -> None:
        """By every verb that meets an error of the operating system."""
        name = run(kept(self.store, b"bytes"))
        run(self.store.create("locks/a", b"value"))
        for step, calls in {
            "open": [
                self.store.begin,
                lambda: self.store.touch(name),
                lambda: self.store.remove(name, 2e9),
                lambda: gathered(self.store.read(name)),
                lambda: self.store.create("locks/b", b""),
            ],
            "pread": [lambda: gathered(self.store.read(name))],
            "utime": [lambda: self.store.touch(name), lambda: self.store.use("locks/a")],
            "unlink": [lambda: self.store.remove(name, 2e9), lambda: self.store.delete("locks/a")],
            "stat": [lambda: self.store.size(name), lambda: self.store.last_used("locks/a")],
            "scandir": [lambda: gathered(self.store.all()), lambda: gathered(self.store.names("locks/"))],
            "pwrite": [lambda: self.store.replace("locks/a", b"new")],
            "replace": [lambda: self.store.replace("locks/a", b"new")],
        }.items():
            for call in calls:
                broken = self.fail_with(step, errno.EIO)
                error = self.assertRaises(StoreTrouble, run, call())
                broken.restore()
                self.assertNotIsInstance(error, StoreFull)
                self.assertNotIn(str(self.path), str(error))
                self.assertIn("Input/output error", error.detail)
                assert isinstance(error.__cause__, OSError)
                self.assertIn(str(self.path), error.__cause__.filename)
        self.assertEqual(run(self.store.get("locks/a")), b"value")
        self.assert_no_temporaries()

    def test_a_record_that_cannot_be_read_is_trouble(self) -> None:
        """It is not taken for one that is not there."""
        (self.path / "records" / "a_").mkdir()
        self.assertRaises(StoreTrouble, run, self.store.get("a"))
        self.assertRaises(StoreTrouble, run, self.store.create("a", b"value"))

    def test_links_that_lead_nowhere_are_trouble(self) -> None:
        """They exist and are missing at the same time; no one waits for that to change. A blob replaces one."""
        name = sha256(b"bytes").hexdigest()
        (self.path / "records" / "a_").symlink_to("nowhere")
        (self.path / "records" / "b").symlink_to("nowhere")
        (self.path / "blobs" / "sha256" / name[:2]).mkdir()
        (self.path / "blobs" / "sha256" / name[:2] / name).symlink_to("nowhere")
        self.assertRaises(StoreTrouble, run, self.store.create("a", b"value"))
        self.assertRaises(StoreTrouble, run, self.store.create("b/c", b"value"))
        run(kept(self.store, b"bytes"))
        self.assertFalse((self.path / "blobs" / "sha256" / name[:2] / name).is_symlink())

    def test_a_blob_that_became_shorter_is_trouble(self) -> None:
        """A reader that expects more bytes gets an error instead of an early end."""
        name = run(kept(self.store, b"x" * 2_000_000))
        pieces = self.store.read(name)
        run(anext(pieces))
        os.truncate(self.path / "blobs" / "sha256" / name[:2] / name, 100_000)
        self.assertRaises(StoreTrouble, run, anext(pieces))
