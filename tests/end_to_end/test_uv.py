"""uv."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.promises import Promises

pytestmark = pytest.mark.clients


class UvTests(Promises):
    """uv pip install."""

    def uv(self, index: str, *words: str) -> Done:
        command = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", *words]
        return run(
            [*command, "--python", sys.executable], self.folder, {"UV_DEFAULT_INDEX": index, "UV_HTTP_RETRIES": "1"}
        )

    def install(self, index: str, *requirements: str) -> Done:
        return self.uv(index, "install", "--target", str(self.target), *requirements)

    def test_a_resolution_takes_core_metadata_alone(self) -> None:
        """No wheel is downloaded for it, not even by the server."""
        index = self.posted()
        (self.folder / "wanted.in").write_text("top\n")
        done = self.uv(index, "compile", "wanted.in", "--generate-hashes")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn(f"--hash=sha256:{self.files['top'].sha256}", done.said)
        wheel = self.files["top"].filename
        self.assertEqual({request.path for request in self.upstream.asked(wheel)}, {f"/files/{wheel}.metadata"})
