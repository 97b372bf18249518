"""The ReqPI server under measurement: ``twistd -n reqpi`` of any environment, with a store and locks in it."""

from __future__ import annotations

import os
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.asking import get
from benchmarks.machine import SERVER_CORE
from benchmarks.nginx import Certificate
from benchmarks.processes import Process, free_port, run

__all__ = ["ReqPI"]

_TWISTD = "from reqpi.cli.commands.server import main; import sys; sys.exit(main(sys.argv[1:]))"
"""``reqpi server`` is ``twistd -n reqpi``, and works even if an editable install hides the plugin from twistd."""

_LIMITS = {
    "REQPI_LIMIT_REQUESTS": "1000000/s,burst=100000000",
    "REQPI_LIMIT_COMMITS": "1000000/s",
    "REQPI_LIMIT_HOLDS": "1000000/s",
}
"""Rates that one client on this machine does not reach, and that are checked all the same. An older ReqPI ignores
them."""


class ReqPI(Process):
    """A ReqPI server.

    :param python: the interpreter of the environment that has ReqPI.
    :param folder: for its store and its log, which is also its access log.
    :param upstream: the URL of its upstream; ``None`` runs it with ``--offline``.
    :param core: the core that it may use; several workers use all cores.
    :param options: further options of ``reqpi server``.
    :param limited: keep the default limits of a client, which loads from one machine reach.
    :param closed: require a token for everything.
    :ivar login: the header with which its clients log in, if they have to.
    :ivar url: the URL without a slash at the end; ``tls_url`` is the one for TLS.
    """

    def __init__(
        self,
        python: str,
        folder: Path,
        upstream: str | None,
        *,
        workers: int = 1,
        tls: Certificate | None = None,
        core: int | None = SERVER_CORE,
        options: tuple[str, ...] = (),
        limited: bool = False,
        closed: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._python, self._folder = python, folder
        tokens = folder / "tokens"
        made = [python, "-m", "reqpi", "token", "new", "benchmark", "--tokens", tokens]
        self._token = run(made, folder).strip() if closed else ""
        self.login = _login(self._token) if closed else {}
        port, secure = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{secure}"
        command = [python, "-c", _TWISTD, "--http", f"tcp:{port}:interface=127.0.0.1"]
        if tls:
            keys = f"privateKey={tls.key}:certKey={tls.certificate}"
            command += ["--http", f"ssl:{secure}:{keys}:interface=127.0.0.1"]
        if closed:
            command += ["--tokens", str(tokens), "--anonymous", "none"]
        command += ["--store", str(folder / "store"), "--workers", str(workers), *options]
        command += ["--upstream", upstream] if upstream else ["--offline"]
        core = None if workers > 1 else core
        super().__init__(command, lambda: get(f"{self.url}/"), folder / "log", core, {} if limited else _LIMITS)

    def commit(self, lock: str, hold: bool = True) -> str:
        """Commit a lock, and with ``hold`` wait until every file that it admits is in the store.

        :returns: the URL of its index, with a slash at the end.
        """
        document = self._folder / "requirements.txt"
        document.write_text(lock)
        options = ["--hold"] if hold else []
        environ = os.environ | ({"REQPI_TOKEN": self._token} if self._token else {})
        command = [self._python, "-m", "reqpi", "gethash", "--url", self.url, *options, document]
        printed = run(command, self._folder, environ)
        return f"{printed.strip().rstrip('/')}/"

    def index_of(self, lock: str) -> str:
        """Return the URL of the index of a lock of one document, with a slash at the end."""
        return f"{self.url}/{sha256(lock.encode()).hexdigest()}/simple/"

    def secure(self, index: str) -> str:
        """Return the URL of an index of this server over TLS."""
        return f"{self.tls_url}{urlsplit(index).path}"


def _login(token: str) -> dict[str, str]:
    """Return the header with which pip and uv send a token that is in the URL or in netrc."""
    return {"Authorization": f"Basic {b64encode(f'__token__:{token}'.encode()).decode()}"}
