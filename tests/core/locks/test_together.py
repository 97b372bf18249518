"""Properties of sources, document-wide options and several documents that the tables cannot express."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.address import listing_of
from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read, read_together
from reqpi.core.locks.findings import LIMIT
from reqpi.core.model import Archive, Digest, Git
from reqpi.core.report import Defect, Document

A, C = "a" * 64, "c" * 40


def defects(*documents: Document) -> tuple[Defect, ...]:
    """The defects of ``documents``."""
    try:
        lock = read_together(documents) if documents[0].path else read(documents[0].data)
    except BrokenLock as broken:
        return broken.defects
    raise AssertionError(lock)


def alone(text: str) -> Document:
    return Document("", text.encode())


class LockTests(SynchronousTestCase):
    """A lock keeps what it was made of."""

    def test_of_one_document(self) -> None:
        """The document is what is committed to; it has no path."""
        lock = read(b"foo==1\n")
        self.assertEqual(lock.document, b"foo==1\n")
        self.assertEqual(lock.documents, (Document("", b"foo==1\n", "requirements.txt"),))

    def test_of_several(self) -> None:
        """The listing is what is committed to; the formats are named once each."""
        documents = [Document("a.txt", b"foo==1\n"), Document("b/uv.lock", b'version = 1\nrequires-python = ">=3.9"\n')]
        documents.append(Document("c.txt", b"bar==1\n"))
        lock = read_together(documents)
        self.assertEqual(lock.document, listing_of(documents))
        self.assertEqual(
            [(each.path, each.data) for each in lock.documents], [(each.path, each.data) for each in documents]
        )
        self.assertEqual([each.format for each in lock.documents], ["requirements.txt", "uv.lock", "requirements.txt"])
        self.assertEqual(
            (lock.format, [pin.document for pin in lock.pins]), ("requirements.txt, uv.lock", ["a.txt", "c.txt"])
        )

    def test_notes_name_their_document(self) -> None:
        """In the order of the documents."""
        lock = read_together([Document("b.txt", b"\n--pre\n"), Document("a.txt", b"foo==1\n--pre\n")])
        self.assertEqual([(note.document, note.line) for note in lock.notes], [("b.txt", 2), ("a.txt", 2)])

    def test_nothing_pinned_at_all_is_noted_once(self) -> None:
        """A document that only has names does not cause the note."""
        (note,) = read_together([Document("a", b""), Document("b", b"")]).notes
        self.assertEqual((note.document, note.line), ("", 0))
        self.assertEqual(read_together([Document("a", b"foo\n"), Document("b", b"foo==1\n")]).notes, ())


class SourceTests(SynchronousTestCase):
    """A source's pin has all that an export needs to name another URL in its place."""

    def test_the_text_is_the_requirement_without_digests(self) -> None:
        """In the form `name[extras] @ URL#subdirectory=… ; marker`, however it was written."""
        line = f"https://EXAMPLE.org:443/x.zip#egg=Foo[B,a]&sha256={A}&subdirectory=s/ ; os_name == 'a'"
        (pin,) = read(f"{line} --hash=sha512:{'d' * 128}".encode()).pins
        self.assertEqual(pin.text, "Foo[B,a] @ https://example.org/x.zip#subdirectory=s ; os_name == 'a'")
        digests = frozenset([Digest("sha256", A), Digest("sha512", "d" * 128)])
        self.assertEqual(pin.source, Archive("https://example.org/x.zip", digests, "s"))
        self.assertEqual((pin.version, pin.digests, pin.extras, pin.indexes), ("", frozenset(), ("a", "b"), ()))

    def test_that_of_a_commit_likewise(self) -> None:
        """`-e` is left out, and a note says so."""
        lock = read(f"-e git+https://EXAMPLE.org/r.git@{C.upper()}#egg=Foo&submodules=true&subdirectory=s\n".encode())
        (pin,) = lock.pins
        self.assertEqual(pin.text, f"Foo @ git+https://example.org/r.git@{C}#subdirectory=s&submodules=true")
        self.assertEqual(pin.source, Git("https://example.org/r.git", C, "s", submodules=True))
        self.assertIn("-e is left out", lock.notes[0].message)

    def test_what_the_document_says_of_wheels_does_not_hold_for_it(self) -> None:
        """pip does not apply the option there; a note says so."""
        lock = read(f"--no-binary :all:\nfoo @ https://example.org/foo-1.0-py3-none-any.whl#sha256={A}\n".encode())
        self.assertEqual((lock.pins[0].wheels, lock.pins[0].version), (True, "1.0"))
        self.assertIn("do not apply to it", lock.notes[0].message)

    def test_a_password_is_repeated_nowhere(self) -> None:
        """Not in the words of a defect, and not in the line that it shows, whatever the defect is about."""
        for line in (
            f"foo @ https://user:secret@example.org/x.zip --hash=sha256:{A}",
            "foo @ git+ssh://user:secret@example.org/r",
            "foo @ http://secret@example.org/" + "x" * 300,
            "foo @ svn+https://user:p@secret@example.org/r",
            "foo>=1 @ https://user:secret@example.org/x.zip",
            "-i https://user:secret@example.org/simple",
            "--extra-index-url=//user:secret@example.org/simple",
            "-f https://user:secret@example.org/",
            "-r https://user:secret@example.org/x.txt",
            f"foo @ https://user:secret@example.org/x.zip#nope=1 --hash=sha256:{A}",
        ):
            found = defects(alone(line))
            self.assertTrue(found)
            self.assertNotIn("secret", str(found), line)


class WordTests(SynchronousTestCase):
    """A defect tells what to do next."""

    def test_a_missing_document(self) -> None:
        """Its path, and how to commit it."""
        (defect,) = defects(Document("d/a.txt", b"foo==1\n-r ./base.txt\n"))
        self.assertEqual((defect.document, defect.line), ("d/a.txt", 2))
        self.assertEqual(defect.problem, "-r ./base.txt names a document that is not in the commitment")
        self.assertIn("`gethash requirements.txt d/base.txt`", defect.advice)

    def test_a_range_that_is_missed(self) -> None:
        """The message names the range and the pinned version."""
        (defect,) = defects(Document("in", b"foo>=2\n"), Document("c", b"foo==1.0\n"))
        self.assertEqual(defect.problem, "foo is required as >=2, and other documents pin 1.0")

    def test_two_sources(self) -> None:
        """Both URLs."""
        (defect,) = defects(alone(f"foo==1\nfoo @ git+https://example.org/r@{C}\n"))
        self.assertEqual(defect.problem, "foo is pinned to https://example.org/r here and to ==1 in line 1")


class LimitTests(SynchronousTestCase):
    """Many documents cost no more than one large one."""

    def test_defects_are_bounded_together(self) -> None:
        """The first thousand, and how many more there are."""
        found = defects(Document("a", b"foo\n" * (LIMIT + 50)), Document("b", b"bar\n" * (LIMIT + 50)))
        self.assertEqual(len(found), LIMIT + 1)
        self.assertEqual((found[-1].document, found[-1].problem), ("", f"{LIMIT + 100} more defects are not listed"))

    def test_markers_are_bounded_together(self) -> None:
        """Their parser is slow."""
        rows = [b"p%d==1 ; os_name == '%s%d'\n" % (number, b"x" * 8000, number) for number in range(70)]
        documents = [Document(str(number), row) for number, row in enumerate(rows)]
        self.assertIn("together longer", defects(*documents)[0].problem)

    def test_ranges_are_bounded(self) -> None:
        """Many ranges of a project with many versions end in defects; each with each would take hours."""
        ranges = b"".join(b"foo>=%d ; os_name == 'a'\n" % (10**6 + number) for number in range(20_000))
        pins = b"".join(b"foo==%d ; os_name == '%d'\n" % (number, number) for number in range(20_000))
        self.assertEqual(len(defects(Document("in", ranges), Document("c", pins))), LIMIT + 1)
