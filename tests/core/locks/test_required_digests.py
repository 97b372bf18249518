"""Which pins leave the bytes of their files open."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.locks.findings import LIMIT
from reqpi.core.locks.required_digests import missing_digests
from reqpi.core.report import Document

COMMIT = "git+https://git.example.org/a.git@" + "a" * 40
ARCHIVE = "https://example.org/b-1.0.tar.gz#sha256=" + "b" * 64


def found(*lines: str) -> list[tuple[int, str, str]]:
    """Return line, rule and text of each defect."""
    lock = locks.read("".join(f"{line}\n" for line in lines).encode())
    return [(defect.line, defect.rule, defect.text) for defect in missing_digests(lock)]


class RequiredDigestsTests(SynchronousTestCase):
    """Each pin without a digest is a defect, with its line."""

    def test_every_pin_of_an_index_needs_a_digest(self) -> None:
        expected = [(1, "required-digest", "six==1.0"), (3, "required-digest", "attrs==25.1.0")]
        self.assertEqual(found("six==1.0", "# a comment", "attrs==25.1.0"), expected)

    def test_digests_of_any_accepted_algorithm_are_enough(self) -> None:
        for digest in ("sha256:" + "a" * 64, "sha384:" + "b" * 96, "sha512:" + "c" * 128):
            self.assertEqual(found(f"six==1.0 --hash={digest}"), [])

    def test_a_commit_and_an_archive_determine_their_bytes(self) -> None:
        self.assertEqual(found(f"a @ {COMMIT}", f"b @ {ARCHIVE}"), [])

    def test_an_empty_lock_has_nothing_open(self) -> None:
        self.assertEqual(found(), [])

    def test_each_document_is_named(self) -> None:
        documents = [Document(path, f"{name}==1.0\n".encode()) for path, name in (("a.txt", "one"), ("b.txt", "two"))]
        defects = missing_digests(locks.read_together(documents))
        self.assertEqual([(defect.document, defect.line) for defect in defects], [("a.txt", 1), ("b.txt", 1)])

    def test_the_list_is_bounded(self) -> None:
        defects = found(*(f"p{number}==1.0" for number in range(LIMIT + 7)))
        self.assertEqual((len(defects), defects[-1][1]), (LIMIT + 1, "more-defects"))
