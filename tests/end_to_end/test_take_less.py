"""``reqpi fetch`` says in advance how much it takes, takes what this machine needs, and leaves no second copy."""

from __future__ import annotations

import sys
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename
from twisted.trial.unittest import SynchronousTestCase

from reqpi.client.current_platform import with_current
from reqpi.core.filenames import parse
from reqpi.core.model import File
from reqpi.core.targets import InstallTarget
from tests.end_to_end.test_fetch import FetchCase

PYTHON = f"cp{sys.version_info[0]}{sys.version_info[1]}"


def _target(*filters: tuple[str, str]) -> InstallTarget:
    return InstallTarget.read({name: [value] for name, value in with_current(filters)})


def _file(filename: str) -> File:
    named = parse(filename, "x")
    assert named is not None
    return File(filename, "x", named.version, named.version_text, named.wheel, "")


class CurrentTests(SynchronousTestCase):
    """``--platform current``."""

    def test_it_takes_what_this_interpreter_can_load(self) -> None:
        """Compared with what packaging computes, for the tags of real wheels."""
        ours = _target(("platform", "current"))
        able = set(sys_tags())
        for python, abi in ((PYTHON, PYTHON), (PYTHON, "abi3"), ("cp38", "abi3"), ("cp38", "cp38"), ("py3", "none")):
            for platform in (
                "any", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_99_x86_64", "manylinux1_x86_64",
                "manylinux2014_aarch64", "musllinux_1_2_x86_64", "win_amd64", "macosx_11_0_arm64", "linux_x86_64",
            ):  # fmt: skip
                if platform == "any" and abi != "none":
                    continue
                filename = f"x-1.0-{python}-{abi}-{platform}.whl"
                tags = parse_wheel_filename(filename)[3]
                self.assertEqual(ours.takes(_file(filename)), not able.isdisjoint(tags), filename)

    def test_another_python_that_is_named_stays(self) -> None:
        self.assertEqual(dict(with_current([("platform", "current"), ("python-version", "3.99")]))["python-version"],
                         "3.99")  # fmt: skip
        self.assertEqual(with_current([("platform", "win_amd64")]), [("platform", "win_amd64")])
        self.assertNotIn("abi", dict(with_current([("platform", "current"), ("python-version", "3.99")])))


class LessTests(FetchCase):
    """What is taken, and what is said of it."""

    LOCK = "many==1.0\ntop==1.0\n"

    def setUp(self) -> None:
        super().setUp()
        self.here = self.upstream.wheel("many", "1.0", tag=f"{PYTHON}-{PYTHON}-manylinux2014_x86_64")
        self.there = self.upstream.wheel("many", "1.0", tag=f"{PYTHON}-{PYTHON}-win_amd64")

    def test_without_a_filter_it_says_how_much_it_takes(self) -> None:
        done = self.fetch(lock=self.LOCK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(
            done.stderr, r"^reqpi: 3 files, [0-9.]+ KiB, for every platform; use --platform current for this machine\n"
        )
        self.assertNotIn("every platform", self.fetch(lock="top==1.0\n").stderr)

    def test_with_the_current_platform_it_takes_that(self) -> None:
        done = self.fetch("--platform", "current", lock=self.LOCK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("every platform", done.stderr)
        self.assertEqual(self.out(), {self.here.filename: self.here.content} | self.expected("top"))

    def test_without_a_store_no_second_copy_stays(self) -> None:
        """The next run is frozen as the first one was, and asks for no file that is there."""
        state = self.folder / "state"
        for new in (3, 0):
            done = self.reqpi_home(state, "fetch", "requirements.txt", "-o", "out", "--upstream", self.upstream.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f" {new} of them new", done.stderr)
            self.assertEqual(sorted(path.name for path in (self.folder / "out").iterdir()),
                             sorted([self.here.filename, self.there.filename, self.files["top"].filename]))  # fmt: skip
            blobs = [path for path in state.rglob("*") if path.is_file() and "blobs" in path.parts]
            self.assertEqual(blobs, [])
            self.upstream.wheel("many", "1.0", tag="py3-none-any")  # frozen: it is not seen any more
        self.assertTrue(list(state.rglob("frozen*")))

    def test_a_room_that_a_killed_run_left_is_removed(self) -> None:
        left = self.folder / "out" / ".reqpi-passing-abc"
        left.mkdir(parents=True)
        (left / "large").write_bytes(b"x")
        done = self.reqpi_home(self.folder / "state", "fetch", "requirements.txt", "-o", "out", "--upstream",
                               self.upstream.url)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(left.exists())

    def reqpi_home(self, state: Path, *arguments: str):
        (self.folder / "requirements.txt").write_text(self.LOCK)
        return self.reqpi(*arguments, environ={"XDG_STATE_HOME": str(state)})
