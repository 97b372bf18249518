"""The parsed content of filenames."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.filenames import ParsedFilename, parse, variant_label, without_label
from reqpi.core.model import Project


def project(name: str) -> Project:
    return canonicalize_name(name)


class Wheels(SynchronousTestCase):
    """A wheel's filename gives its version, whatever its name's spelling and its tags."""

    def test_a_wheel_has_its_version_as_it_is_spelled(self) -> None:
        named = parse("Foo_Bar-1.0.0-py2.py3-none-any.whl", project("foo-bar"))
        self.assertEqual(named, ParsedFilename(Version("1.0"), "1.0.0", True))
        assert named is not None
        self.assertEqual(named.version_text, "1.0.0")

    def test_a_build_number_is_no_part_of_the_version(self) -> None:
        named = parse("foo-1.0-7b-cp311-cp311-linux_x86_64.whl", project("foo"))
        assert named is not None
        self.assertEqual(named.version_text, "1.0")

    def test_epochs_and_local_versions_are_read(self) -> None:
        named = parse("torch-1!2.1.0+cu118-cp311-cp311-win_amd64.whl", project("torch"))
        assert named is not None
        self.assertEqual((named.version, named.version_text), (Version("1!2.1.0+cu118"), "1!2.1.0+cu118"))

    def test_filenames_that_are_no_wheels_are_none(self) -> None:
        for filename in (
            "foo-1.0-none-any.whl",
            "foo-1.0-x1-py3-none-Any.whl",
            "foo-1.0-1-2-py3-none-any.whl",
            "foo-nonsense-py3-none-any.whl",
            "foo-1.0-3py-none-any.whl",
            "foo-1.0-py3..py2-none-any.whl",
            "foo-1.0-py3--any.whl",
            "foo__bar-1.0-py3-none-any.whl",
            "foo-1.0-py3-none-any.WHL",
            "-1.0-py3-none-any.whl",
            ".whl",
        ):
            self.assertIsNone(parse(filename, project("foo")), filename)

    def test_another_projects_wheel_is_none(self) -> None:
        self.assertIsNone(parse("foo_bar-1.0-py3-none-any.whl", project("foo")))

    def test_many_tags_cost_nothing(self) -> None:
        """A filename of 255 bytes holds three sets of 40 tags, which make 60,000 when they are multiplied out."""
        tags = "-".join(
            ".".join(f"{letter}" for letter in "abcdefghijklmnopqrstuvwxyzabcdefghijklmn") for _ in range(3)
        )
        self.assertIsNotNone(parse(f"f-1-{tags}.whl", project("f")))


class VariantWheels(SynchronousTestCase):
    """A variant wheel has a label at the end of its filename (PEP 825)."""

    labelled = (
        ("foo-1.0-py3-none-any-null.whl", "null"),
        ("foo-1.0-py3-none-any-x86_64_v3.whl", "x86_64_v3"),
        ("foo-1.0-1-py3-none-any-cu12.8.whl", "cu12.8"),
        ("foo-1.0-cp313-cp313-manylinux_2_28_x86_64-1234567890abcdef.whl", "1234567890abcdef"),
    )

    def test_a_variant_wheel_is_a_wheel_of_its_version(self) -> None:
        for filename, label in self.labelled:
            self.assertEqual(parse(filename, project("foo")), ParsedFilename(Version("1.0"), "1.0", True), filename)
            self.assertEqual(variant_label(filename), label)

    def test_without_its_label_it_has_the_name_of_an_ordinary_wheel(self) -> None:
        for filename, label in self.labelled:
            plain = without_label(filename)
            self.assertEqual(plain, filename.replace(f"-{label}", ""))
            self.assertEqual(parse_wheel_filename(plain)[0], "foo")
            self.assertEqual((variant_label(plain), without_label(plain)), (None, plain))

    def test_other_labels_are_none(self) -> None:
        for label in ("", "X86", "a-b", "a+b", "1234567890abcdefg", "\u017f"):
            filename = f"foo-1.0-py3-none-any-{label}.whl"
            self.assertIsNone(parse(filename, project("foo")), filename)
            self.assertIsNone(variant_label(filename), filename)

    def test_an_ordinary_wheel_and_an_sdist_have_none(self) -> None:
        for filename in ("foo-1.0-7-py3-none-any.whl", "foo-1.0-py3-none-any.whl", "foo-1-2-3-4-5-6.tar.gz"):
            self.assertIsNone(variant_label(filename), filename)
            self.assertEqual(without_label(filename), filename)


class WheelsLikePackaging(SynchronousTestCase):
    """The strict reading is that of the packaging library."""

    part = st.text("ab1._+!", max_size=6) | st.sampled_from(["foo", "Foo", "1.0", "1", "2b", "py3", "none", "any"])

    @settings(deadline=None)
    @given(st.lists(part, min_size=3, max_size=7))
    def test_it_admits_exactly_what_packaging_admits(self, parts: list[str]) -> None:
        filename = "-".join(parts) + ".whl"
        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            if variant_label(filename) is None:  # packaging does not know PEP 825
                self.assertIsNone(parse(filename, project(parts[0])), filename)
            return
        named = parse(filename, name)
        if named is None:
            # Two dots in a row, and + and ! outside the version, are refused here on purpose.
            beside_version = parts[:1] + parts[2:]
            self.assertTrue(".." in filename or any(set(part) & set("+!") for part in beside_version), filename)
        else:
            self.assertEqual((named.version, named.wheel), (version, True))


class Sdists(SynchronousTestCase):
    """An sdist's filename is split where pip splits it."""

    def check(self, filename: str, name: str, version: str) -> None:
        named = parse(filename, project(name))
        assert named is not None, filename
        self.assertEqual((named.version_text, named.wheel), (version, False))
        self.assertEqual(named.version, Version(version))

    def test_every_archive_that_indexes_hold_is_read(self) -> None:
        for suffix in ("tar.gz", "zip", "tar.bz2", "tgz", "tbz", "tar.xz", "txz", "tar"):
            self.check(f"foo-1.0.{suffix}", "foo", "1.0")

    def test_legacy_names_may_hold_dashes_and_dots(self) -> None:
        self.check("zope-interface-4.0.tar.gz", "zope.interface", "4.0")
        self.check("zope.interface-4.0.zip", "zope.interface", "4.0")
        self.check("Zope_Interface-4.0.tar.gz", "zope.interface", "4.0")

    def test_versions_may_hold_a_dash(self) -> None:
        self.check("foo-bar-1.0-1.tar.gz", "foo-bar", "1.0-1")

    def test_the_project_decides_where_name_and_version_part(self) -> None:
        self.check("foo-1-2.tar.gz", "foo", "1-2")
        self.check("foo-1-2.tar.gz", "foo-1", "2")

    def test_files_of_another_project_are_none(self) -> None:
        for filename in ("foo-bar-1.0.tar.gz", "foobar-1.0.tar.gz", "bar-1.0.tar.gz", "foo.tar.gz", "foo-.tar.gz"):
            self.assertIsNone(parse(filename, project("foo")), filename)


class LeftOut(SynchronousTestCase):
    """A name that is not a servable distribution file is rejected."""

    def test_eggs_and_installers_are_none(self) -> None:
        for suffix in (
            "-py2.7.egg",
            ".win32.exe",
            ".win32-py2.7.msi",
            "-1.noarch.rpm",
            ".deb",
            ".dmg",
            ".linux-x86_64.tar.gz",
            ".win32.zip",
            "-py2.7.tar.gz",
            ".tar.gz.asc",
            "-py3-none-any.whl.metadata",
        ):
            self.assertIsNone(parse(f"foo-1.0{suffix}", project("foo")), suffix)

    def test_versions_outside_pep_440_are_none(self) -> None:
        for version in ("latest", "1.0-final-2", "2004d.x", "1.0+", "v"):
            self.assertIsNone(parse(f"foo-{version}.tar.gz", project("foo")), version)

    def test_what_cannot_stand_in_a_path_is_none(self) -> None:
        for filename in (
            "",
            ".",
            "..",
            ".foo-1.0.tar.gz",
            "../foo-1.0.tar.gz",
            "a/foo-1.0.tar.gz",
            "/foo-1.0.tar.gz",
            "a\\foo-1.0.tar.gz",
            "foo-1.0.tar.gz/",
            "foo..bar-1.0.tar.gz",
            "foo-1.0\x00.tar.gz",
            "foo-1.0.tar.gz\n",
            "foo-1.0\r\n.tar.gz",
            "foo- 1.0.tar.gz",
            "foo-1.0.tar.gz?x",
            "foo-1.0%2e.tar.gz",
            "foo-\u0661.0.tar.gz",
            "foo-1.0.tar.gz\ud800",
        ):
            self.assertIsNone(parse(filename, project("foo")), repr(filename))

    def test_letters_that_fold_into_ascii_are_no_letters_of_a_name(self) -> None:
        """The Kelvin sign in lower case is k, and to packaging this is a wheel of keras."""
        self.assertEqual(parse_wheel_filename("\u212aeras-1.0-py3-none-any.whl")[0], "keras")
        self.assertIsNone(parse("\u212aeras-1.0-py3-none-any.whl", project("keras")))

    def test_a_filename_of_255_bytes_is_the_longest(self) -> None:
        name = "f" * (255 - len("-1.0.tar.gz"))
        self.assertIsNotNone(parse(f"{name}-1.0.tar.gz", project(name)))
        self.assertIsNone(parse(f"{name}f-1.0.tar.gz", project(name + "f")))
