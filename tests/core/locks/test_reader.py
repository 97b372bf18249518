"""Properties of the reader that the table cannot express: notes, messages, limits, and spans."""

from __future__ import annotations

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read
from reqpi.core.locks.findings import LIMIT
from reqpi.core.locks.pip.reader import LINE_LENGTH, REQUIREMENTS
from reqpi.core.model import Digest
from tests.core.locks.table import ACCEPTED

HASH = b"--hash=sha256:" + b"a" * 64


def defects(document: bytes) -> list[tuple[int, str, str, str]]:
    """The defects of ``document``, as tuples."""
    try:
        lock = read(document)
    except BrokenLock as broken:
        return [(one.line, one.text, one.problem, one.advice) for one in broken.defects]
    raise AssertionError(lock)


class PinTests(SynchronousTestCase):
    """A pin says what its line says, and where that line is."""

    def test_pins_agree_with_packaging(self) -> None:
        """The one expression that reads pins reads them as packaging's own parser does."""
        for document in ACCEPTED:
            for pin in read(document).pins:
                theirs = Requirement(pin.text)
                (specifier,) = theirs.specifier
                self.assertEqual((canonicalize_name(theirs.name), specifier.version), (pin.project, pin.version))
                self.assertEqual(specifier.operator, "===" if pin.arbitrary else "==")
                self.assertEqual(tuple(sorted(map(canonicalize_name, theirs.extras))), pin.extras)
                self.assertEqual(bool(theirs.marker), pin.marker is not None)

    def test_the_text_has_no_digest_option_or_comment(self) -> None:
        """It is the requirement alone, as the lock spells it."""
        document = b'Foo[b]==1 \\\n  ; python_version >= "3.11" \\\n  ' + HASH + b" -C a=b # via x\n"
        (pin,) = read(document).pins
        self.assertEqual(pin.text, 'Foo[b]==1   ; python_version >= "3.11"')
        self.assertEqual((pin.line, pin.last_line, pin.marker), (1, 3, 'python_version >= "3.11"'))

    def test_digests_are_lower_case(self) -> None:
        """However they are spelled."""
        (pin,) = read(b"foo==1 " + HASH.replace(b"a" * 64, b"AB" * 32)).pins
        self.assertEqual(pin.digests, {Digest("sha256", "ab" * 32)})

    def test_a_comment_that_ends_a_continuation_is_no_part_of_it(self) -> None:
        """Whoever rewrites the pin's lines keeps the comment."""
        (pin,) = read(b"foo==1 \\\n  " + HASH + b" \\\n  # via bar\n").pins
        self.assertEqual((pin.line, pin.last_line), (1, 2))

    def test_a_lock_without_pins_says_so(self) -> None:
        """It is a lock: a project without dependencies has one. But an empty upload is mostly a mistake."""
        (note,) = read(b"# none\n").notes
        self.assertEqual((note.line, note.message), (0, "Nothing is pinned: this lock admits nothing."))

    def test_options_that_change_nothing_are_named(self) -> None:
        """Each is noted with its line, also in the middle of a continuation."""
        notes = read(b"--pre --trusted-host example.org\nfoo==1 \\\n  " + HASH + b" \\\n  -C a=b\n").notes
        self.assertEqual(
            [(note.line, note.message.split(" ")[0]) for note in notes],
            [(1, "--pre"), (1, "--trusted-host"), (4, "-C")],
        )
        self.assertEqual(notes[0].text, "--pre --trusted-host example.org")

    def test_characters_that_reorder_a_comment_are_noted(self) -> None:
        """A reviewer may have seen a different line from the one in the document."""
        (note,) = read("foo==1 # \u202e2==oof\n".encode()).notes
        self.assertEqual((note.line, note.text), (1, "foo==1 # \\u202e2==oof"))


class DefectTests(SynchronousTestCase):
    """A defect tells a build engineer what to type."""

    def test_a_range(self) -> None:
        """The words that most people will see."""
        advice = (
            "pin one version: `requests==<version>`; `uv pip compile`, `pip-compile` and `reqpi learn` make a lock "
            "from requirements like this one"
        )
        self.assertEqual(defects(b"requests>=2\n"), [(1, "requests>=2", "requests has a range, not a version", advice)])

    def test_a_defect_points_at_the_line_of_the_word(self) -> None:
        """Not at the first line of what may be a long continuation."""
        document = b"foo==1 \\\n  " + HASH + b" \\\n  --hash=sha256:abc \\\n  --nope\n"
        self.assertEqual(
            [(line, text) for line, text, _, _ in defects(document)], [(3, "  --hash=sha256:abc \\"), (4, "  --nope")]
        )

    def test_a_missing_digest_names_where_one_is(self) -> None:
        """So that the reader knows which of the two lines is meant to be so."""
        ((line, _, problem, _),) = defects(b"foo==1\n\nbar==2 " + HASH)
        self.assertEqual((line, problem), (1, "foo has no digest, and the requirement in line 3 has one"))

    def test_a_conflict_names_both(self) -> None:
        """With the line of the first."""
        ((line, _, problem, _),) = defects(b"foo==1\nfoo===2\n")
        self.assertEqual((line, problem), (2, "foo is pinned to ===2 here and to ==1 in line 1"))

    def test_a_long_line_is_cut(self) -> None:
        """At 200 characters, visibly."""
        ((_, text, _, _),) = defects(b"foo>=" + b"1" * 1000)
        self.assertEqual((len(text), text[-1]), (200, "…"))

    def test_what_cannot_be_seen_is_escaped(self) -> None:
        """A line with an escape sequence is safe to print, and its author sees why it was refused."""
        ((_, text, problem, _),) = defects(b"foo==1\x1b[2K\n")
        self.assertEqual((text, problem), ("foo==1\\x1b[2K", "the line has the control character U+001B"))

    def test_braces_in_a_document_are_only_text(self) -> None:
        """A document cannot reach into the words around it."""
        ((_, _, problem, _),) = defects(b"{name.__class__}==1\n#")[:1]
        self.assertNotIn("Rule", problem)

    def test_defects_come_in_the_order_of_the_document(self) -> None:
        """Also those that are found when all lines are read."""
        document = b"foo==1\nbar\nfoo==2\n-x\n"
        self.assertEqual([line for line, _, _, _ in defects(document)], [2, 3, 4])


class LimitTests(SynchronousTestCase):
    """A hostile document costs little, and a large one is refused in words."""

    def test_defects_are_bounded(self) -> None:
        """The first thousand, and how many more there are."""
        found = defects(b"foo\n" * (LIMIT + 50))
        self.assertEqual((len(found), found[-1][0], found[-1][2]), (LIMIT + 1, 0, "50 more defects are not listed"))

    def test_notes_are_bounded(self) -> None:
        """Likewise."""
        self.assertLessEqual(len(read(b"--pre\n" * (LIMIT + 50)).notes), LIMIT + 1)

    def test_requirements_are_bounded(self) -> None:
        """At the limit they are read; one more is a defect, which points at it."""
        lines = [b"p%d==1\n" % number for number in range(REQUIREMENTS + 1)]
        self.assertEqual(len(read(b"".join(lines[:-1])).pins), REQUIREMENTS)
        ((line, text, _, _),) = defects(b"".join(lines))
        self.assertEqual((line, text), (REQUIREMENTS + 1, f"p{REQUIREMENTS}==1"))

    def test_lines_are_bounded(self) -> None:
        """The length of a requirement with its continuations, and the number of physical lines."""
        count = LINE_LENGTH // (len(HASH) + 1)
        self.assertEqual(len(read(b"foo==1 " + b" ".join([HASH] * (count - 1))).pins), 1)
        self.assertIn("is longer than", defects(b"foo==1 " + b" \\\n".join([HASH] * (count + 2)))[0][2])
        self.assertIn("more than 1000000 lines", defects(b"\n" * 1_000_001)[0][2])

    def test_markers_are_bounded_together(self) -> None:
        """Their parser is slow: a document of nothing but different markers is refused."""
        document = b"".join(b"p%d==1 ; os_name == '%s%d'\n" % (number, b"x" * 8000, number) for number in range(70))
        self.assertIn("together longer", defects(document)[0][2])
        self.assertEqual(len(read(b"p==1 ; os_name == '" + b"x" * 8000 + b"'\n").pins), 1)
