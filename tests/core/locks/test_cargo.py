"""Every Cargo.lock in the table is read as the table says; the page on it explains the rules that there are."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.model import CargoLock, Crate, GitCrate, Package
from reqpi.core.crates.reading import cargo_lock, crates_of
from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read, read_together
from reqpi.core.locks.rules import crates as rules
from reqpi.core.locks.rules.requirements import Rule
from reqpi.core.locks.tools.entries import PACKAGES
from reqpi.core.report import Document
from tests.core.locks.cargo_table import ACCEPTED, REFUSED, A, lock, needs, package

DATA = Path(__file__).parents[2] / "data" / "locks"
PAGE = Path(__file__).parents[3] / "docs" / "locks-cargo.md"
REAL = {path.name: path.read_bytes() for path in sorted((DATA / "cargo").glob("*.lock"))}
SEEDS = sorted([*ACCEPTED, *REFUSED], key=len)[:-2]
PIECE = re.compile(rb'"[^"\n]*"|[A-Za-z_-]+|[\[\]{}=:,\n+#?]')
VALUES = [b'""', b"1", b"[]", b"{}", b"[1]", b'"x"', b"true", b"\0", b"\xff", b"[[package]]", b"[metadata]", b"nan"]


def spelled(lock: CargoLock) -> str:
    """A Cargo.lock as the table spells it."""
    return " | ".join([str(lock.version), *(one(each, lock) for each in lock.packages)]).replace(" | ", " ", 1)


def one(package: Package, lock: CargoLock) -> str:
    words = [package.name, package.version]
    if isinstance(package, Crate):
        words += [package.sha256[:4], package.registry]
    elif isinstance(package, GitCrate):
        words += [f"{package.url}@{package.commit[:4]}", package.query]
    needed = [f"{each.name} {each.version}" for each in lock.edges[package]]
    return " ".join(filter(None, words)) + (f" -> {', '.join(needed)}" if needed else "")


class CargoTableTests(SynchronousTestCase):
    """Accepted and rejected documents, and the rules by which they are rejected."""

    def test_accepted_documents_have_these_crates(self) -> None:
        for document, expected in ACCEPTED.items():
            try:
                self.assertEqual(spelled(cargo_lock(document)), expected, document)
            except BrokenLock as broken:
                self.fail(f"{document!r}: {broken.defects}")

    def test_refused_documents_have_these_defects(self) -> None:
        for document, expected in REFUSED.items():
            broken = self.assertRaises(BrokenLock, cargo_lock, document)
            found = ", ".join(f"{defect.line} {defect.rule}" for defect in broken.defects)
            self.assertEqual(found, expected, document[:300])

    def test_every_defect_says_what_and_what_to_do(self) -> None:
        for document in REFUSED:
            for defect in self.assertRaises(BrokenLock, cargo_lock, document).defects:
                for words in (defect.problem, defect.advice):
                    self.assertTrue(8 < len(words) < 300, words)
                    self.assertNotRegex(words, r"  |^ |\.$", document)
                self.assertTrue((defect.text + defect.problem).replace("\t", "").isprintable(), defect)

    def test_no_defect_tells_a_password(self) -> None:
        secret = [document for document in REFUSED if b"secret@" in document]
        self.assertEqual(len(secret), 3)
        for document in secret:
            self.assertNotIn("secret", str(self.assertRaises(BrokenLock, cargo_lock, document).defects), document)

    def test_every_rule_has_an_example(self) -> None:
        shown = {defect.split(" ")[1] for broken in REFUSED.values() for defect in broken.split(", ")}
        self.assertEqual({rule.name for rule in vars(rules).values() if isinstance(rule, Rule)} - shown, set())


class RealCargoLockTests(SynchronousTestCase):
    """Files that cargo wrote."""

    def test_the_lock_of_a_project(self) -> None:
        """bcrypt 5.0.0: 42 crates and itself."""
        found = cargo_lock(REAL["bcrypt.Cargo.lock"])
        self.assertEqual((found.version, len(found.crates), len(found.git), len(found.local)), (3, 42, 0, 1))
        needed = {each.name for each in found.edges[found.local[0]]}
        self.assertEqual(needed, {"base64", "bcrypt", "bcrypt-pbkdf", "getrandom", "pyo3", "subtle"})
        reached, waiting = set(found.local), list(found.local)
        while waiting:
            new = set(found.edges[waiting.pop()]) - reached
            reached |= new
            waiting += new
        self.assertEqual(reached, set(found.packages))


class CommittedTests(SynchronousTestCase):
    """A Cargo.lock is a document of a lock: alone, or with a requirements file."""

    def test_alone(self) -> None:
        """It pins no project; there is no note that it admits nothing."""
        found = read(lock(package("one")))
        self.assertEqual((found.format, found.pins, found.notes), ("Cargo.lock", (), ()))
        self.assertEqual(crates_of(found), (cargo_lock(lock(package("one"))),))

    def test_with_a_requirements_file(self) -> None:
        requirements = Document("requirements.txt", f"six==1.17.0 --hash=sha256:{A}\n".encode())
        found = read_together([requirements, Document("rust/Cargo.lock", lock(package("one")))])
        self.assertEqual((found.format, len(found.pins)), ("requirements.txt, Cargo.lock", 1))
        (crates,) = crates_of(found)
        self.assertEqual(crates.crates, (Crate("one", "1.0.0", A),))

    def test_one_without_crates_admits_nothing(self) -> None:
        (note,) = read(lock(package("mine", source="", checksum=""))).notes
        self.assertEqual(note.message, "Nothing is pinned: this lock admits nothing.")

    def test_defects_name_the_document(self) -> None:
        documents = [Document("requirements.txt", b"six==1.17.0\n"), Document("Cargo.lock", lock(package("o ne")))]
        (defect,) = self.assertRaises(BrokenLock, read_together, documents).defects
        self.assertEqual((defect.document, defect.line, defect.text), ("Cargo.lock", 4, 'name = "o ne"'))


class CargoSizeTests(SynchronousTestCase):
    """The cost of reading is bounded, whatever the document is."""

    def test_more_packages_than_any_project_has_are_too_many(self) -> None:
        packages = (f'[[package]]\nname = "x"\nversion = "0.{number}.0"\n' for number in range(PACKAGES + 1))
        document = lock(*packages)
        (defect,) = self.assertRaises(BrokenLock, cargo_lock, document).defects
        self.assertEqual((defect.rule, defect.line), ("too-many", 3 + 3 * PACKAGES))

    def test_many_packages_and_many_dependencies_of_one_name_do_not_multiply(self) -> None:
        """It would take hours if each dependency were compared with each package."""
        packages = [f'[[package]]\nname = "x"\nversion = "0.{number}.0"\n' for number in range(5000)]
        many = f'[[package]]\nname = "y"\nversion = "1.0.0"\n{needs(*["x"] * 200_000)}\n'
        self.assertEqual(len(cargo_lock(lock(*packages, many)).local), 5001)

    def test_thousands_of_defects_are_counted(self) -> None:
        document = lock(*(package("o ne") for _ in range(3000)))
        defects = self.assertRaises(BrokenLock, cargo_lock, document).defects
        self.assertEqual((len(defects), defects[-1].rule), (1001, "more-defects"))

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_any_bytes_end_in_crates_or_in_defects(self, data: st.DataObject) -> None:
        """The names of the crates that are read are safe in a path."""
        document = data.draw(st.sampled_from(SEEDS))
        for _ in range(data.draw(st.integers(1, 4))):
            places = list(PIECE.finditer(document))
            if places:
                place = data.draw(st.sampled_from(places))
                put = data.draw(st.sampled_from([*VALUES, place[0] * 2, b""]))
                document = document[: place.start()] + put + document[place.end() :]
        try:
            found = cargo_lock(document)
        except BrokenLock as broken:
            for defect in broken.defects:
                self.assertTrue(defect.problem and defect.advice)
                "".join((defect.text, defect.problem, defect.advice)).encode()
            return
        for crate in found.packages:
            self.assertRegex(crate.name, r"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,127}\Z")
            self.assertRegex(crate.version, r"\A[0-9][0-9A-Za-z.+-]{0,99}\Z")
        for crate in found.crates:
            self.assertRegex(crate.sha256, r"\A[0-9a-f]{64}\Z")
            self.assertEqual(crate.filename, f"{crate.name}-{crate.version}.crate")


class CargoDocsTests(SynchronousTestCase):
    """docs/locks-cargo.md explains each rule once."""

    def test_every_rule_is_explained(self) -> None:
        table = PAGE.read_text("utf-8").split("## Rules for Cargo.lock")[1]
        named = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
        self.assertEqual(sorted(named), sorted(rule.name for rule in vars(rules).values() if isinstance(rule, Rule)))
