"""What runs pip, or has a plug-in: pip-tools, tox, nox, pipx and poetry, each with the variables of ``reqpi run``."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT

pytestmark = pytest.mark.clients

TOX = """\
[tox]
env_list = some
skipsdist = true
[testenv]
deps = -r{toxinidir}/wanted.txt
commands = python -c "import top; print('got', top.__version__)"
"""
NOX = """\
import nox


@nox.session
def some(session):
    session.install("-r", "wanted.txt")
    session.run("python", "-c", "import top; print('got', top.__version__)")
"""
POETRY = """\
[project]
name = "demo"
version = "0.1"
requires-python = ">=3.11,<4"
dependencies = ["mid==1.5"]

[tool.poetry]
package-mode = false
"""


class AroundPipTests(EndToEnd):
    """Each installs what is pinned, and hears of what is not."""

    def setUp(self) -> None:
        super().setUp()
        self.write("wanted.txt", "top==1.0\n")
        self.write("other.txt", "other==1.0\n")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def reqpi(self, *command: object, lock: str = "requirements.txt", **environ: str) -> Done:
        """Run a command as ``reqpi run`` does, with the server that runs."""
        words = [sys.executable, "-m", "reqpi", "run", "--url", self.server.url, lock, "--", *command]
        return run(words, self.folder, {"PYTHONPATH": str(ROOT)} | environ)

    def tool(self, name: str, *words: object, **environ: str) -> Done:
        """Run one of the tools that run pip."""
        tools = environment("around-pip", "pip-tools", "pip", "tox", "nox", "pipx")
        return self.reqpi(tools / name, *words, **environ)

    def assert_refused(self, done: Done) -> None:
        self.assertNotEqual(done.status, 0, done.said)
        self.assertIn("\nother==1.0\n", done.said)

    def test_pip_tools(self) -> None:
        """The lock that it writes names the address, unless it is told not to."""
        self.committed()
        self.write("wanted.in", "top\n")
        compiled = ("--quiet", "--generate-hashes", "--output-file=compiled.txt", "wanted.in")
        done = self.tool("pip-compile", *compiled)
        self.assertEqual(done.status, 0, done.said)
        written = (self.folder / "compiled.txt").read_text()
        self.assertIn(f"--index-url {self.server.url}/", written)
        self.assertEqual(self.tool("pip-compile", "--no-emit-index-url", *compiled).status, 0)
        written = (self.folder / "compiled.txt").read_text()
        self.assertNotIn("\n--index-url", written)
        self.assertEqual([line.split()[0] for line in written.splitlines() if "==" in line],
                         ["mid==1.5", "source==3.0", "top==1.0"])  # fmt: skip
        self.assert_refused(self.tool("pip-compile", "--quiet", "other.txt", "--output-file=-"))

    def test_tox(self) -> None:
        self.committed()
        self.write("tox.ini", TOX)
        done = self.tool("tox")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("got 1.0\n", done.said)
        self.write("tox.ini", TOX.replace("wanted.txt", "other.txt"))
        self.assert_refused(self.tool("tox"))

    def test_nox(self) -> None:
        self.committed()
        self.write("noxfile.py", NOX)
        done = self.tool("nox")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("got 1.0\n", done.said)
        self.write("noxfile.py", NOX.replace("wanted.txt", "other.txt"))
        self.assert_refused(self.tool("nox"))


class PoetryTests(EndToEnd):
    """A lock that was made with the upstream: neither a new one nor an edit is needed."""

    def poetry(self, *words: object, **environ: str) -> Done:
        bin = environment("poetry-mirror", "poetry>=2.1", "poetry-plugin-pypi-mirror")
        own = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_CACHE_DIR": str(self.folder / "cache")}
        reqpi = (sys.executable, "-m", "reqpi", "run", "--url", self.server.url, "poetry.lock", "--")
        command = [bin / "poetry", "--no-interaction", *words]
        return run(command if environ else [*reqpi, *command], self.folder, {"PYTHONPATH": str(ROOT)} | own | environ)

    def test_its_plug_in_installs_from_the_address(self) -> None:
        (self.folder / "pyproject.toml").write_text(POETRY)
        done = self.poetry("lock", POETRY_PYPI_MIRROR_URL=self.upstream.url)
        self.assertEqual(done.status, 0, done.said)
        lock = (self.folder / "poetry.lock").read_bytes()
        self.assertNotIn(b"http", lock)
        before = len(self.upstream.requests)
        done = self.poetry("sync")
        self.assertEqual(done.status, 0, done.said)
        self.assertTrue(list(self.folder.glob(".venv/lib/*/site-packages/mid-1.5.dist-info")))
        self.assertEqual((self.folder / "poetry.lock").read_bytes(), lock)
        # What it took from there, ReqPI did.
        agents = {request.headers.get("user-agent", "") for request in self.upstream.requests[before:]}
        self.assertEqual({agent.split("/")[0].lower() for agent in agents}, {"reqpi"})
        done = self.poetry("add", "--dry-run", "other")
        self.assertNotEqual(done.status, 0)
        self.assertIn("410 Client Error: other is not in lock", done.said)
