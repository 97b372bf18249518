"""The platform tags of files, and those that are compatible with a platform."""

from __future__ import annotations

import unittest

from reqpi.core.platform_tags import ordered_platforms, platforms_of, tag_sets
from tests.distributions import a_file

WHEEL = "six-1.0-cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64.whl"


class PlatformTagTests(unittest.TestCase):
    """Filenames and platforms, literal for literal."""

    def test_platforms_of(self) -> None:
        self.assertEqual(platforms_of(a_file(WHEEL, b"six")), ("manylinux_2_5_x86_64", "manylinux1_x86_64"))
        self.assertEqual(platforms_of(a_file("six-1.0.tar.gz", b"six")), ("sdist",))

    def test_tag_sets_are_not_expanded(self) -> None:
        self.assertEqual(
            tag_sets("six-1.0-py2.py3-none-any.whl"),
            (["py2", "py3"], ["none"], ["any"]),
        )

    def test_the_newest_platform_comes_first(self) -> None:
        legacy = ("manylinux_2_5_x86_64", "manylinux1_x86_64")
        older = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(4, -1, -1))
        self.assertEqual(
            ordered_platforms("manylinux1_x86_64"), ("manylinux1_x86_64", legacy[0], *older, "linux_x86_64")
        )
        self.assertEqual(
            ordered_platforms("musllinux_1_1_aarch64"),
            ("musllinux_1_1_aarch64", "musllinux_1_0_aarch64", "linux_aarch64"),
        )

    def test_a_platform_without_older_ones_stands_alone(self) -> None:
        for platform in ("win_amd64", "any", "linux_x86_64"):
            self.assertEqual(ordered_platforms(platform), (platform,))
