"""Marker environments: the values that a target determines for its markers."""

from __future__ import annotations

import unittest

from reqpi.core.marker_environments import environments_of
from reqpi.core.targets import EVERYWHERE
from tests.core.test_targets import target


class MarkerTests(unittest.TestCase):
    """Whether a requirement may be needed on a target."""

    def test_markers_of_a_target_that_is_named(self) -> None:
        """Platform and Python, both; what they do not say stays open."""
        linux = target(platform="manylinux_2_28_aarch64", python_version="3.12")
        for marker, expected in (
            ("", True),
            ("sys_platform == 'linux'", True),
            ("sys_platform == 'win32'", False),
            ("platform_machine == 'aarch64' and os_name == 'posix'", True),
            ("platform_machine == 'x86_64'", False),
            ("python_version < '3.11'", False),
            ("python_full_version >= '3.12'", True),
            ("platform_release > '6'", True),
            ("implementation_name == 'pypy'", True),
            ("extra == 'tls' and sys_platform == 'win32'", True),
            ("no marker at all", True),
        ):
            self.assertEqual(linux.needs(marker), expected, marker)
        both = target(platform="win_amd64 macosx_11_0_arm64", python_version="3.12 3.13")
        self.assertTrue(both.needs("sys_platform == 'darwin' and python_version == '3.13'"))
        self.assertTrue(both.needs("platform_machine == 'AMD64'"))
        self.assertFalse(both.needs("sys_platform == 'linux'"))
        for alone in (target(platform="win_amd64"), target(python_version="3.12"), EVERYWHERE):
            self.assertTrue(alone.needs("sys_platform == 'linux' and python_version < '3'"))


class EnvironmentTests(unittest.TestCase):
    """One environment for each platform, Python and implementation."""

    def test_one_platform_and_one_python(self) -> None:
        self.assertEqual(
            environments_of(["win_amd64"], [(3, 12)], []),
            [
                {
                    "python_version": "3.12",
                    "python_full_version": "3.12.0",
                    "os_name": "nt",
                    "sys_platform": "win32",
                    "platform_system": "Windows",
                    "platform_machine": "AMD64",
                    "platform_python_implementation": "CPython",
                    "implementation_name": "cpython",
                }
            ],
        )

    def test_the_machine_of_a_platform_tag(self) -> None:
        for platform, machine in (
            ("linux_x86_64", "x86_64"),
            ("manylinux2014_aarch64", "aarch64"),
            ("manylinux_2_28_ppc64le", "ppc64le"),
            ("musllinux_1_2_x86_64", "x86_64"),
            ("macosx_14_0_arm64", "arm64"),
            ("win32", "x86"),
            ("win_arm64", "ARM64"),
        ):
            (values,) = environments_of([platform], [(3, 12, 1)], ["pp"])
            self.assertEqual(
                (values["platform_machine"], values["python_full_version"], values["implementation_name"]),
                (machine, "3.12.1", "pypy"),
            )

    def test_common_platforms_and_pythons_stand_for_open_ones(self) -> None:
        self.assertEqual(len(environments_of([], [], [])), 4 * 7)
        self.assertEqual(len(environments_of([], [(3,)], [])), 4 * 7)
        self.assertEqual(environments_of(["plan9_x86_64"], [(3, 12)], []), [])
