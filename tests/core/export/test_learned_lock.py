"""Recorded files as a lock; and a file of which one part is its user's."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import admission, locks
from reqpi.core.errors import BrokenLock
from reqpi.core.export import learned_lock, learned_releases
from reqpi.core.export.learned_lock import MARK
from tests.distributions import a_file, digest_of

SIX = a_file("six-1.0.tar.gz", b"an sdist")
WHEEL = a_file("six-1.0-py3-none-any.whl", b"a wheel")
OLDER = a_file("six-0.9.tar.gz", b"older")
OLDEST = a_file("six-0.8.tar.gz", b"oldest")
OTHER = a_file("zope_interface-7.0.tar.gz", b"another", project="zope.interface")


def line(*files: bytes, pin: str = "six==1.0") -> str:
    """The lines of one pin."""
    digests = sorted(digest_of(content).hex for content in files)
    return " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n"


class LinesTests(SynchronousTestCase):
    def test_a_release_has_the_digests_of_its_files_and_no_others(self) -> None:
        """Whatever the order in which they were taken."""
        expected = line(b"an sdist", b"a wheel") + line(b"another", pin="zope-interface==7.0")
        for files in ((SIX, WHEEL, OTHER), (OTHER, WHEEL, SIX, SIX)):
            self.assertEqual(learned_releases.lines(learned_releases.releases(files)), expected)

    def test_it_is_a_lock_that_admits_what_was_taken(self) -> None:
        """All versions of a project, though one document cannot pin two that apply at once."""
        files = (SIX, OLDER, OLDEST, OTHER)
        lock = locks.read(learned_releases.lines(learned_releases.releases(files)).encode())
        self.assertTrue(all(admission.admits(lock, file) for file in files))
        self.assertFalse(admission.admits(lock, WHEEL))

    def test_an_installer_takes_the_newest_of_several(self) -> None:
        """There is no extra for ``pip install -r``."""
        from packaging.markers import Marker

        lock = locks.read(learned_releases.lines(learned_releases.releases((SIX, OLDER, OLDEST))).encode())
        applies = {pin.version: Marker(str(pin.marker)).evaluate({"extra": ""}) for pin in lock.pins}
        self.assertEqual(applies, {"1.0": True, "0.9": False, "0.8": False})
        self.assertEqual(
            [str(each) for each in learned_releases.several(learned_releases.releases((SIX, OLDER)))["six"]],
            ["1.0", "0.9"],
        )


class WithoutTests(SynchronousTestCase):
    """Files that another lock admits are left out, and no others."""

    def left(self, lock: str) -> list[str]:
        return [file.filename for file in learned_releases.without((SIX, WHEEL, OTHER), locks.read(lock.encode()))]

    def test_a_version_without_digests_is_all_of_it(self) -> None:
        self.assertEqual(self.left("six==1.0\n"), [OTHER.filename])

    def test_of_a_version_with_digests_what_they_admit(self) -> None:
        """The rest of it would be refused."""
        self.assertEqual(self.left(line(b"an sdist")), [WHEEL.filename, OTHER.filename])

    def test_of_a_kind_that_is_not_admitted_nothing(self) -> None:
        self.assertEqual(self.left("--no-binary :all:\nsix==1.0\n"), [WHEEL.filename, OTHER.filename])

    def test_another_version_is_another(self) -> None:
        self.assertEqual(len(self.left("six==2.0\n")), 3)

    def test_whichever_index_the_lock_names(self) -> None:
        self.assertEqual(self.left("--index-url https://index.example.org/simple\nsix==1.0\n"), [OTHER.filename])

    def test_a_sha512_of_which_nothing_is_known_is_believed(self) -> None:
        self.assertEqual(self.left(f"six==1.0 --hash=sha512:{'a' * 128}\n"), [OTHER.filename])


class DocumentTests(SynchronousTestCase):
    """Above the mark it is the user's."""

    def test_what_was_written_is_read_again(self) -> None:
        found = learned_releases.releases((SIX, WHEEL, OLDER, OTHER))
        kept = learned_lock.read(learned_lock.written("# mine\n\n", found).encode())
        self.assertEqual((kept.above, kept.own, kept.below), ("# mine\n\n", None, found))

    def test_the_users_part_stays_to_the_letter(self) -> None:
        """Comments, and pins, which are then left out below."""
        mine = "# b\u00e9ta\n--no-binary six\nsix==1.0  # why\n\n\n"
        text = learned_lock.written(mine, learned_releases.releases([OTHER]))
        kept = learned_lock.read(text.encode())
        self.assertEqual(kept.above, mine)
        assert kept.own is not None
        self.assertEqual([pin.project for pin in kept.own.pins], ["six"])
        self.assertEqual(learned_lock.written(kept.above, kept.below), text)

    def test_a_file_of_comments_is_its_users_and_gets_a_mark(self) -> None:
        self.assertEqual(learned_lock.read(b"# mine").above, "# mine\n")
        self.assertEqual(learned_lock.read(b"").above, "")

    def test_what_is_no_text_is_not_written_again_as_some(self) -> None:
        """A comment in another encoding would come out with question marks in it."""
        for data, line in ((b"# a\n# b\xe9ta\n", 2), ("# mine\n".encode("utf-16"), 1)):
            broken = self.assertRaises(BrokenLock, learned_lock.read, data)
            self.assertEqual([defect.line for defect in broken.defects], [line])

    def test_a_mark_in_the_last_line_is_one(self) -> None:
        """Some editors leave no end of it."""
        self.assertEqual(learned_lock.read(f"six==1.0\n{MARK}".encode()).above, "six==1.0\n")
        self.assertEqual(learned_lock.read(MARK.encode()).above, "")

    def test_pins_without_a_mark_are_not_overwritten(self) -> None:
        """reqpi learn did not write them."""
        self.assertRaises(learned_lock.ForeignPins, learned_lock.read, b"six==1.0\n")
        self.assertEqual(learned_lock.read(b"six==1.0\n", appending=True).above, "six==1.0\n")

    def test_defects_have_the_lines_of_the_file(self) -> None:
        for text, where in ((f"# a\nsix>=1\n{MARK}\n", 2), (f"# a\n# b\n{MARK}\nsix==1\nsix>=1\n", 5)):
            broken = self.assertRaises(BrokenLock, learned_lock.read, text.encode())
            self.assertEqual([defect.line for defect in broken.defects], [where])

    def test_line_ends_of_windows_are_read(self) -> None:
        text = learned_lock.written("# mine\n", learned_releases.releases([SIX])).replace("\n", "\r\n")
        self.assertEqual(learned_lock.read(text.encode()).below, learned_releases.releases([SIX]))

    def test_several_versions_are_reported(self) -> None:
        self.assertIn(
            "\n# six: 1.0 and 0.9, as build", learned_lock.written("", learned_releases.releases([SIX, OLDER]))
        )

    def test_together_each_release_has_all_its_digests(self) -> None:
        both = learned_releases.together(
            learned_releases.releases([SIX, OTHER]), learned_releases.releases([WHEEL, OLDER])
        )
        self.assertEqual(both, learned_releases.releases([OLDER, SIX, WHEEL, OTHER]))
        self.assertEqual(both[1].digests, {str(SIX.sha256), str(WHEEL.sha256)})
