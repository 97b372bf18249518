"""A blob that one process writes is read by another while it grows."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory.spool import SpoolFollowing
from reqpi.storage.directory.store import DirectoryStore
from tests.storage.child import started_apart
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

NAME = sha256(b"which blob it is to be").hexdigest()


def write(path: str) -> None:
    """In another process: claim, and do what standard input says, a word a line."""
    store = DirectoryStore(Path(path), in_thread=inline)
    store.open()
    incoming = run(store.claim(NAME))
    assert incoming is not None
    for line in sys.stdin:
        verb, _, argument = line.strip().partition(" ")
        if verb == "write":
            run(incoming.write(argument.encode()))
        elif verb == "expect":
            run(incoming.expect(int(argument)))
        elif verb == "keep":
            run(incoming.keep(argument))
        elif verb == "discard":
            run(incoming.discard())
        print("done", flush=True)


class FollowingTests(SynchronousTestCase):
    """Real processes, one of which writes."""

    def setUp(self) -> None:
        path = scratch(self) / "store"
        self.store = DirectoryStore(path, in_thread=inline)
        self.store.open()
        self.path = path
        self.writer = started_apart("tests.storage.test_following:write", path)
        self.addCleanup(self.ended)
        self.tell("write")

    def ended(self) -> None:
        self.writer.kill()
        if self.writer.stdin is not None and not self.writer.stdin.closed:
            self.writer.communicate(timeout=240)

    def tell(self, line: str) -> None:
        assert self.writer.stdin is not None
        assert self.writer.stdout is not None
        self.writer.stdin.write(f"{line}\n")
        self.writer.stdin.flush()
        self.assertEqual(self.writer.stdout.readline(), "done\n")

    def followed(self) -> SpoolFollowing:
        following = run(self.store.follow(NAME))
        assert isinstance(following, SpoolFollowing)
        self.addCleanup(lambda: run(following.discard()))
        return following

    def test_it_is_read_while_it_grows(self) -> None:
        self.assertIsNone(run(self.store.claim(NAME)))
        following = self.followed()
        self.assertTrue(run(following.look()))
        self.assertEqual((following.size, following.expected), (0, None))
        self.tell("expect 9")
        self.tell("write four")
        self.assertTrue(run(following.look()))
        self.assertEqual((following.size, following.expected), (4, 9))
        self.assertEqual(run(following.read(1, 4)), b"our")
        with self.assertRaises(ValueError):
            run(following.read(0, 5))

    def test_it_ends_with_its_keeping(self) -> None:
        following = self.followed()
        self.tell("write bytes")
        name = sha256(b"bytes").hexdigest()
        self.tell(f"keep {name}")
        self.assertFalse(run(following.look()))
        self.assertEqual(run(self.store.size(name)), 5)
        self.assertEqual(run(following.read(0, 5)), b"bytes")
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    def test_it_ends_with_its_giving_up(self) -> None:
        following = self.followed()
        self.tell("write bytes")
        self.tell("discard")
        self.assertFalse(run(following.look()))
        claimed = run(self.store.claim(NAME))
        assert claimed is not None
        run(claimed.discard())

    def test_it_ends_with_its_process(self) -> None:
        """Killed; another may claim the name at once, and what it said of its length is forgotten."""
        following = self.followed()
        self.tell("expect 9")
        self.ended()
        self.assertFalse(run(following.look()))
        claimed = run(self.store.claim(NAME))
        assert claimed is not None
        anew = self.followed()
        self.assertTrue(run(anew.look()))
        self.assertIsNone(anew.expected)
        run(claimed.discard())
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    def test_opening_the_store_leaves_it_alone(self) -> None:
        """A process that starts cleans up after the dead, not after the living."""
        self.tell("expect 9")
        DirectoryStore(self.path, in_thread=inline).open()
        following = self.followed()
        self.assertTrue(run(following.look()))
        self.assertEqual(following.expected, 9)
