"""Each client against a server that requires a login, in each way that it can have one; and the page about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import time

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, run
from tests.end_to_end.login_clients import CLIENTS, PAGE, PINNED, LoginClient, page_text
from tests.end_to_end.server import ROOT
from tests.end_to_end.test_sealed_clients import names_in

HERE = tuple(client for client in CLIENTS if client.name != "pex" or sys.version_info < (3, 12))
"""The clients that work here: from Python 3.12 on, pex installs a pip of its own first, which no lock here pins."""

ISSUER = "https://ci.example.org"

KEYRING = """#!/bin/sh
case "$*" in
    *127.0.0.1*) ;;
    *) exit 1 ;;
esac
case "$*" in
    *--output=json*) printf '{"username": "__token__", "password": "%s"}' "$OWN_TOKEN" ;;
    *--mode=creds*) printf '__token__\\n%s\\n' "$OWN_TOKEN" ;;
    *) printf '%s\\n' "$OWN_TOKEN" ;;
esac
"""
"""The program ``keyring``: it has the token for the server, in each form that clients ask for."""


class PageTests(SynchronousTestCase):
    def test_the_page_is_what_the_rows_say(self) -> None:
        """To write it again: ``python -m tests.end_to_end.login_clients``."""
        self.assertEqual(PAGE.read_text("utf-8"), page_text())


@pytest.mark.clients
class LoginClientsTests(EndToEnd):
    """Nothing can be read without a token."""

    def setUp(self) -> None:
        super().setUp()
        self.server.stop()
        tokens = str(self.folder / "tokens")
        self.token = self.reqpi("token", "new", "ci", "--tokens", tokens).said.splitlines()[-1].strip()
        options = ("--upstream", self.upstream.url, "--tokens", tokens, "--anonymous", "none")
        self.server = self.started(*options)
        (self.folder / "requirements.txt").write_text(f"{PINNED}\n")
        keyring = self.folder / "bin" / "keyring"
        keyring.parent.mkdir()
        keyring.write_text(KEYRING)
        keyring.chmod(0o755)

    def reqpi(self, *words: str, **environ: str) -> Done:
        command = [sys.executable, "-m", "reqpi", *words]
        return run(command, self.folder, {"PYTHONPATH": str(ROOT), **environ}, limit=240)

    def index(self) -> str:
        done = self.reqpi("gethash", "--url", self.server.url, "requirements.txt", REQPI_TOKEN=self.token)
        self.assertEqual(done.status, 0, done.said)
        return done.said.splitlines()[-1]

    def test_each_client_logs_in_in_each_way_and_fails_without_a_login(self) -> None:
        index = self.index()
        found, expected = {}, {}
        for client in HERE:
            for way in ("none", *client.ways):
                folder = self.folder / f"{client.name}-{way}"
                done = self.install(client, way, folder, index)
                self.assertTrue(self.token not in done.said or way == "url", done.said)
                found[client.name, way] = (done.status == 0, installed(folder), done.said[-3000:] * (way != "none"))
                expected[client.name, way] = (way != "none", way != "none")
        wrong = {key: value for key, value in found.items() if value[:2] != expected[key]}
        self.assertFalse(wrong, "\n".join(f"{key}: {value}" for key, value in wrong.items()))

    def install(self, client: LoginClient, way: str, folder: Path, index: str) -> Done:
        """Install the wheel with a client, in a folder with nothing else."""
        folder.mkdir()
        login = {"url": f"__token__:{self.token}@", "keyring": "__token__@" * client.user}.get(way, "")
        url = index.replace("://", f"://{login}")
        for name, text in client.project(url, self.files["lonely"].sha256).items():
            (folder / name).write_text(text)
        if way == "netrc":
            netrc = folder / ".netrc"
            netrc.write_text(f"machine 127.0.0.1 login __token__ password {self.token}\n")
            netrc.chmod(0o600)
        if client.project(url, ""):
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
        environ = client.variables(folder, url) | self.with_keyring(way)
        first = run(client.words(client.first, url), folder, environ) if client.first else Done(0, "")
        return first if first.status else run(client.words(client.command, url), folder, environ)

    def with_keyring(self, way: str) -> Mapping[str, str]:
        """The variables with which the keyring has the token; without them it is not even there."""
        if way != "keyring":
            return {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        return {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "OWN_TOKEN": self.token}

    def test_our_own_commands_log_in_in_every_way(self) -> None:
        """By a variable, a file, the URL and netrc; without a login they fail."""
        (self.folder / "token").write_text(f"{self.token}\n")
        in_url = self.server.url.replace("://", f"://__token__:{self.token}@")
        self.assertNotEqual(self.reqpi("fetch", "--url", self.server.url, "requirements.txt", "-o", "none").status, 0)
        for name, url, words, environ in (
            ("variable", self.server.url, (), {"REQPI_TOKEN": self.token}),
            ("file", self.server.url, ("--token-file", "token"), {}),
            ("url", in_url, (), {}),
        ):
            done = self.reqpi("fetch", "--url", url, *words, "requirements.txt", "-o", name, **environ)
            self.assertEqual(done.status, 0, done.said)
            self.assertNotIn(self.token, done.said)
        (self.folder / ".netrc").write_text(f"machine 127.0.0.1 login __token__ password {self.token}\n")
        done = self.reqpi("fetch", "--url", self.server.url, "requirements.txt", "-o", "netrc")
        self.assertEqual(done.status, 0, done.said)


@pytest.mark.clients
class JobTests(EndToEnd):
    """A job of a CI system, whose token the server verifies: it has no secret of the server."""

    def setUp(self) -> None:
        super().setUp()
        jose = pytest.importorskip("joserfc.jwt"), pytest.importorskip("joserfc.jwk")
        self.key = jose[1].ECKey.generate_key("P-256", {"kid": "own"})
        self.encode = jose[0].encode
        self.server.stop()
        (self.folder / "keys").write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        rule = '[[issuer.rule]]\nclaims = { repository = "acme/web" }\nscopes = ["read", "commit"]\n'
        issuer = f'[[issuer]]\nurl = "{ISSUER}"\naudiences = ["reqpi"]\nkeys = "{self.folder / "keys"}"\n\n'
        (self.folder / "oidc").write_text(f"{issuer}{rule}")
        options = ("--upstream", self.upstream.url, "--oidc", str(self.folder / "oidc"), "--anonymous", "none")
        self.server = self.started(*options)
        (self.folder / "requirements.txt").write_text(f"{PINNED}\n")

    def token(self, repository: str) -> str:
        """The token of a job, which is valid for an hour."""
        claims = {
            "iss": ISSUER,
            "aud": "reqpi",
            "sub": f"repo:{repository}",
            "repository": repository,
        }
        return str(self.encode({"alg": "ES256", "kid": "own"}, claims | {"exp": int(time()) + 3600}, self.key))

    def gethash(self, token: str, *words: str) -> Done:
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, *words, "requirements.txt"]
        return run(command, self.folder, {"PYTHONPATH": str(ROOT), "REQPI_TOKEN": token}, limit=240)

    def test_a_job_commits_and_installs_and_does_nothing_that_no_rule_grants(self) -> None:
        """Its token is the password of pip; the job of another repository may do nothing."""
        own, other = self.token("acme/web"), self.token("acme/evil")
        done = self.gethash(own)
        self.assertEqual(done.status, 0, done.said)
        index = done.said.splitlines()[-1]
        self.assertIn("scope hold", self.gethash(own, "--hold").said)
        self.assertIn("wants a login (401)", self.gethash(other).said)
        for token, works in ((own, True), (other, False)):
            folder = self.folder / ("own" if works else "other")
            folder.mkdir()
            url = index.replace("://", f"://__token__:{token}@")
            pip = CLIENTS[0]
            done = run(pip.words(pip.command, url), folder, pip.variables(folder, url))
            self.assertEqual((done.status == 0, installed(folder)), (works, works), done.said)
        self.assertNotIn(own, "".join(self.server.log))


def installed(folder: Path) -> bool:
    """Return whether the wheel is below a folder, in an environment or inside a pex."""
    name = "lonely-1.0.dist-info"
    return any("cache" not in path.parts for path in folder.rglob(name)) or any(
        f"/{name}/" in member for pex in folder.rglob("out.pex") for member in names_in(pex)
    )
