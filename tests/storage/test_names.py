"""Valid names of records, and how fast they are checked."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.names import LONGEST_NAME, checked_name, checked_prefix, checked_sha256


class NameTests(SynchronousTestCase):
    """Names are taken as they are, or refused."""

    def test_names_are_returned_as_they_are(self) -> None:
        """Nothing is normalised here."""
        for name in ("a", "0", "-", "a.b-c", "a/b/c", "a" * LONGEST_NAME):
            self.assertEqual(checked_name(name), name)
        self.assertEqual(checked_prefix("a/b/"), "a/b/")
        self.assertEqual(checked_sha256("0a" * 32), "0a" * 32)

    def test_what_is_refused_is_named_in_part(self) -> None:
        """An error message does not grow with what an attacker sends."""
        error = self.assertRaises(ValueError, checked_name, "A" * 10_000_000)
        self.assertLess(len(str(error)), 200)

    def test_a_hostile_name_is_refused_at_once(self) -> None:
        """No name makes the decision slow: where something backtracks, these take longer than the runner waits."""
        for name in ("a/" * 449 + "_", "a." * 449 + "_", "a-" * 449 + "/", "/" * 900, "a/" * 5_000_000):
            self.assertRaises(ValueError, checked_name, name)
