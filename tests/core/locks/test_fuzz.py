"""Any bytes end in a lock or in defects."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read, read_together
from reqpi.core.model import Archive, Lock, Pin
from reqpi.core.report import Document
from tests.core.locks.documents import HOSTILE, LOCK
from tests.core.locks.test_table import ACCEPTED, REFUSED

URL_PIECES = [
    "example.org",
    "/",
    "/",
    "x.zip",
    ".tar.gz",
    "r",
    "@",
    "a" * 40,
    "main",
    "#",
    "&",
    "=",
    "egg=foo",
    "?",
    ":",
]
URL_PIECES += [
    "sha256=" + "a" * 64,
    "cachito_hash=sha256:" + "b" * 64,
    "subdirectory=a",
    "..",
    "%2e",
    "%",
    "[::1]",
    " ; ",
]
URL_PIECES += [
    "os_name == 'a'",
    "foo-1.0-py3-none-any.whl",
    ";",
    "-",
    "user:secret@",
    "\\",
    "\n",
    "8443",
    "submodules=true",
]

LINES = [
    b"foo",
    b"foo>=1",
    b"foo==1",
    b"foo==2 ; os_name == 'a'",
    b"bar==1 --hash=sha256:" + b"a" * 64,
    b"bar",
    b"-r a",
]
LINES += [
    b"-c b",
    b"-r c/d",
    b"-c ../a",
    b"-r https://example.org",
    b"--no-binary :all:",
    b"-i https://example.org",
    b"foo==",
]
LINES += [b"bar @ git+https://example.org/r@" + b"c" * 40, b"# c", b"\0", b"[metadata]", b"<html>", b"--require-hashes"]

SEEDS = sorted([*ACCEPTED, *(document for document in REFUSED if len(document) < 2000), LOCK])


class FuzzTests(SynchronousTestCase):
    """No input is answered with anything else, and what is accepted reads the same when only its pins are left."""

    def check(self, document: bytes) -> None:
        """Read it, and hold what comes to what is promised."""
        try:
            lock = read(document)
        except BrokenLock as broken:
            self.assertTrue(broken.defects)
            for defect in broken.defects:
                self.assertTrue(defect.problem and defect.advice)
                "".join((defect.text, defect.problem, defect.advice)).encode()
            return
        if lock.format == "requirements.txt":
            self.check_texts(lock)
            self.check_lines(lock)

    def check_texts(self, lock: Lock) -> None:
        """The text of each pin, and the digests of its source, are the same pin again."""
        again = read("\n".join(map(self.written, lock.pins)).encode("ascii"))
        self.assertEqual(list(map(self.plain, again.pins)), list(map(self.plain, lock.pins)))

    def check_lines(self, lock: Lock) -> None:
        """Each pin's lines come after those of the pin before it."""
        ends = [0, *(pin.last_line for pin in lock.pins)]
        self.assertTrue(all(end < pin.line <= pin.last_line for end, pin in zip(ends, lock.pins, strict=False)))

    def written(self, pin: Pin) -> str:
        """A pin as a line of a requirements.txt, without what its document says of it."""
        if not isinstance(pin.source, Archive):
            return pin.text
        url, semicolon, marker = pin.text.partition(" ; ")
        return (
            url
            + "".join(
                f"{'&' if number or '#' in url else '#'}{digest.algorithm}={digest.hex}"
                for number, digest in enumerate(sorted(pin.source.digests))
            )
            + semicolon
            + marker
        )

    def plain(self, pin: Pin) -> tuple[object, ...]:
        """What a pin's own text says."""
        return pin.project, pin.version, pin.arbitrary, pin.extras, pin.marker, pin.source

    @given(st.binary(max_size=300))
    def test_any_bytes(self, document: bytes) -> None:
        """Bytes with no sense at all."""
        self.check(document)

    @given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1"]))
    def test_any_text(self, text: str, codec: str) -> None:
        """Text with no sense at all."""
        self.check(text.encode(codec, "replace"))

    @settings(max_examples=300)
    @given(
        st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3),
        st.lists(st.tuples(st.floats(0, 1), st.sampled_from(HOSTILE)), max_size=4),
    )
    def test_documents_with_damage(self, parts: list[bytes], damage: list[tuple[float, bytes]]) -> None:
        """Documents that make sense, joined, with hostile pieces put in."""
        document = b"\n".join(parts)
        for where, piece in damage:
            at = int(where * len(document))
            document = document[:at] + piece + document[at:]
        self.check(document)

    @settings(max_examples=300)
    @given(
        st.text(alphabet="foo[x]@ :/.#&=;%-+", max_size=12),
        st.sampled_from(
            ["https://", "git+https://", "git+ssh://", "http://", "file:", "ext::", "git@", "-e git+https://"]
        ),
        st.lists(st.sampled_from(URL_PIECES), max_size=10),
    )
    def test_any_source(self, before: str, scheme: str, pieces: list[str]) -> None:
        """Whatever follows a scheme."""
        self.check(f"{before}{scheme}{''.join(pieces)}".encode())
        self.check(f"foo @ {scheme}example.org/{''.join(pieces)} --hash=sha256:{'a' * 64}".encode())

    @settings(max_examples=300)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["a", "b", "c/d", "", "../e", "a/b", "f\n"]),
                st.lists(st.sampled_from(LINES), max_size=4),
            ),
            max_size=4,
        )
    )
    def test_any_documents_together(self, rows: list[tuple[str, list[bytes]]]) -> None:
        """Documents that name each other, or lean on each other, or on nothing."""
        documents = [Document(path, b"\n".join(lines)) for path, lines in rows]
        try:
            lock = read_together(documents)
        except BrokenLock as broken:
            self.assertTrue(broken.defects)
            return
        alone = [pin for document in documents for pin in _pins(document.data)]
        self.assertLessEqual(set(alone), {(pin.project, pin.version) for pin in lock.pins})
        self.assertEqual(
            [pin.document for pin in lock.pins],
            sorted((pin.document for pin in lock.pins), key=[document.path for document in documents].index),
        )


def _pins(data: bytes) -> list[tuple[str, str]]:
    """What a document pins by itself."""
    try:
        return [(pin.project, pin.version) for pin in read(data).pins]
    except BrokenLock:
        return []
