"""pip, the newest and the oldest that is looked after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.clients import Done, environment, oldest_pip, run
from tests.end_to_end.promises import Promises

pytestmark = pytest.mark.clients


class PipPromises(Promises):
    """What pip of any version must see."""

    def programs(self) -> Path:
        """Where this pip is."""
        raise NotImplementedError

    def pip(self, index: str, *words: str) -> Done:
        # -vv: only then does pip print the reason phrases that it was given.
        command = [self.programs() / "python", "-m", "pip", *words, "-vv", "--no-cache-dir", "--retries", "1"]
        environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return run(command, self.folder, environ)

    def install(self, index: str, *requirements: str) -> Done:
        return self.pip(index, "install", "--target", str(self.target), *requirements)

    def test_the_lock_itself_installs_its_markers_included(self) -> None:
        """``-r requirements.txt``: what is for another Python stays away, and so does it upstream."""
        index = self.posted()
        done = self.install(index, "-r", "requirements.txt")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(set(self.installed()), {"top", "mid", "source"})
        self.assertEqual(self.upstream.asked(self.files["lonely"].filename), [])

    def test_the_served_lock_installs_with_its_digests_required(self) -> None:
        """``/<address>/requirements.txt`` has a digest for everything."""
        index = self.posted()
        lock = index.replace("/simple/", "/requirements.txt")
        done = self.install(index, "--require-hashes", "-r", lock)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(set(self.installed()), {"top", "mid", "source"})


class NewestPipTests(PipPromises):
    """pip as it is today."""

    def programs(self) -> Path:
        return environment("pip", "pip")

    def test_a_resolution_takes_core_metadata_alone(self) -> None:
        """No wheel is downloaded for it, not even by the server."""
        index = self.posted()
        done = self.pip(index, "install", "--dry-run", "--ignore-installed", "top")
        self.assertEqual(done.status, 0, done.said)
        wheel = self.files["top"].filename
        self.assertEqual({request.path for request in self.upstream.asked(wheel)}, {f"/files/{wheel}.metadata"})


class OldestPipTests(PipPromises):
    """pip 20.3.4: HTML pages, no core metadata, and the resolver that was new then."""

    def programs(self) -> Path:
        return oldest_pip()
