"""pip and a server on another address than loopback: the commands that are shown must work as they stand."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from html import unescape

import pytest
from twisted.trial.unittest import SkipTest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT

pytestmark = pytest.mark.clients


class PlainHttpTests(EndToEnd):
    """pip ignores an index over plain http elsewhere, unless it is given ``--trusted-host``."""

    def setUp(self) -> None:
        self.host = _own_address()
        super().setUp()
        with socket.create_server((self.host, 0)) as free:
            port = free.getsockname()[1]
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url, "--http", f"tcp:{port}:interface={self.host}")
        self.elsewhere = f"http://{self.host}:{port}"

    def sh(self, command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a line as a user would, with no settings of this machine's pip."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "PIP_"))}
        plain = {"PYTHONPATH": str(ROOT), "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=kept | plain | environ,
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    def test_the_command_on_the_page_installs_and_gethash_names_the_option(self) -> None:
        (self.folder / "requirements.txt").write_text("top==1.0\nmid==1.5\nsource==3.0\n")
        committed = self.sh(f"{sys.executable} -m reqpi gethash --url {self.elsewhere} requirements.txt")
        option = f"--trusted-host {self.host}:{self.elsewhere.rpartition(':')[2]}"
        self.assertIn(option, committed.stderr)
        index = committed.stdout.strip()
        pip = f"{sys.executable} -m pip install --no-cache-dir --no-deps --only-binary :all: --target target"
        bare = self.sh(f"{pip} --index-url {index} top")
        self.assertNotEqual(bare.returncode, 0)
        self.assertIn("is not a trusted or secure host", bare.stderr)
        for url in (f"{self.elsewhere}/", index.removesuffix("simple/")):
            page = unescape(self.get(url)[1].decode())
            [shown] = re.findall(r"pip install (--index-url .*) -r requirements.txt", page)
            self.assertIn(option, shown)
            done = self.sh(f"{pip} --upgrade {shown} top", PYPI=index)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def _own_address() -> str:
    """An address of this machine that is not loopback; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            own: str = probe.getsockname()[0]
        except OSError:
            own = "127.0.0.1"
    if own.startswith("127."):
        raise SkipTest("this machine has no address but loopback")
    return own
