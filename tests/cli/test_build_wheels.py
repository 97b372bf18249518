"""What a build sees of its user's environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.processes.build_wheels import _environ
from reqpi.cli.processes.interpreter import Interpreter


class EnvironmentTests(SynchronousTestCase):
    """Nothing that would make another build of it elsewhere."""

    def seen(self, **environ: str) -> dict[str, str]:
        self.patch(os, "environ", {"HOME": "/home/somebody"} | environ)
        room = Path(self.mktemp())
        room.mkdir()
        return _environ(room, "https://index.example.org/simple/")

    def test_no_option_of_an_installer_comes_in(self) -> None:
        environ = self.seen(
            PIP_FIND_LINKS="/wheels", PIP_NO_BUILD_ISOLATION="0", PIP_CONSTRAINT="c.txt", PIP_NO_BINARY=":all:",
            PYTHONPATH="/mine", UV_FIND_LINKS="/wheels",
        )  # fmt: skip
        self.assertEqual({name for name in environ if name.startswith(("PIP_", "UV_", "PYTHON"))}, {
            "PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_DISABLE_PIP_VERSION_CHECK",
            "UV_DEFAULT_INDEX", "UV_NO_CONFIG", "PYTHONNOUSERSITE", "PYTHONHASHSEED",
        })  # fmt: skip
        self.assertNotEqual(environ["HOME"], "/home/somebody")

    def test_the_address_is_reached_as_before(self) -> None:
        """An authority of one's own, and a proxy: without them pip would not get to what the archive came from."""
        said = {"PIP_CERT": "/ca.pem", "PIP_CLIENT_CERT": "/me.pem", "PIP_PROXY": "http://proxy.example.org:3128"}
        self.assertLessEqual(said.items(), self.seen(**said).items())

    def test_a_rust_toolchain_in_the_home_is_found(self) -> None:
        """The home itself is not; and what the user set stays. The builds get a home of cargo later."""
        home = Path(self.mktemp()).absolute()
        (home / ".rustup").mkdir(parents=True)
        environ = self.seen(HOME=str(home))
        self.assertEqual(environ["RUSTUP_HOME"], f"{home}/.rustup")
        self.assertNotEqual(environ["HOME"], str(home))
        self.assertEqual(self.seen(HOME=str(home), RUSTUP_HOME="/rustup")["RUSTUP_HOME"], "/rustup")
        self.assertNotIn("RUSTUP_HOME", self.seen(HOME="/nowhere"))


class FitsTests(SynchronousTestCase):
    """Which wheels a Python installs."""

    def test_a_filename_of_no_wheel_fits_nothing(self) -> None:
        python = Interpreter(sys.executable)
        self.assertTrue(python.fits("six-1.0-py2.py3-none-any.whl"))
        for name in ("six.whl", "-py3-none-any.whl", "six-1.0-py1-none-any.whl"):
            self.assertEqual(python.fits(name), name.startswith("-"), name)
