"""A real nginx in front of several servers."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.debian import debian_program
from tests.end_to_end.server import ROOT
from tests.ports import free_ports

__all__ = ["Nginx", "StaticNginx", "shipped"]

_READY = 240.0

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/reqpi.conf;
}}
"""

_STATIC = """
include {tree}/nginx.http.conf;
server {{
    listen 127.0.0.1:{port};
    root {tree};
    include {tree}/nginx.server.conf;
}}
"""

_SHIPPED = ROOT / "deploy" / "nginx" / "reqpi.conf"


def shipped(port: int, servers: list[str], certificates: Path | None = None) -> str:
    """The shipped configuration, on a port of loopback, in front of some servers.

    :param certificates: a folder with ``fullchain.pem`` and ``privkey.pem``; ``None``: plain http.
    """
    text = _SHIPPED.read_text("utf-8")
    text = text[: text.index("server {\n    listen 80;")]
    text = re.sub(r"^    listen \[::\]:443 ssl;\n", "", text, flags=re.M)
    if certificates is None:
        text = re.sub(r"^ +ssl_.*\n", "", text, flags=re.M).replace("443 ssl", "443")
    else:
        text = text.replace("/etc/reqpi/tls", str(certificates))
    replicas = "\n    ".join(f"server {each} max_fails=1 fail_timeout=2s;" for each in servers)
    if len(servers) > 1:  # as docs/replicas.md says
        replicas = f"hash $uri consistent;\n    {replicas}"
    text = text.replace("server 127.0.0.1:2000;", replicas)
    return text.replace("listen 443", f"listen 127.0.0.1:{port}")


class _Running:
    """A process of nginx.

    :param folder: for its configuration and its log.
    :param included: the content of its http block.
    :param port: of loopback, on which it listens.
    :raises twisted.trial.unittest.SkipTest: there is none here, and none to be had.
    """

    def __init__(self, folder: Path, included: str, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reqpi.conf").write_text(included)
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder))
        program = debian_program("nginx", "usr/sbin/nginx")
        self._process = subprocess.Popen(
            [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(configuration)],
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
                    log = folder / "error.log"
                    raise AssertionError(f"nginx does not start: {log.read_text() if log.exists() else ''}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it. Repeating does nothing."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(240)


class StaticNginx(_Running):
    """It serves a folder that ``reqpi mirror`` has written, with the configuration in that folder.

    :param folder: for its configuration and its log.
    :param tree: the folder.
    :param port: of loopback.
    :ivar url: where it is.
    """

    def __init__(self, folder: Path, tree: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(folder, _STATIC.format(tree=tree, port=port), port)


class Nginx(_Running):
    """It asks one server for each path, and another where that one cannot be reached. As shipped: ``deploy/``.

    :param folder: for its configuration and its log.
    :param servers: ``127.0.0.1:40123`` and so on.
    :param certificates: see :func:`shipped`.
    :ivar url: where it is.
    :raises twisted.trial.unittest.SkipTest: there is none here, and none to be had.
    """

    def __init__(self, folder: Path, servers: list[str], certificates: Path | None = None) -> None:
        [port] = free_ports(1)
        self.url = f"{'http' if certificates is None else 'https'}://127.0.0.1:{port}"
        super().__init__(folder, shipped(port, servers, certificates), port)
