"""What a host has decided already is found out, and nothing is decided for it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.server.host_defaults import builtin_index, default_store, default_upstream

BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class HostCase(SynchronousTestCase):
    """A host on which nothing is configured."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.folder = self.folder.resolve()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_"))}
        environment = mock.patch.dict(os.environ, clean, clear=True)
        environment.start()
        self.addCleanup(environment.stop)
        os.environ["PIP_CONFIG_FILE"] = os.devnull

    def configure(self, text: str) -> None:
        """Give pip a configuration file."""
        path = self.folder / "pip.conf"
        path.write_text(text)
        os.environ["PIP_CONFIG_FILE"] = str(path)


class UpstreamTests(HostCase):
    """The index that ``pip install`` uses here."""

    def test_the_environment_wins(self) -> None:
        """As it does in pip; an empty value is none."""
        self.configure("[global]\nindex-url = https://a.example.org/simple\n")
        os.environ["PIP_INDEX_URL"] = "https://b.example.org/simple"
        self.assertEqual(default_upstream(), "https://b.example.org/simple")
        os.environ["PIP_INDEX_URL"] = ""
        self.assertEqual(default_upstream(), "https://a.example.org/simple")

    def test_a_section_for_install_wins_over_the_global_one(self) -> None:
        """What another command uses does not count."""
        self.configure(
            "[global]\nindex-url = https://a.example.org/simple\n"
            "[install]\nindex-url = https://b.example.org/simple\n"
            "[download]\nindex-url = https://c.example.org/simple\n"
        )
        self.assertEqual(default_upstream(), "https://b.example.org/simple")

    def test_a_user_and_password_are_passed_on(self) -> None:
        """A private index is of no use without them."""
        self.configure("[global]\nindex-url = https://me:p%40ss@a.example.org/simple\n")
        self.assertEqual(default_upstream(), "https://me:p%40ss@a.example.org/simple")

    def test_without_a_configuration_it_is_what_pip_has_built_in(self) -> None:
        """Whatever that is: pip is asked."""
        asked = subprocess.run([sys.executable, "-c", BUILT_IN], capture_output=True, text=True, check=True)
        self.assertEqual(default_upstream(), asked.stdout.strip())

    def test_what_is_built_in_is_known_whatever_is_configured(self) -> None:
        """A lock may name it."""
        asked = subprocess.run([sys.executable, "-c", BUILT_IN], capture_output=True, text=True, check=True)
        self.configure("[global]\nindex-url = https://a.example.org/simple\n")
        os.environ["PIP_INDEX_URL"] = "https://b.example.org/simple"
        self.assertEqual(builtin_index(), asked.stdout.strip())

    def test_what_a_site_prints_when_python_starts_is_passed_over(self) -> None:
        """With an end of line or without, text or not."""
        (self.folder / "sitecustomize.py").write_text(
            "import sys\nsys.stdout.buffer.write(b'http://wrong.example.org \\xff')\nsys.stdout.buffer.flush()\n"
        )
        os.environ["PYTHONPATH"] = str(self.folder)
        self.configure("[global]\nindex-url = https://a.example.org/simple\n")
        self.assertEqual(default_upstream(), "https://a.example.org/simple")

    def test_nothing_in_the_working_directory_is_run(self) -> None:
        """A server may be started in anybody's checkout."""
        (self.folder / "pip").mkdir()
        (self.folder / "pip" / "__init__.py").write_text("open('run', 'w')\n")
        self.configure("[global]\nindex-url = https://a.example.org/simple\n")
        before = Path.cwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        self.assertEqual(default_upstream(), "https://a.example.org/simple")
        self.assertFalse((self.folder / "run").exists())


class NoUpstreamTests(HostCase):
    """Hosts on which there is nobody to ask."""

    def test_another_python_is_asked_where_ours_has_no_pip(self) -> None:
        """uv makes environments without."""
        self.without_pip(str(Path(sys.executable).parent))
        self.configure("[global]\nindex-url = https://a.example.org/simple\n")
        self.assertEqual(default_upstream(), "https://a.example.org/simple")

    def test_without_any_pip_an_operator_is_told_what_to_do(self) -> None:
        """No index is made up."""
        self.without_pip("/nonexistent")
        error = self.assertRaises(Misconfigured, default_upstream)
        self.assertIn("--upstream URL", error.detail)
        self.assertIsNone(builtin_index())

    def test_an_interpreter_that_nobody_knows_is_no_trouble(self) -> None:
        """Python is embedded here and there."""
        self.patch(sys, "executable", "")
        os.environ["PATH"] = "/nonexistent"
        self.assertRaises(Misconfigured, default_upstream)

    def test_a_configuration_that_cannot_be_read_is_not_quoted(self) -> None:
        """There may be a password in the line that is wrong. Nor is another index taken in its place."""
        self.configure("index-url = https://me:secret@a.example.org/simple\n")
        error = self.assertRaises(Misconfigured, default_upstream)
        self.assertNotIn("secret", str(error))
        self.assertIn("pip config list", error.detail)

    def without_pip(self, path: str) -> None:
        """Run on an interpreter that has no pip; others are in ``path``."""
        venv.create(self.folder / "bare", with_pip=False)
        self.patch(sys, "executable", str(self.folder / "bare" / "bin" / "python"))
        os.environ["PATH"] = path


class StoreTests(HostCase):
    """The user's state directory."""

    def test_it_is_where_the_user_wants_state_to_be(self) -> None:
        """``XDG_STATE_HOME``, and nothing is made there before it is needed."""
        os.environ["XDG_STATE_HOME"] = str(self.folder / "state")
        self.assertEqual(default_store(), self.folder / "state" / "reqpi")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_it_is_below_the_home_directory_otherwise(self) -> None:
        """Not in the working directory, and not in one that is emptied."""
        os.environ["HOME"] = str(self.folder)
        self.assertTrue(default_store().is_relative_to(self.folder))
        self.assertEqual(default_store().name, "reqpi")
