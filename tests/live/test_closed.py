"""``reqpi check --closed`` agrees with a resolver: what uv would install in addition is what no pin meets."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core import locks
from reqpi.core.marker_environments import environments_of
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.live.reachable import index_of_pip, why_not

pytestmark = pytest.mark.live

LOCKS = Path(__file__).parents[1] / "data" / "locks" / "projects"
TAG = "manylinux_2_36_x86_64"
(VALUES,) = environments_of([TAG], [(3, 11)], ["cp"])


class AgreementTests(SynchronousTestCase):
    """Linux on x86-64, CPython 3.11.0."""

    def setUp(self) -> None:
        reason = why_not()
        if reason:
            raise SkipTest(f"NOT RUN: {reason}")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.kept = {
            name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))
        }

    def reported(self, lock: Path) -> set[str]:
        """The projects that ReqPI finds required and not pinned."""
        words = ("check", "--closed", "--json", "--platform", TAG, "--python-version", "3.11")
        command = [sys.executable, "-m", "reqpi", *words, "--store", self.folder / "store", lock]
        done = run(command, ROOT, self.kept | {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)})
        self.assertIn(done.status, (0, 9), done.said)
        unmet = json.loads(done.said[done.said.index("{") :])["closed"]["unmet"]
        self.assertEqual({each["kind"] for each in unmet} - {"requirement", "build"}, set(), unmet)
        named = (re.match(r"[a-z0-9-]+", each["requirement"]) for each in unmet if each["kind"] == "requirement")
        return {match[0] for match in named if match is not None}

    def resolved(self, lock: Path) -> set[str]:
        """The projects that uv would install in addition to the pins."""
        pins = [
            pin
            for pin in locks.read(lock.read_bytes()).pins
            if not pin.marker or Marker(pin.marker).evaluate({**VALUES, "extra": ""})
        ]
        asked = self.folder / "pins.txt"
        asked.write_text("".join(f"{pin.project}{_extras(pin.extras)}=={pin.version}\n" for pin in pins))
        command = [environment("uv", "uv") / "uv", "--no-config", "pip", "install", "--dry-run", "--no-build"]
        target = ["--python-platform", "x86_64-manylinux_2_36", "--python-version", "3.11", "--target", "target"]
        options = ["--python", sys.executable, *target, "-r", asked]
        done: Done = run([*command, *options], self.folder, self.kept | {"UV_DEFAULT_INDEX": index_of_pip()})
        self.assertEqual(done.status, 0, done.said)
        would = {canonicalize_name(name) for name in re.findall(r"(?m)^ \+ ([\w.-]+)==", done.said)}
        self.assertTrue(would, done.said)
        return would - {pin.project for pin in pins}

    def test_a_lock_that_lacks_something(self) -> None:
        """redis requires async-timeout before Python 3.11.3, and pipenv made the lock with a later one."""
        lock = LOCKS / "osv-schema-ghsa.Pipfile.lock"
        self.assertEqual(self.reported(lock), {"async-timeout"})
        self.assertEqual(self.resolved(lock), {"async-timeout"})

    def test_a_lock_that_lacks_nothing(self) -> None:
        lock = LOCKS / "pydantic-people.pylock.toml"
        self.assertEqual((self.reported(lock), self.resolved(lock)), (set(), set()))


def _extras(extras: tuple[str, ...]) -> str:
    return f"[{','.join(extras)}]" if extras else ""
