"""SeaweedFS as a cluster: a master, two volume servers, a filer and two S3 gateways, each a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.ports import free_ports
from tests.seaweed import READY, SeaweedFS, identities, is_ready, program

__all__ = ["SeaweedCluster"]

_PARTS = ("master", "volume1", "volume2", "filer", "s3a", "s3b")


class SeaweedCluster:
    """It runs from :meth:`start` to :meth:`stop`.

    :param folder: for all that it writes. A short path: there will be sockets in it.
    :raises twisted.trial.unittest.SkipTest: SeaweedFS cannot be installed.
    """

    url = SeaweedFS.url

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = program()
        ports = free_ports(2 * len(_PARTS))
        self._ports = {part: (ports[2 * at], ports[2 * at + 1]) for at, part in enumerate(_PARTS)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def options(self, gateway: str) -> dict[str, str]:
        """``--store-option`` for one of the gateways: ``s3a`` or ``s3b``."""
        return {
            "endpoint": f"http://127.0.0.1:{self._ports[gateway][0]}",
            "region": "us-east-1",
            "access_key_id": "writer",
            "secret_access_key": "writer-secret",
        }

    def start(self) -> None:
        """Start all of it, and wait until both gateways take what is written."""
        (self._folder / "s3.json").write_text(json.dumps({"identities": identities()}))
        master, filer = (f"127.0.0.1:{port}.{grpc}" for port, grpc in (self._ports["master"], self._ports["filer"]))
        self._run("master", "master", mdir=self._made("master"), volumeSizeLimitMB=64, telemetry="false", peers="none")
        for part in ("volume1", "volume2"):
            self._run(part, "volume", dir=self._made(part), master=master, max=40)
        self._run(
            "filer",
            "filer",
            defaultStoreDir=self._made("filer"),
            master=master,
            localSocket=self._folder / "filer.sock",
        )
        for part in ("s3a", "s3b"):
            self._run(
                part, "s3", filer=filer, config=self._folder / "s3.json", localSocket=self._folder / f"{part}.sock",
                autoCreateBucket="true", **{"port.iceberg": 0, "port.lance": 0},
            )  # fmt: skip
        for gateway in ("s3a", "s3b"):
            self._wait(gateway)

    def kill(self, part: str) -> None:
        """End one of its processes at once."""
        process = self._processes.pop(part)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End all of it."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _made(self, part: str) -> Path:
        folder = self._folder / part
        folder.mkdir(exist_ok=True)
        return folder

    def _run(self, part: str, command: str, **options: object) -> None:
        port, grpc = self._ports[part]
        given = {"port": port, "port.grpc": grpc, "ip": "127.0.0.1", "ip.bind": "127.0.0.1"} | options
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
        with (self._folder / f"{part}.log").open("ab") as log:
            self._processes[part] = subprocess.Popen(
                [self._program, command, *(f"-{name}={value}" for name, value in given.items())],
                cwd=self._made(part),
                env={**environment, "HOME": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _wait(self, gateway: str) -> None:
        end = time.monotonic() + READY
        while (why := is_ready(self.options(gateway))) is not None:
            if time.monotonic() > end or any(process.poll() is not None for process in self._processes.values()):
                logs = "\n".join(
                    f"{path.name}: {path.read_text(errors='replace')[-800:]}" for path in self._folder.glob("*.log")
                )
                self.stop()
                raise AssertionError(f"SeaweedFS does not start: {why}\n{logs}")
            time.sleep(0.1)
