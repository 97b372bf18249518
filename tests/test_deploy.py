"""The files of ``deploy/``: what can be read of them without starting anything but systemd's own checks."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import which

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core import locks
from reqpi.core.model import Lock
from reqpi.server.options import OPTIONS
from tests.deploy_case import DEPLOY, unit
from tests.end_to_end.server import ROOT
from tests.nginx import shipped


def run(command: list[str], given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command with a text on standard input."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=240, check=False, env=environment
    )


def locked(name: str) -> Lock:
    """A lock of ours."""
    return locks.read((DEPLOY / name).read_bytes())


class LockTests(SynchronousTestCase):
    """The lock that the image is installed from."""

    def test_it_has_a_version_for_each_dependency(self) -> None:
        """``tox -e lock`` writes it: run it when this fails."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        extras = project["optional-dependencies"]
        required = [*project["dependencies"], *extras["s3"], *extras["oidc"]]
        versions = {pin.project: pin.version for pin in locked("requirements.txt").pins}
        for requirement in map(Requirement, required):
            name = canonicalize_name(requirement.name)
            self.assertIn(name, versions)
            self.assertIn(str(versions[name]), requirement.specifier, name)

    def test_each_pin_has_a_digest(self) -> None:
        for name in ("requirements.txt", "build-requirements.txt"):
            self.assertEqual([pin.project for pin in locked(name).pins if not pin.digests], [], name)


class UnitTests(SynchronousTestCase):
    """The units of systemd."""

    def setUp(self) -> None:
        if which("systemd-analyze") is None:
            raise SkipTest("there is no systemd-analyze here")

    def analyzed(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(["systemd-analyze", *arguments])

    def test_little_of_the_machine_is_exposed(self) -> None:
        """Exposure is between 0 and 10; a unit without hardening has 9.6."""
        done = self.analyzed(
            "security", "--offline=true", "--no-pager", "--threshold=20", str(DEPLOY / "systemd" / "reqpi.service")
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_systemd_knows_every_key(self) -> None:
        """A misspelled key is a warning in the journal, and no protection."""
        done = self.analyzed(
            "verify", "--man=no", *(str(DEPLOY / "systemd" / name) for name in ("reqpi.service", "reqpi.socket"))
        )
        self.assertEqual([line for line in done.stderr.splitlines() if "nknown" in line or "arse" in line], [])

    def test_processes_of_the_server_may_yield(self) -> None:
        """Of the calls that are kept from it, these are the ones that it makes: ``reqpi.runtime.called``."""
        self.assertEqual(unit("reqpi.service")["SystemCallFilter"][-1], "nice setpriority")

    def test_the_service_has_time_to_finish_its_requests(self) -> None:
        self.assertEqual(unit("reqpi.service")["TimeoutStopSec"], ["40"])


class ContainerTests(SynchronousTestCase):
    """The recipe of the image, read."""

    def setUp(self) -> None:
        self.recipe = (DEPLOY / "container" / "Containerfile").read_text("utf-8")

    def test_everything_that_it_copies_is_here(self) -> None:
        for line in re.findall(r"^COPY (?!--from)(.+)$", self.recipe, re.MULTILINE):
            for source in line.split()[:-1]:
                self.assertTrue((ROOT / source).exists(), source)

    def test_nothing_is_installed_without_a_digest(self) -> None:
        for command in re.findall(r"pip install[^&\n]*", self.recipe):
            self.assertTrue("--require-hashes" in command or "--no-index" in command, command)

    def test_it_runs_without_privileges(self) -> None:
        last = self.recipe.rpartition("FROM")[2]
        self.assertIn("\nUSER 10001:10001\n", last)


class ProxyTests(SynchronousTestCase):
    """The configuration of nginx; ``tests/end_to_end/test_deploy.py`` starts it."""

    def test_the_documentation_shows_no_other_one(self) -> None:
        """Two would differ."""
        self.assertNotIn("proxy_pass http://127.0.0.1:2000", (ROOT / "docs" / "operate.md").read_text("utf-8"))

    def test_what_is_tested_is_what_is_shipped(self) -> None:
        text = shipped(2001, ["127.0.0.1:2002"], Path("/tls"))
        self.assertIn("listen 127.0.0.1:2001 ssl;", text)
        self.assertNotIn("/etc/reqpi", text)
        self.assertIn("limit_req ", text)


class ManPageTests(SynchronousTestCase):
    """The page of the manual, as ``tox -e man`` makes it from the options."""

    @classmethod
    def setUpClass(cls) -> None:
        command = re.search(r"^\[testenv:man\].*?^commands = (.+?)$", (ROOT / "tox.ini").read_text(), re.M | re.S)
        assert command is not None
        arguments = shlex.split(command[1].partition("--output")[0])
        made = run([str(Path(sys.executable).parent / arguments[0]), *arguments[1:]])
        cls.page = made.stdout

    def test_it_has_every_option(self) -> None:
        for option in OPTIONS:
            self.assertIn("\\fB\\-\\-" + option.name.replace("-", "\\-") + "\\fR", self.page)

    def test_man_understands_it(self) -> None:
        if which("groff") is None:
            raise SkipTest("there is no groff here")
        done = run(["groff", "-man", "-k", "-Tutf8", "-ww", "-z"], self.page)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
