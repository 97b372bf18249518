"""pylock.toml: what is read, what is refused, and that locks of several tools agree."""

from __future__ import annotations

import tomllib

from packaging.markers import Marker
from packaging.pylock import Pylock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.tools import uv
from reqpi.core.locks.tools.pylock import read
from reqpi.core.model import Archive
from tests.core.locks.table_pylock import ACCEPTED, REFUSED, WHEEL, lock, marked, package
from tests.core.locks.toml_locks import DATA, defects, pins, spelled

FILES = ["pip/pylock.toml", "pip/sources.pylock.toml"] + [
    f"uv/{name}pylock.toml" for name in ("", "forks.", "workspace.")
]


class TableTests(SynchronousTestCase):
    """Accepted and rejected documents, and the rules by which they are rejected."""

    def test_documents_have_these_pins(self) -> None:
        """These and no others."""
        for document, expected in ACCEPTED.items():
            self.assertEqual(defects(read, document), "", document)
            self.assertEqual(" | ".join(map(spelled, pins(read, document)[0])), expected, document)

    def test_documents_have_these_defects(self) -> None:
        """On these lines and no others."""
        for document, expected in REFUSED.items():
            self.assertEqual(defects(read, document), expected, document[:400])


class RealTests(SynchronousTestCase):
    """Files that pip and uv made."""

    def test_pins_are_the_packages_of_packaging(self) -> None:
        """Every package that is neither a directory nor a local file is a pin, with its marker and all its digests."""
        for name in FILES:
            data = (DATA / name).read_bytes()
            theirs = {
                (one.name, str(one.version or ""), str(one.marker or "")): {
                    file.hashes["sha256"] for file in [*(one.wheels or ()), one.sdist, one.archive] if file
                }
                for one in Pylock.from_dict(tomllib.loads(data.decode())).packages
                if not one.directory and one.name != "zeta"
            }
            ours = {
                (pin.project, pin.version, str(Marker(pin.marker)) if pin.marker else ""): {
                    digest.hex for digest in pin.digests
                }
                for pin in pins(read, data)[0]
            }
            self.assertEqual(ours, theirs, name)
            self.assertGreater(len(ours), 5)

    def test_pip_agrees_with_uv(self) -> None:
        """On the platform that pip locked for, uv pins the same versions, and among its files are pip's."""
        here = {
            "python_version": "3.11",
            "python_full_version": "3.11.7",
            "sys_platform": "linux",
            "implementation_name": "cpython",
        }
        theirs, _ = pins(uv.read, (DATA / "uv/forks.uv.lock").read_bytes())
        ours, _ = pins(read, (DATA / "pip/pylock.toml").read_bytes())
        known = {
            (pin.project, pin.version): pin.digests
            for pin in theirs
            if pin.marker is None or Marker(pin.marker).evaluate(here)
        }
        self.assertEqual({(pin.project, pin.version) for pin in ours}, set(known))
        for pin in ours:
            self.assertTrue(pin.digests <= known[pin.project, pin.version], pin.project)

    def test_an_archive_of_pip(self) -> None:
        """With its digest and its subdirectory."""
        found = {pin.project: pin for pin in pins(read, (DATA / "pip/sources.pylock.toml").read_bytes())[0]}
        beta = found["beta"].source
        assert isinstance(beta, Archive)
        self.assertEqual((beta.url, beta.subdirectory), ("https://sources.example.org/beta-1.0.tar.gz", "sub"))
        self.assertEqual({digest.algorithm for digest in beta.digests}, {"sha256"})


class NoteTests(SynchronousTestCase):
    """A package that is left out is reported."""

    def notes(self, document: bytes) -> list[str]:
        """Return the notes."""
        return [note.message for note in pins(read, document)[1]]

    def test_a_newer_minor_version(self) -> None:
        """:pep:`751` asks for a warning."""
        head = 'lock-version = "1.1"\ncreated-by = "x"\n'
        self.assertIn("lock-version 1.1 is read as 1.0", self.notes(lock(package(WHEEL), head=head))[0])

    def test_choices_in_markers(self) -> None:
        """Every choice of extras and groups is served."""
        self.assertIn("1 marker depends on extras or dependency groups", self.notes(marked("'x' in extras"))[0])

    def test_weak_digests(self) -> None:
        """They do not count next to strong ones."""
        document = lock(package(WHEEL.replace("{ sha256", "{ md5 = 'x', sha256")))
        self.assertIn("The md5 digests of foo are ignored", self.notes(document)[0])

    def test_what_a_note_quotes_cannot_move_the_cursor(self) -> None:
        """A path may have any character."""
        document = lock(package('directory = { path = "\\u001b[2K\\u202e" }\n'))
        self.assertTrue(self.notes(document)[0].isprintable())

    def test_two_versions_that_apply_at_once(self) -> None:
        """They are kept, and reported."""
        other = package(WHEEL.replace("1.0", "2.0"), version="2.0")
        (note,) = self.notes(lock(package(WHEEL), other))
        self.assertIn("foo is pinned here and in line 4", note)
