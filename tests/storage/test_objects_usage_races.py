"""Using and removing at the same time, each step of both in every order that matters."""

from __future__ import annotations

import threading

from reqpi.storage.objects import usage as presences
from reqpi.storage.objects.blobs import ObjectBlobs
from reqpi.storage.objects.keys import used_key
from reqpi.storage.objects.records import ObjectRecords
from reqpi.storage.objects.usage import UsageMarks
from tests.contracts import kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch
from tests.storage.usage_case import (
    DELETES,
    KEY,
    LONG_AGO,
    LOOKS,
    NAME,
    NOW,
    REMOVES,
    SAYS_SO,
    Acting,
    RaceCase,
)


def remove(objects: Acting, presence: UsageMarks) -> bool:
    return presence.remove(KEY, NOW - 1)


def use(objects: Acting, presence: UsageMarks) -> bool:
    return presence.use(KEY)


def create(objects: Acting, presence: UsageMarks) -> bytes:
    return run(ObjectRecords(objects, presence, inline).create(NAME, b"second"))


def replace(objects: Acting, presence: UsageMarks) -> None:
    run(ObjectRecords(objects, presence, inline).replace(NAME, b"second"))


class RacesTests(RaceCase):
    """At least one of a remover and a user sees the other."""

    def test_a_use_before_the_remover_looks_is_seen_by_it(self) -> None:
        """The remover lets it be; the user waits until that is done."""
        steps = ["user looks for the object", *SAYS_SO, "user puts the marker", "user lists the word", LOOKS]
        gave = self.race([*steps, "remover deletes the word", "user waits"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": False, "user": True})
        self.assertEqual(self.objects.get(KEY), b"first")
        self.assertEqual(self.presence.last_used(KEY), NOW)

    def test_a_use_after_the_remover_looked_sees_the_remover(self) -> None:
        """The user waits, and learns that the object is gone; its marker is removed too."""
        steps = ["user looks for the object", *REMOVES, "user puts the marker", "user lists the word"]
        gave = self.race([*steps, *DELETES, "user waits"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": True, "user": False})
        self.assertIsNone(self.objects.get(used_key(KEY)))

    def test_a_use_between_the_deletions_leaves_no_marker(self) -> None:
        """It was written after the remover took the old one away."""
        steps = ["user looks for the object", *REMOVES, *DELETES[:2], "user puts the marker", DELETES[2]]
        gave = self.race([*steps, "user lists the word"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": True, "user": False})
        self.assertIsNone(self.objects.get(used_key(KEY)))

    def test_a_use_that_ends_before_the_remover_says_so_is_seen(self) -> None:
        """The remover found it unused before, and looks again."""
        steps = [SAYS_SO[0], "user puts the marker", "user lists the word", SAYS_SO[1], LOOKS]
        gave = self.race(steps, remover=remove, user=use)
        self.assertEqual(gave, {"remover": False, "user": True})

    def test_what_is_replaced_meanwhile_is_written_again(self) -> None:
        """The remover removes the new value with the old one, and the writer checks for that."""
        steps = [
            *REMOVES,
            "user puts the object",
            "user puts the marker",
            "user lists the word",
            *DELETES,
            "user waits",
        ]
        gave = self.race(steps, remover=remove, user=replace)
        self.assertEqual(gave, {"remover": True, "user": None})
        self.assertEqual(self.objects.get(KEY), b"second")

    def test_what_is_created_while_it_is_removed_stays(self) -> None:
        """Whoever created it waits for the remover, and looks."""
        steps = [*REMOVES, DELETES[0], "user gets the object", "user creates the object", "user puts the marker"]
        steps += ["user lists the word", *DELETES[1:], "user waits"]
        gave = self.race(steps, remover=remove, user=create)
        self.assertEqual(gave, {"remover": True, "user": b"second"})
        self.assertEqual(self.objects.get(KEY), b"second")

    def test_of_two_removers_the_later_waits_for_one_that_has_looked(self) -> None:
        """Its word sorts first, but the other cannot know: what is gone by then it does not report."""
        self.patch(presences, "token_hex", lambda _: threading.current_thread().name)
        steps = ["slow gets the marker", "slow puts the word", "slow lists the word", "slow gets the marker"]
        steps += [*SAYS_SO, "remover lists the word"]
        steps += ["slow deletes the object", "slow deletes the marker", "slow deletes the word", "remover waits"]
        gave = self.race(steps, remover=remove, slow=remove)
        self.assertEqual(gave, {"remover": False, "slow": True})

    def test_of_two_removers_the_one_whose_word_sorts_later_gives_way(self) -> None:
        """It waits for nothing."""
        self.patch(presences, "token_hex", lambda _: threading.current_thread().name)
        steps = [*SAYS_SO, "slow gets the marker", "slow puts the word", "slow lists the word", "slow deletes the word"]
        gave = self.race([*steps, "remover lists the word", LOOKS, *DELETES], remover=remove, slow=remove)
        self.assertEqual(gave, {"remover": True, "slow": False})
        self.assertIsNone(self.objects.get(KEY))


class BlobRacesTests(RaceCase):
    """The same, of a blob."""

    def test_a_blob_that_is_removed_while_it_is_kept_is_uploaded_again(self) -> None:
        """A process that found the object, and so did not upload it, checks again when the remover is done."""
        spool = scratch(self)
        self.clock.now = LONG_AGO
        sha256 = run(kept(ObjectBlobs(self.objects, self.presence, spool, inline), b"bytes"))
        self.clock.now = NOW

        def keep(objects: Acting, presence: UsageMarks) -> str:
            return run(kept(ObjectBlobs(objects, presence, spool, inline), b"bytes"))

        def remove(objects: Acting, presence: UsageMarks) -> bool:
            return run(ObjectBlobs(objects, presence, spool, inline).remove(sha256, NOW - 1))

        steps = ["user looks for the object", *REMOVES, "user puts the marker", "user lists the word", *DELETES]
        gave = self.race([*steps, "user waits", "user uploads the object"], remover=remove, user=keep)
        self.assertEqual(gave, {"remover": True, "user": sha256})
        blobs = ObjectBlobs(self.objects, self.presence, spool, inline)
        self.assertEqual(run(blobs.size(sha256)), 5)
        self.assertFalse(run(blobs.remove(sha256, NOW - 1)))
