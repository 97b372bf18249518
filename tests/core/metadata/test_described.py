"""The requirements that an sdist states."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata import core_metadata, requires_dist
from reqpi.core.sbom import about
from tests.core.metadata.test_pkg_info import a_tar, a_zip

OLD = b"Metadata-Version: 2.1\nName: six\nVersion: 1.0\nLicense: MIT\n\nText\n"
REQUIRES = b"attrs>=1\n\n[tls:python_version < '3']\nidna\n\n[:os_name == 'nt']\ncolorama\n\n[test]\npytest\n"
LINES = (
    "attrs>=1",
    "idna ; (python_version < '3') and extra == 'tls'",
    "colorama ; (os_name == 'nt')",
    "pytest ; extra == 'test'",
)


class CoreMetadataTests(SynchronousTestCase):
    """``PKG-INFO``, and what setuptools wrote beside it."""

    def test_the_requirements_that_setuptools_wrote_beside(self) -> None:
        """At the top or in src, whichever of the two files comes first."""
        for path in ("six-1.0/six.egg-info/requires.txt", "six-1.0/src/six.egg-info/requires.txt"):
            members = [("six-1.0/PKG-INFO", OLD), (path, REQUIRES), ("six-1.0/x.egg-info/PKG-INFO", b"Name: wrong\n")]
            for order in (members, members[::-1]):
                for data, name in ((a_tar(*order), "six-1.0.tar.gz"), (a_zip(*order), "six-1.0.zip")):
                    said = about(core_metadata(data, name) or b"")
                    self.assertEqual(said.requires, LINES)
                    self.assertEqual([each.text for each in said.licences], ["MIT"])

    def test_its_own_requirements_count_alone_and_so_does_that_there_are_none(self) -> None:
        for info, requires in (
            (OLD.replace(b"License", b"Requires-Dist: treq\nLicense"), ("treq",)),
            (OLD.replace(b"2.1", b"2.2"), ()),
            (OLD.replace(b"2.1", b"2.2").replace(b"License", b"Dynamic: Requires-Dist\nLicense"), LINES),
        ):
            data = a_tar(("six-1.0/PKG-INFO", info), ("six-1.0/six.egg-info/requires.txt", REQUIRES))
            self.assertEqual(about(core_metadata(data, "six-1.0.tar.gz") or b"").requires, requires)

    def test_requirements_that_a_build_may_extend_are_extended(self) -> None:
        """From metadata 2.6 on, a field may be stated and dynamic (PEP 808)."""
        info = OLD.replace(b"2.1", b"2.6").replace(
            b"License", b"Requires-Dist: treq\nRequires-Dist: attrs>=1\nDynamic: Requires-Dist\nLicense"
        )
        data = a_tar(("six-1.0/PKG-INFO", info), ("six-1.0/six.egg-info/requires.txt", REQUIRES))
        requires = about(core_metadata(data, "six-1.0.tar.gz") or b"").requires
        self.assertEqual(requires, (*LINES[1:], "treq", "attrs>=1"))

    def test_what_cannot_be_read_says_nothing_or_what_it_said_before(self) -> None:
        self.assertIsNone(core_metadata(b"", "six-1.0.tar.gz"))
        self.assertIsNone(core_metadata(b"PK\x05\x06", "six-1.0.zip"))
        self.assertIsNone(core_metadata(a_tar(("six-1.0/six.egg-info/requires.txt", REQUIRES)), "six-1.0.tar.gz"))
        self.assertIsNone(core_metadata(a_tar(("six-1.0/PKG-INFO", b"x" * (1 << 21))), "six-1.0.tar.gz"))
        whole = a_tar(("six-1.0/PKG-INFO", OLD), ("six-1.0/big", bytes(range(256)) * 4096), mode="w")
        self.assertEqual(core_metadata(whole[: len(whole) // 2], "six-1.0.tar"), OLD)

    def test_what_is_hostile_stays_small(self) -> None:
        """A line that is no requirement is none in a bill either."""
        self.assertLessEqual(len(requires_dist("x\n" * 100_000)), 5000)
        data = a_tar(("a/PKG-INFO", OLD), ("a/a.egg-info/requires.txt", b"[\n]x\n[:\n\x00\nok\n[]\n"))
        said = about(core_metadata(data, "a-1.tar.gz") or b"")
        self.assertIn("ok", said.requires)
        self.assertEqual(said.licences[0].text, "MIT")
