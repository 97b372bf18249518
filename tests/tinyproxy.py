"""A real proxy: Debian's tinyproxy, unpacked into the tests' own cache. Nothing is installed."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.debian import debian_program
from tests.ports import free_ports

__all__ = ["Tinyproxy"]

_READY = 240.0

_CONFIGURATION = """
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 100
DisableViaHeader No
LogLevel Info
LogFile "{folder}/log"
BasicAuth me s3cret
Upstream http 127.0.0.1:{names} ".example.org"
{more}
"""


class Tinyproxy:
    """A proxy on loopback that lets in ``me`` with the password ``s3cret``.

    :param folder: for its configuration and its log.
    :param names: the port of another proxy on loopback, which knows the hosts of ``example.org``.
    :param more: lines of its configuration.
    :ivar where: ``127.0.0.1:40123``.
    :raises twisted.trial.unittest.SkipTest: it is not installed, and cannot be fetched.
    """

    def __init__(self, folder: Path, names: int, more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        [port] = free_ports(1)
        configuration = folder / "tinyproxy.conf"
        configuration.write_text(_CONFIGURATION.format(port=port, folder=folder, names=names, more=more))
        self._log = folder / "log"
        self.where = f"127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [debian_program("tinyproxy-bin", "usr/bin/tinyproxy"), "-d", "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _READY
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise AssertionError(f"tinyproxy does not start: {self.log}") from None
                time.sleep(0.05)
            else:
                return

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def stop(self) -> None:
        """End it. Repeating does nothing."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
