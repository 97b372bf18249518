"""pip's reader and this one, over the same documents: every difference has a name, and docs/locks.md explains it."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Mapping
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from reqpi.errors import BrokenLock
from reqpi.locks import read
from reqpi.model import Lock, Pin
from tests.locks import documents, pip_oracle
from tests.locks.table import ACCEPTED, REFUSED

# fmt: off
STRICTER = frozenset([
    "abbreviation", "arbitrary", "backslash", "binary", "binary-option", "comment-backslash", "conflict",
    "conflicting-digests", "control", "cut-off", "dash", "digest", "dropped", "editable", "encoding",
    "hidden-line-end", "include", "index-option", "lone-hash", "lone-setting", "marker", "marker-depth",
    "misplaced-option", "missing-digest", "name", "no-require-hashes", "no-version", "not-ascii", "removed-option",
    "several-specifiers", "too-long", "too-many", "undecodable", "variable", "wildcard",
])
# fmt: on
"""The rules that refuse what pip reads as pins. What breaks only other rules pip refuses too, or reads as no pin."""

LEGACY = frozenset(["backslash-space", "version"])
"""Likewise for pip before 24.1, which takes whatever follows ``==``, be it nothing, for a version."""

LOOSER: Mapping[str, Callable[[Lock], bool]] = {
    # pip compares the algorithm's name as it is spelled.
    "capitals": lambda lock: any("in capitals" in note.message for note in lock.notes),
    # --use-feature names features that each pip knows or does not; the others are missing from older or newer pip.
    "newer-option": lambda lock: any(
        note.message.startswith(("--use-f", "--all", "--only-f", "--c", "-C")) for note in lock.notes
    ),
    # pip 23.2 looks for UTF-16's mark first, which is the beginning of this one; pip 26.3 does not.
    "utf-32": lambda lock: lock.document.startswith(codecs.BOM_UTF32_LE),
}
"""What is accepted here and refused by some pip or other."""


class PipDifferentialTests(SynchronousTestCase):
    """What is accepted is what pip reads, no more and no less; what pip reads as pins is refused by a named rule."""

    def setUp(self) -> None:
        if pip_oracle.VERSION is None:
            raise SkipTest("no pip can be imported by this interpreter")
        self.patch(os, "environ", {**os.environ, "VERSION": "1.0"})

    def check(self, document: bytes) -> str:
        """Compare the two readings of one document.

        :returns: how they compare.
        """
        try:
            theirs = pip_oracle.read(document)
        except pip_oracle.PipFailed as failure:
            theirs, failed = [], str(failure)
        else:
            failed = ""
        try:
            lock = read(document)
        except BrokenLock as broken:
            rules = {defect.rule for defect in broken.defects}
            stricter = STRICTER | LEGACY if pip_oracle.VERSION < (24, 1) else STRICTER
            pinned = not failed and bool(theirs) and all(one.pinned for one in theirs)
            if pinned and not rules & stricter:
                self.fail(f"pip reads {document!r} as {theirs}; refused here by {sorted(rules)} alone")
            return "stricter" if pinned else "both refuse"
        if failed:
            if not any(holds(lock) for holds in LOOSER.values()):
                self.fail(f"accepted here: {document!r}; pip: {failed}")
            return "looser"
        self.assertEqual(sorted(map(said, lock.pins)), theirs, document)
        return "same"

    def test_documents_put_together_at_random(self) -> None:
        """Right and wrong pieces in any combination."""
        outcomes = [self.check(document) for document in documents.assembled(1, 400)]
        self.assertGreater(outcomes.count("same"), 40)
        self.assertGreater(outcomes.count("stricter"), 20)
        self.assertGreater(outcomes.count("both refuse"), 40)

    def test_sound_locks_with_slight_damage(self) -> None:
        """A byte lost, doubled or put in anywhere."""
        outcomes = [self.check(document) for document in documents.damaged(2, 400)]
        self.assertGreater(outcomes.count("same"), 25)
        self.assertGreater(outcomes.count("stricter"), 20)

    def test_accepted_documents_of_the_table(self) -> None:
        """Each of them is the same to pip, or the difference has a name."""
        for document in ACCEPTED:
            self.check(document)

    def test_refused_documents_of_the_table(self) -> None:
        """Each of them pip refuses too, or reads as no pins, or the rule is one that is stricter than pip."""
        for document in REFUSED:
            self.check(document)

    def test_every_stricter_rule_is_seen_to_be_stricter(self) -> None:
        """For each of them the table has a document that pip reads as pins and that breaks this rule alone."""
        seen = set()
        for document, rules in REFUSED.items():
            broken = {rule.split(" ")[1] for rule in rules.split(", ")}
            if len(broken) == 1 and self.check(document) == "stricter":
                seen |= broken
        self.assertEqual(STRICTER - seen - NOT_SHOWN, frozenset())


NOT_SHOWN = frozenset(["undecodable", "too-many", "removed-option", "no-require-hashes", "name", "editable"])
"""Depend on the locale, on the size, or on the version of pip."""


def said(pin: Pin) -> pip_oracle.Said:
    """A pin in the oracle's words."""
    return pip_oracle.Said(
        pin.project,
        (("===" if pin.arbitrary else "==", pin.version),),
        pin.extras,
        pip_oracle.marker(pin.marker),
        tuple(sorted((digest.algorithm, digest.hex) for digest in pin.digests)),
    )
