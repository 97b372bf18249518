"""Options for a whole document say to each pin what they say to pip."""

from __future__ import annotations

from random import Random
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read
from reqpi.core.locks.pip.binaries import Binaries
from tests.core.locks import pip_oracle

VALUES = [":all:", ":none:", "foo", "Foo", "bar", "foo,bar", ":all:,foo", ":all:,:none:,foo", "foo,:all:", ":none:,foo"]
VALUES += ["foo,:none:,bar", ":all:,:all:", ":none:,:all:,:none:", ":all:,bar,:none:,:all:,foo"]
INDEXES = ["https://a.example.org/x", "https://b.example.org", "http://c.example.org:8080"]
PIN = b"foo==1\nbar==1\nbaz==1\n"


class DocumentOptionTests(SynchronousTestCase):
    """The last word is the same as pip's, whatever the order."""

    def test_kinds_and_indexes_are_those_that_pip_ends_with(self) -> None:
        """Or the order is one in which pip forgets an index, which is refused."""
        if pip_oracle.VERSION is None or pip_oracle.VERSION < (23, 0):
            raise SkipTest("no pip, or one that is put together in another way, can be imported by this interpreter")
        random = Random(4)
        kinds, several = set(), 0
        for _ in range(400):
            lines = [self.line(random) for _ in range(random.randint(1, 5))]
            document = "\n".join(lines).encode() + b"\n" + PIN
            try:
                pins = read(document).pins
            except BrokenLock as broken:
                self.assertEqual({defect.rule for defect in broken.defects}, {"index-order"}, document)
                continue
            indexes, formats = pip_oracle.options(document, [pin.project for pin in pins])
            for pin in pins:
                theirs = formats[pin.project]
                self.assertEqual((pin.wheels, pin.sdists), ("binary" in theirs, "source" in theirs), document)
                ours = [index or pip_oracle.DEFAULT for index in pin.indexes or ("",)]
                self.assertEqual(ours, list(dict.fromkeys(indexes)), document)
                kinds.add((pin.wheels, pin.sdists))
                several += len(ours) > 1
        self.assertEqual(kinds, {(True, True), (True, False), (False, True)})
        self.assertGreater(several, 50)

    def line(self, random: Random) -> str:
        """One line of options, of one or two."""
        option = random.choice(["--no-binary", "--only-binary", "--no-binary", "-i", "--extra-index-url"])
        value = random.choice(VALUES if "binary" in option else INDEXES)
        return f"{option} {value}" + (f" --only-binary={random.choice(VALUES)}" if random.random() < 0.2 else "")

    def test_many_names_take_little_time(self) -> None:
        """pip takes quadratic time over these."""
        binaries = Binaries()
        binaries.no_binary(",".join([":all:", ":none:", "foo"] * 20_000))
        self.assertEqual((binaries.of("foo"), binaries.of("bar")), ((False, True), (True, True)))  # type: ignore[arg-type]
