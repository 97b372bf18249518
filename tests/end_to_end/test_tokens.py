"""pip and uv against a server that requires a token, by URL and netrc, until the token is revoked."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT

pytestmark = pytest.mark.clients

TOP = "top==1.0"


class TokenTests(EndToEnd):
    """Nothing can be read without a token, and the client has one."""

    def setUp(self) -> None:
        super().setUp()
        self.server.stop()
        self.tokens = self.folder / "tokens"
        self.token = self.reqpi("token", "new", "ci", "--tokens", str(self.tokens)).strip()
        options = ("--upstream", self.upstream.url, "--tokens", str(self.tokens), "--anonymous", "none")
        self.server = self.started(*options)
        (self.folder / "requirements.txt").write_text(LOCK)

    def reqpi(self, *words: str, **environ: str) -> str:
        """Run a command of ours that must succeed."""
        command = [sys.executable, "-m", "reqpi", *words]
        done = run(command, self.folder, {"PYTHONPATH": str(ROOT), **environ}, limit=120)
        self.assertEqual(done.status, 0, done.said)
        return done.said.splitlines()[-1] if done.said else ""

    def pip(self, index: str, name: str) -> Done:
        pip = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--no-input", "--retries", "0"]
        environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return run([*pip, "--target", str(self.folder / name), "--index-url", index, TOP], self.folder, environ)

    def uv(self, index: str, name: str) -> Done:
        uv = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", "install", "--no-deps"]
        words = ["--target", str(self.folder / name), "--python", sys.executable, "--default-index", index, TOP]
        return run([*uv, *words], self.folder, {})

    def test_installers_send_the_token_from_the_url_and_from_netrc(self) -> None:
        index = self.reqpi("gethash", "--url", self.server.url, "requirements.txt", REQPI_TOKEN=self.token)
        in_url = index.replace("://", f"://__token__:{self.token}@")
        for name, client in (("pip", self.pip), ("uv", self.uv)):
            bare = client(index, f"{name}-bare")
            self.assertNotEqual(bare.status, 0, bare.said)
            done = client(in_url, f"{name}-url")
            self.assertEqual(done.status, 0, done.said)
            self.assertNotIn(self.token, done.said)
        (self.folder / ".netrc").write_text(f"machine 127.0.0.1 login __token__ password {self.token}\n")
        for name, client in (("pip", self.pip), ("uv", self.uv)):
            done = client(index, f"{name}-netrc")
            self.assertEqual(done.status, 0, done.said)
        self.reqpi("token", "revoke", "ci", "--tokens", str(self.tokens))
        self.server.logged("the file of tokens has changed")
        self.assertNotEqual(self.pip(index, "pip-revoked").status, 0)
        self.assertNotIn(self.token, "".join(self.server.log))
