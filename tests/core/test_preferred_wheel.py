"""The one wheel that pip would choose."""

from __future__ import annotations

import random
from itertools import product
from unittest import TestCase

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from reqpi.client.current_platform import with_current
from reqpi.core.filenames import parse
from reqpi.core.model import File
from reqpi.core.preferred_wheel import preferred
from reqpi.core.targets import BadFilter, InstallTarget

PYTHONS = ("cp38", "cp39", "cp310", "cp311", "cp312", "cp313", "py3", "py2.py3")
# Not linux_x86_64, which public indexes do not take: newer versions of packaging rank it first, older ones last.
PLATFORMS = (
    "any", "manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_28_x86_64", "manylinux_2_99_x86_64", "musllinux_1_2_x86_64", "win_amd64", "manylinux2014_aarch64",
)  # fmt: skip


def _file(filename: str, **more: object) -> File:
    named = parse(filename, "x")
    assert named is not None, filename
    return File(filename, "x", named.version, named.version_text, named.wheel, "", **more)  # type: ignore[arg-type]


def _target(**values: str) -> InstallTarget:
    filters = [(name.replace("_", "-"), word) for name, said in values.items() for word in said.split()]
    found: dict[str, list[str]] = {}
    for name, value in with_current(filters):
        found.setdefault(name, []).append(value)
    return InstallTarget.read(found)


def _chosen(target: InstallTarget, *filenames: str) -> list[str]:
    files = [file for file in map(_file, filenames) if target.takes(file)]
    return [file.filename for file in preferred(files, target)]


class PreferredTests(TestCase):
    """One target, several files."""

    def test_what_packaging_ranks_first_is_chosen(self) -> None:
        """On this machine, of random wheels: pip ranks by the same list of tags."""
        ranks = {tag: rank for rank, tag in reversed(list(enumerate(sys_tags())))}
        target = _target(platform="current")
        names = [
            f"x-1.0-{python}-{abi}-{platform}.whl"
            for python, platform in product(PYTHONS, PLATFORMS)
            for abi in ("none", "abi3", python.partition(".")[0])
            if not (abi.startswith("py") or (python.startswith("py") and abi != "none"))
        ]
        chance = random.Random(35)
        for _ in range(300):
            some = chance.sample(names, 6)
            able = {
                name: min(ranks[tag] for tag in tags & ranks.keys())
                for name in some
                if (tags := parse_wheel_filename(name)[3]) & ranks.keys()
            }
            chosen = _chosen(target, *some)
            if not able:
                self.assertLessEqual(len(chosen), 1)
            else:
                self.assertEqual([able[name] for name in chosen], [min(able.values())], some)

    def test_the_stable_abi_of_free_threaded_builds_is_ranked(self) -> None:
        """PEP 803: ``abi3t`` comes after the ABI of the version, and before wheels without an ABI."""
        own, stable = "x-1.0-cp315-cp315t-win_amd64.whl", "x-1.0-cp315-abi3.abi3t-win_amd64.whl"
        older, pure = "x-1.0-cp315-abi3t-win_amd64.whl", "x-1.0-cp315-none-win_amd64.whl"
        for python, abi, best, others in (
            ("3.15", "cp315t", own, (stable, pure)),
            ("3.15", "cp315t", stable, (pure, "x-1.0-cp315-abi3-win_amd64.whl")),
            ("3.16", "cp316t", stable, ("x-1.0-py3-none-any.whl", own)),
            ("3.16", "cp316t", older, ("x-1.0-py3-none-any.whl",)),
            ("3.15", "abi3t", older, ("x-1.0-py3-none-any.whl",)),
            ("3.15", "cp315", stable, (pure, older)),
        ):
            target = _target(platform="win_amd64", python_version=python, abi=abi)
            self.assertEqual(_chosen(target, *others, best), [best], (python, abi))

    def test_a_variant_wheel_is_not_chosen(self) -> None:
        """pip installs none."""
        target = _target(platform="linux_x86_64", python_version="3.11")
        variant = "x-1.0-cp311-cp311-linux_x86_64-null.whl"
        self.assertEqual(_chosen(target, variant, "x-1.0-py3-none-any.whl"), ["x-1.0-py3-none-any.whl"])

    def test_an_sdist_stays_only_where_no_wheel_fits(self) -> None:
        target = _target(platform="win_amd64", python_version="3.12")
        self.assertEqual(_chosen(target, "x-1.0.tar.gz", "x-1.0-py3-none-any.whl"), ["x-1.0-py3-none-any.whl"])
        self.assertEqual(_chosen(target, "x-1.0.tar.gz", "x-1.0-cp311-cp311-win_amd64.whl"), ["x-1.0.tar.gz"])
        self.assertEqual(_chosen(target, "x-1.0-py3-none-any.whl", "x-2.0.tar.gz"),
                         ["x-1.0-py3-none-any.whl", "x-2.0.tar.gz"])  # fmt: skip

    def test_each_platform_and_each_python_has_its_own(self) -> None:
        wheels = [f"x-1.0-cp3{minor}-cp3{minor}-{platform}.whl" for minor in (11, 12, 13)
                  for platform in (
            "win_amd64", "manylinux2014_x86_64", "manylinux_2_28_x86_64", "macosx_11_0_arm64",
        )]  # fmt: skip
        target = _target(platform="win_amd64 manylinux_2_28_x86_64", python_version="3.11 3.12")
        self.assertEqual(_chosen(target, *wheels, "x-1.0-py3-none-any.whl"), [
            "x-1.0-cp311-cp311-win_amd64.whl", "x-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "x-1.0-cp312-cp312-win_amd64.whl", "x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        ])  # fmt: skip

    def test_without_a_python_each_that_is_common_has_its_own(self) -> None:
        wheels = ["x-1.0-cp311-cp311-win_amd64.whl", "x-1.0-cp312-cp312-win_amd64.whl", "x-1.0-py3-none-any.whl"]
        self.assertEqual(_chosen(_target(platform="win_amd64"), *wheels), wheels)
        self.assertEqual(_chosen(_target(platform="win_amd64"), wheels[0], "x-1.0-cp311-abi3-win_amd64.whl"),
                         [wheels[0], "x-1.0-cp311-abi3-win_amd64.whl"])  # fmt: skip

    def test_the_higher_build_number_and_what_is_not_yanked(self) -> None:
        target = _target(platform="win_amd64", python_version="3.12")
        builds = ["x-1.0-2-py3-none-any.whl", "x-1.0-10-py3-none-any.whl", "x-1.0-py3-none-any.whl"]
        self.assertEqual(_chosen(target, *builds), [builds[1]])
        files = [_file(builds[1], yanked="broken"), _file(builds[0])]
        self.assertEqual(preferred(files, target), files[1:])

    def test_without_a_platform_all_stay(self) -> None:
        names = ["x-1.0.tar.gz", "x-1.0-py3-none-any.whl", "x-1.0-cp312-cp312-win_amd64.whl"]
        self.assertEqual(_chosen(_target(python_version="3.12"), *names), names)

    def test_a_python_that_a_file_is_not_for(self) -> None:
        target = _target(platform="win_amd64", python_version="3.12")
        newer = _file("x-1.0-cp312-cp312-win_amd64.whl", requires_python=">=3.13")
        older = _file("x-1.0-py3-none-any.whl")
        self.assertEqual(preferred([newer, older], target), [older])


class CurrentTests(TestCase):
    """A server cannot know the current platform of its clients."""

    def test_current_is_no_platform_of_a_server(self) -> None:
        with self.assertRaisesRegex(BadFilter, "name its tag"):
            InstallTarget.read({"platform": ["current"]})
