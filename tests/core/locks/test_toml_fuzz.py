"""pylock.toml and uv.lock: any bytes end in pins or in defects."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.tools import pylock, uv
from tests.core.locks import table_pylock, table_uv
from tests.core.locks.toml_locks import DATA, Reader, pins

LONG = re.compile(rb"wheels = \[\n(    [^\n]*\n)[^\]]*\]\n")

REAL = {
    name: LONG.sub(rb"wheels = [\n\1]\n", (DATA / name).read_bytes())
    for name in ("uv/workspace.uv.lock", "uv/forks.uv.lock", "pip/sources.pylock.toml", "uv/workspace.pylock.toml")
}
SMALL = sorted(
    document
    for table in (table_uv.ACCEPTED, table_uv.REFUSED, table_pylock.ACCEPTED, table_pylock.REFUSED)
    for document in table
    if len(document) < 2000
)
PIECES = [
    *(b"\n", b"'", b'"', b'"""', b"[", b"]", b"[[", b"{", b"}", b"=", b",", b"#", b"\0", b"\xff", b"\\", b"\r"),
    *(b"1", b"1.0", b"true", b"[]", b"{}", b"''", b"[{}]", b"2026-01-01", b"nan", b"name", b"\nname = 1\n"),
    *(b"[[package]]\n", b"[[packages]]\n", b"[package.x]\n", b"version = 1\n", b'lock-version = "1.0"\n'),
    *(b" or ", b" and ", b"(", b"extra == 'x'", b"os_name", b"\\n--index-url x", b" ; ", b"${X}", "\u2028".encode()),
    *(b"https://", b"file:", b"git+ssh://a:b@", b"@", b"?", b"/../", b"sha256:", b"md5:", b"\x1b[2K"),
]
READERS: dict[str, Reader] = {"uv.lock": uv.read, "pylock.toml": pylock.read}
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["1", "''", "'x'", "true", "[]", "{}", "[1]", "['x']", "[{}]", "[[]]", "1.5", "2026-01-01", "inf"]),
    st.sampled_from(["'os_name'", "'https://a:b@c'", "'\\n'", '"\\n-r x"', "{ name = 'foo' }", "[{ name = 'foo' }]"]),
)
KEY_LINE = re.compile(rb"^([a-z-]+) = [^\n\[]*$", re.MULTILINE)


class FuzzTests(SynchronousTestCase):
    """Nothing but pins and defects; and what is accepted can be written into a requirements.txt as it is."""

    def check(self, reader: Reader, document: bytes) -> None:
        """Read it, and hold what comes to what is promised."""
        try:
            found, notes = pins(reader, document)
        except BrokenLock as broken:
            self.assertTrue(broken.defects)
            for defect in broken.defects:
                self.assertTrue(defect.problem and defect.advice and defect.rule)
                self.assertTrue((defect.text + defect.problem + defect.advice).replace("\t", "").isprintable(), defect)
            return
        for note in notes:
            self.assertTrue(note.message.isprintable(), note.message)
        for pin in found:
            self.assertTrue(pin.text.isascii() and pin.text.isprintable(), pin)
            self.assertNotRegex(pin.text, r"\s[-#]|\$\{|\\")
            theirs = Requirement(pin.text)
            self.assertEqual(canonicalize_name(theirs.name), pin.project)
            self.assertTrue(pin.source or Version(pin.version))
            self.assertTrue(0 <= pin.line <= pin.last_line)

    @given(st.binary(max_size=300), st.sampled_from(list(READERS.values())))
    def test_any_bytes(self, document: bytes, reader: Reader) -> None:
        """Bytes with no sense at all."""
        self.check(reader, document)

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(SMALL),
        st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.1), st.sampled_from(PIECES)), max_size=4),
        st.sampled_from(list(READERS.values())),
    )
    def test_small_documents_with_damage(
        self, document: bytes, damage: list[tuple[float, float, bytes]], reader: Reader
    ) -> None:
        """Documents of the tables, with pieces cut out and put in."""
        for where, much, piece in damage:
            at = int(where * len(document))
            document = document[:at] + piece + document[at + int(much * len(document)) :]
        self.check(reader, document)

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(list(REAL)), st.lists(st.tuples(st.integers(0, 10_000), VALUES), min_size=1, max_size=4))
    def test_real_documents_with_other_values(self, name: str, changes: list[tuple[int, str]]) -> None:
        """Documents that the tools made, whose values are of other types."""
        document = REAL[name]
        for number, value in changes:
            keys = list(KEY_LINE.finditer(document))
            found = keys[number % len(keys)]
            line = found[1] + b" = " + value.encode()
            document = document[: found.start()] + line + document[found.end() :]
        self.check(READERS["uv.lock" if name.endswith(".lock") else "pylock.toml"], document)
