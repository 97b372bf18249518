"""The filters of ``pip download``: which files install where, as packaging's own tags have it."""

from __future__ import annotations

import unittest

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from reqpi.core.model import File
from reqpi.core.targets import EVERYWHERE, FILTERS, BadFilter, InstallTarget
from tests.distributions import a_file

TAGS = [
    f"{interpreter}-{abi}-{platform}"
    for interpreter, abi in (
        *(("py3", "none"), ("py2.py3", "none"), ("py2", "none"), ("py39", "none"), ("py313", "none")),
        *(("cp312", "cp312"), ("cp311", "cp311"), ("cp38", "abi3"), ("cp312", "abi3"), ("cp313", "abi3")),
        *(("cp312", "none"), ("cp313", "cp313t"), ("cp313", "cp313"), ("pp310", "pypy310_pp73"), ("cp27", "cp27mu")),
    )
    for platform in (
        *("any", "linux_x86_64", "manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64"),
        *("manylinux_2_28_x86_64", "manylinux_2_17_aarch64", "musllinux_1_1_x86_64", "win_amd64"),
        *("macosx_10_9_x86_64", "macosx_11_0_arm64", "macosx_14_0_arm64", "macosx_10_9_universal2"),
        "manylinux_2_5_x86_64.manylinux1_x86_64",
    )
]


def wheel(tags: str, requires_python: str | None = None) -> File:
    return a_file(f"six-1.0-{tags}.whl", b"six", requires_python=requires_python)


def target(**values: str) -> InstallTarget:
    return InstallTarget.read({name.replace("_", "-"): value.split() for name, value in values.items()})


class TakesTests(unittest.TestCase):
    """Where a file installs."""

    def assert_takes(self, where: InstallTarget, *expected: str) -> None:
        self.assertEqual([tags for tags in expected if where.takes(wheel(tags))], list(expected))

    def test_everything_where_nothing_is_said(self) -> None:
        self.assert_takes(EVERYWHERE, *TAGS)
        self.assertTrue(EVERYWHERE.takes(a_file("six-1.0.tar.gz", b"six")))

    def test_as_packaging_has_it(self) -> None:
        """The oracle: all that a CPython of that version, on that platform, has tags for."""
        platforms = {
            "manylinux_2_28_x86_64": [
                *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)),
                *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"),
            ],
            "win_amd64": ["win_amd64"],
            "macosx_12_0_arm64": ["macosx_11_0_arm64", "macosx_10_9_universal2", "macosx_12_0_arm64"],
        }
        for platform, compatible in platforms.items():
            for python in ((3, 11), (3, 12), (3, 13)):
                version = ".".join(map(str, python))
                ours = target(
                    platform=platform, python_version=version, implementation="cp", abi=f"cp{version.replace('.', '')}"
                )
                theirs = {
                    *cpython_tags(python, platforms=compatible, abis=[f"cp{version.replace('.', '')}"]),
                    *compatible_tags(python, f"cp{version.replace('.', '')}", compatible),
                }
                # No one makes wheels for an interpreter's own ABI on any platform; a target would take them.
                for tags in (tags for tags in TAGS if not tags.endswith("-any") or "-none-" in tags):
                    expected = not theirs.isdisjoint(parse_wheel_filename(f"six-1.0-{tags}.whl")[3])
                    self.assertEqual(ours.takes(wheel(tags)), expected, (platform, python, tags))

    def test_a_platform_alone_is_for_every_python(self) -> None:
        taken = [tags for tags in TAGS if target(platform="win_amd64").takes(wheel(tags))]
        self.assertEqual(taken, [tags for tags in TAGS if tags.rpartition("-")[2] in ("any", "win_amd64")])

    def test_several_platforms(self) -> None:
        both = target(platform="win_amd64 musllinux_1_2_x86_64")
        self.assert_takes(both, "cp312-cp312-win_amd64", "cp312-cp312-musllinux_1_1_x86_64", "py3-none-any")
        self.assertFalse(both.takes(wheel("cp312-cp312-manylinux_2_17_x86_64")))

    def test_manylinux_takes_older_ones(self) -> None:
        newer = target(platform="manylinux_2_28_x86_64")
        self.assert_takes(newer, "cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux1_x86_64")
        self.assertFalse(target(platform="manylinux2014_x86_64").takes(wheel("cp312-cp312-manylinux_2_28_x86_64")))
        self.assertFalse(newer.takes(wheel("cp312-cp312-manylinux2014_aarch64")))

    def test_the_stable_abi(self) -> None:
        self.assertTrue(target(python_version="3.12").takes(wheel("cp38-abi3-win_amd64")))
        self.assertFalse(target(python_version="3.12").takes(wheel("cp313-abi3-win_amd64")))
        self.assertFalse(target(python_version="3.13", abi="cp313t").takes(wheel("cp38-abi3-win_amd64")))
        self.assertTrue(target(python_version="3.13", abi="cp313").takes(wheel("cp38-abi3-win_amd64")))

    def test_the_stable_abi_of_free_threaded_builds_is_theirs_alone(self) -> None:
        """PEP 803; a wheel for both builds has both tags."""
        self.assertTrue(target(python_version="3.16", abi="cp316t").takes(wheel("cp315-abi3t-win_amd64")))
        self.assertTrue(target(python_version="3.16", abi="cp316t").takes(wheel("cp315-abi3.abi3t-win_amd64")))
        self.assertFalse(target(python_version="3.15", abi="cp315t").takes(wheel("cp316-abi3t-win_amd64")))
        self.assertFalse(target(python_version="3.16", abi="cp316").takes(wheel("cp315-abi3t-win_amd64")))

    def test_a_major_version_alone(self) -> None:
        self.assert_takes(target(python_version="3"), "cp38-cp38-win_amd64", "py3-none-any")
        self.assertFalse(target(python_version="3").takes(wheel("py2-none-any")))

    def test_requires_python(self) -> None:
        for version, specifier, expected in (
            ("3.9", ">=3.10", False),
            ("3.10", ">=3.10", True),
            ("3.9", ">=3.9.2", True),
            ("3.9.1", ">=3.9.2", False),
            ("3.9", "<3.9.2", True),
            ("3", ">=3.13", True),
            ("3.9", "nonsense", True),
        ):
            self.assertEqual(
                target(python_version=version).takes(wheel("py3-none-any", specifier)), expected, (version, specifier)
            )

    def test_sdists(self) -> None:
        sdist = a_file("six-1.0.tar.gz", b"six")
        self.assertTrue(target(platform="win_amd64").takes(sdist))
        for value, expected in ((":all:", False), ("six", False), ("SIX,other", False), ("other", True)):
            self.assertEqual(target(only_binary=value).takes(sdist), expected, value)
        self.assertTrue(target(only_binary=":all: :none:").takes(sdist))

    def test_no_wheels(self) -> None:
        self.assertFalse(target(no_binary="six").takes(wheel("py3-none-any")))
        self.assertFalse(target(no_binary=":all:").takes(wheel("py3-none-any")))
        self.assertTrue(target(no_binary="six").takes(a_file("six-1.0.tar.gz", b"six")))

    def test_a_hostile_name_costs_little(self) -> None:
        """Its tags are not multiplied out into 60,000."""
        many = ".".join(["a1"] * 25)
        self.assertFalse(target(platform="win_amd64").takes(wheel(f"{many}-{many}-{many}")))


class ReadTests(unittest.TestCase):
    """The values that the filters accept."""

    def test_spellings(self) -> None:
        self.assertEqual(target(python_version="312"), target(python_version="3.12"))
        self.assertEqual(target(platform="macosx-11.0-arm64"), target(platform="macosx_11_0_arm64"))
        self.assertEqual(target(implementation="cpython"), target(implementation="cp"))

    def test_what_means_nothing_is_named(self) -> None:
        for name, value in (
            *(("platform", "a/b"), ("platform", ""), ("python-version", "three"), ("python-version", "3.1.2.3")),
            *(("implementation", "c1"), ("abi", "a b"), ("only-binary", "-x"), ("python-version", "9" * 50)),
        ):
            with self.assertRaisesRegex(BadFilter, f"^{name}: "):
                InstallTarget.read({name: [value]})
        with self.assertRaises(BadFilter):
            InstallTarget.read({"platform": ["any"] * 51})

    def test_json_has_the_names_of_the_filters(self) -> None:
        said = {"platform": ["any"], "python-version": ["3.12"], "implementation": ["cp"], "abi": ["abi3"]}
        said |= {"only-binary": [":all:"], "no-binary": ["six"]}
        self.assertEqual(list(said), list(FILTERS))
        self.assertEqual(InstallTarget.read(said).as_json(), said)
        self.assertEqual(EVERYWHERE.as_json(), {})
