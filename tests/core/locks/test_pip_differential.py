"""pip's reader and this one, over the same documents: every difference has a name, and docs/locks.md explains it."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Mapping
from unittest import SkipTest

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read, read_together
from reqpi.core.model import Archive, Lock, Pin
from reqpi.core.report import Document
from tests.core.locks import documents, pip_oracle, table_together
from tests.core.locks.test_table import ACCEPTED, REFUSED

# fmt: off
STRICTER = frozenset([
    "abbreviation", "arbitrary", "backslash", "binary", "binary-option", "comment-backslash", "conflict",
    "conflicting-digests", "control", "cut-off", "dash", "digest", "dropped", "encoding",
    "hidden-line-end", "index-option", "index-url", "listing", "lone-hash", "lone-setting", "marker", "marker-depth",
    "misplaced-option", "missing-digest", "name", "no-require-hashes", "no-version", "not-ascii", "option-value",
    "several-specifiers", "too-long", "too-many", "undecodable", "variable", "wildcard",
    # sources, and other indexes
    "algorithm", "archive-type", "branch-or-tag", "digests-disagree", "extras", "fragment", "git-digest", "host",
    "index-order", "names-disagree", "no-commit", "no-digest", "other-vcs", "path", "plain-http", "query",
    "file-url", "scheme", "short-commit", "ssh", "subdirectory", "url", "url-credentials", "url-path", "url-semicolon",
    "weak-digest",
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
    # pip 26 wants a plain name in #egg=, and pip before 25 finds the extras there.
    "egg-extras": lambda lock: b"egg=" in lock.document and any(pin.extras and pin.source for pin in lock.pins),
    # pip 26 wants a plain name in #egg=, where Cachito and Hermeto decode it.
    "egg-percent": lambda lock: re.search(rb"egg=[^&\s]*%", lock.document) is not None,
    # pip took it until 24.2, and no more.
    "older-option": lambda lock: any(note.message.startswith("--global-option") for note in lock.notes),
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
        # The project itself is in the folder that pip runs in, and in no index.
        if any("the project itself" in note.message for note in lock.notes):
            theirs = [one for one in theirs if not one.source.startswith("file:")]
        ours = sorted(lock.pins, key=said)
        self.assertEqual([said(pin) for pin in ours], [compared(one) for one in theirs], document)
        for pin, one in zip(ours, theirs, strict=True):
            self.assertLessEqual(claimed(one), held(pin), document)
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

    def test_sources_put_together_at_random(self) -> None:
        """URLs with right and wrong schemes, hosts, paths, commits and fragments."""
        outcomes = [self.check(document) for document in documents.sources(3, 1000)]
        self.assertGreater(outcomes.count("same"), 60)
        self.assertGreater(outcomes.count("stricter"), 150)

    def test_accepted_documents_of_the_table(self) -> None:
        """Each of them is the same to pip, or the difference has a name."""
        for document in ACCEPTED:
            self.check(document)

    def test_refused_documents_of_the_table(self) -> None:
        """Each of them pip refuses too, or reads as no pins, or the rule is one that is stricter than pip."""
        for document in REFUSED:
            self.check(document)

    def test_documents_that_name_others(self) -> None:
        """What pip finds by ``-r`` and ``-c`` from the first document on is among what the commitment pins."""
        found = 0
        for rows in table_together.ACCEPTED:
            if "/" in rows[0][0]:
                continue
            beside = {"requirements.txt" if path == rows[0][0] else path: data for path, data in rows}
            try:
                theirs = pip_oracle.read(beside["requirements.txt"], beside)
            except pip_oracle.PipFailed as failed:
                self.assertRegex(
                    str(failed), "recursively|No such file"
                )  # pip refuses cycles, and the first was renamed
                continue
            lock = read_together([Document(path, data) for path, data in rows])
            ours = {said(pin) for pin in lock.pins}
            pinned = {compared(one) for one in theirs if one.pinned}
            self.assertLessEqual(pinned, ours, rows)
            found += len(pinned)
        self.assertGreater(found, 10)

    def test_every_stricter_rule_is_seen_to_be_stricter(self) -> None:
        """For each of them the table has a document that pip reads as pins and that breaks this rule alone."""
        seen = set()
        for document, rules in REFUSED.items():
            broken = {rule.split(" ")[1] for rule in rules.split(", ")}
            if len(broken) == 1 and self.check(document) == "stricter":
                seen |= broken
        self.assertEqual(STRICTER - seen - NOT_SHOWN, frozenset())


NOT_SHOWN = frozenset(["undecodable", "too-many", "no-require-hashes", "name", "path", "file-url", "extras"])
"""Depend on the locale, on the size, or on the version of pip."""


def said(pin: Pin) -> pip_oracle.Said:
    """A pin in the oracle's words. The digests of an archive are compared on their own: pip sees few of them."""
    source = ""
    if isinstance(pin.source, Archive):
        source = pin.source.url
    elif pin.source is not None:
        source = f"git+{pin.source.url}@{pin.source.commit}"
    specifiers = () if source else (("===" if pin.arbitrary else "==", pin.version),)
    return pip_oracle.Said(
        pin.project,
        specifiers,
        pin.extras,
        pip_oracle.marker(pin.marker),
        tuple(sorted((digest.algorithm, digest.hex) for digest in pin.digests)),
        source.lower(),
        (pin.source.subdirectory if pin.source else None) or "",
    )


def compared(one: pip_oracle.Said) -> pip_oracle.Said:
    """What pip said, in the form that :func:`said` gives: it leaves a URL as it is spelled."""
    if not one.source:
        return one
    url = one.source.lower().replace("example.org:443/", "example.org/")
    return evolve(one, source=url, digests=(), in_url=None, subdirectory=one.subdirectory.removesuffix("/"))


def claimed(one: pip_oracle.Said) -> set[tuple[str, str]]:
    """All digests that pip sees."""
    return {*one.digests, *([one.in_url] if one.in_url else [])}


def held(pin: Pin) -> set[tuple[str, str]]:
    """All digests that a pin asks for."""
    digests = pin.source.digests if isinstance(pin.source, Archive) else pin.digests
    return {(digest.algorithm, digest.hex) for digest in digests}
