"""Any bytes end in pins or in defects, in the readers of poetry.lock, pdm.lock, Pipfile.lock and pex."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from tests.core.locks.test_tool_table import READERS, read
from tests.core.locks.tool_files import LOCKS
from tests.core.locks.tool_locks import Row
from tests.core.locks.tool_table import ACCEPTED, REFUSED

SMALL = {
    "poetry": "poetry/sources.poetry.lock",
    "pdm": "pdm/sources.pdm.lock",
    "pipfile": "pipenv/sources.Pipfile.lock",
    "pex": "pex/pants.pex.lock",
}
SEEDS = [(form, (LOCKS / path).read_bytes()) for form, path in sorted(SMALL.items())]
SEEDS += sorted(row for row in {**ACCEPTED, **REFUSED} if len(row[1]) < 2000)

# Values, keys and punctuation: what a document is put together from.
PIECE = re.compile(rb'"[^"\n]*"|[A-Za-z_-]+|[\[\]{}=:,\n]')
VALUES = [
    b'""',
    b"1",
    b"[]",
    b"{}",
    b'"x"',
    b"true",
    b"[1]",
    b'{"a": 1}',
    b"{a = 1}",
    b'"\\ud800"',
    b'"\\u2028"',
    b"null",
]
VALUES += [
    b'"https://u:p@example.org/x"',
    b'"git@example.org:x"',
    b'"../x"',
    b'"==1.0"',
    b'"*"',
    b'"sha1:abc"',
    b"1979-05-27",
]
VALUES += [
    b"\0",
    b"\xff",
    b"\r",
    b"\n",
    b"[[package]]",
    b"[package.source]",
    b"[metadata]",
    b'"a\\nb==2"',
    b"nan",
    b"-1e9",
]


class ToolFuzzTests(SynchronousTestCase):
    """No input is answered with anything else, and the text of every pin is one requirement in one line of ASCII."""

    def check(self, row: Row) -> None:
        """Read it, and hold what comes to what is promised."""
        try:
            pins, notes = read(row)
        except BrokenLock as broken:
            self.assertTrue(broken.defects)
            for defect in broken.defects:
                self.assertTrue(defect.problem and defect.advice)
                "".join((defect.text, defect.problem, defect.advice)).encode()
            return
        for note in notes:
            self.assertTrue(note.message.isprintable(), note)
        for pin in pins:
            self.assertTrue(pin.text.isascii() and pin.text.isprintable(), pin)
            theirs = Requirement(pin.text)
            self.assertEqual((theirs.name, bool(theirs.url)), (pin.project, bool(pin.source)))
            for index in pin.indexes:
                self.assertRegex(index, r"\Ahttps?://[^@/?#]+(?:/[^?#]*[^/?#])?\Z")

    @given(st.sampled_from(sorted(READERS)), st.binary(max_size=300))
    def test_any_bytes(self, form: str, document: bytes) -> None:
        """Bytes with no sense at all."""
        self.check((form, document))

    @settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        st.sampled_from(SEEDS),
        st.lists(st.tuples(st.integers(0, 1 << 20), st.sampled_from(VALUES)), min_size=1, max_size=3),
    )
    def test_documents_with_other_values(self, seed: Row, changes: list[tuple[int, bytes]]) -> None:
        """Documents that make sense, with a key, a value or a sign replaced."""
        form, document = seed
        for place, value in changes:
            pieces = list(PIECE.finditer(document))
            if pieces:
                found = pieces[place % len(pieces)]
                document = document[: found.start()] + value + document[found.end() :]
        self.check((form, document))

    @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60)), min_size=1, max_size=3))
    def test_documents_with_holes(self, seed: Row, holes: list[tuple[float, int]]) -> None:
        """Documents of which a piece is missing, or stands twice."""
        form, document = seed
        for where, size in holes:
            at = int(where * len(document))
            document = document[:at] + document[at + size :] if size % 2 else document[: at + size] + document[at:]
        self.check((form, document))
