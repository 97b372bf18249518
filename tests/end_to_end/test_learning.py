"""Learning with real clients: what they take is what is written down, and it is enough."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT, Server
from tests.fake_upstream import Distribution, Style

pytestmark = pytest.mark.clients

BUILD = "requirements-build.txt"


class LearningTests(EndToEnd):
    """``needing`` is built with ``builder`` and an old ``helper``, which the newest builder does not go with."""

    def stocked(self) -> dict[str, Distribution]:
        self.upstream.wheel("builder", "3.0", ["helper>=2"])
        self.upstream.wheel("helper", "2.0")
        self.upstream.wheel("needing", "1.0")
        return {
            "needing": self.upstream.sdist("needing", "1.0", build_requires=["builder", "helper<2"]),
            "builder": self.upstream.wheel("builder", "2.0", ["helper"]),
            "helper": self.upstream.wheel("helper", "1.0"),
        }

    def started(self, *options: str) -> Server:
        return super().started("--upstream", self.upstream.url, "--learning", *options)

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "requirements.txt").write_text("--no-binary needing\nneeding==1.0\n")

    def reqpi(self, command: str, *words: object) -> Done:
        start = [sys.executable, "-m", "reqpi", command, "--url", self.server.url]
        return run([*start, *words], self.folder, {"PYTHONPATH": str(ROOT)})

    def pip(self, target: str) -> list[object]:
        python = environment("pip", "pip") / "python"
        return [python, "-m", "pip", "install", "--target", target, "-r", "requirements.txt"]

    def uv(self, target: str) -> list[object]:
        install = [
            environment("uv", "uv") / "uv",
            "pip",
            "install",
            "--python",
            sys.executable,
            "--no-binary",
            "needing",
        ]
        return [*install, "--target", target, "-r", "requirements.txt"]

    def learned(self, *command: object) -> dict[str, str]:
        """The pins that are written down, and the sha256 of each."""
        options = ("-r", "requirements.txt", "-o", BUILD)
        done = self.reqpi("learn", *options, "--", *command)
        self.assertEqual(done.status, 0, done.said)
        words = (self.folder / BUILD).read_text().partition("\n")[2].split()
        return dict(zip(words[::3], words[2::3], strict=True))

    def expected(self) -> dict[str, str]:
        pins = (("builder==2.0", self.files["builder"]), ("helper==1.0", self.files["helper"]))
        return {pin: f"--hash=sha256:{file.sha256}" for pin, file in pins}

    def test_what_pip_and_uv_take_is_enough_for_both_behind_an_address(self) -> None:
        """They look at what is newer, and do not take it."""
        for client, other in ((self.pip, self.uv), (self.uv, self.pip)):
            self.assertEqual(self.learned(*client(f"learning-{client.__name__}")), self.expected())
            strictly = self.reqpi("run", "requirements.txt", BUILD, "--", *other(f"by-{other.__name__}"))
            self.assertEqual(strictly.status, 0, strictly.said)
            self.assertTrue((self.folder / f"by-{other.__name__}" / "needing.py").exists())

    def test_an_upstream_without_metadata_makes_nothing_taken_that_is_only_looked_at(self) -> None:
        """uv would ask for ranges of wheels, and pip for all of them: from here they have metadata."""
        self.upstream.style = Style(core_metadata=None)
        for client in (self.pip, self.uv):
            self.assertEqual(self.learned(*client(f"learning-{client.__name__}")), self.expected())

    def test_an_upstream_without_digests_is_measured(self) -> None:
        """What is written down is what came."""
        self.upstream.style = Style(digest=None)
        for client in (self.pip, self.uv):
            self.assertEqual(self.learned(*client(f"learning-{client.__name__}")), self.expected())

    def test_several_processes_learn_as_one(self) -> None:
        """Whichever is asked."""
        self.server.stop()
        self.server = self.started("--workers", "3")
        self.assertEqual(self.learned(*self.uv("learning")), self.expected())
