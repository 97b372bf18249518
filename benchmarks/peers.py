"""Other index servers that mirror an upstream, each run in one process as its own documentation describes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.asking import get
from benchmarks.processes import Process, free_port, run
from benchmarks.sites import Site
from benchmarks.tools import installed, versions_of

__all__ = ["PEERS", "peer", "peer_versions"]

_REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "devpi": ("devpi-server",),
    "proxpi": ("proxpi", "gunicorn"),
    "simple-repository-server": ("simple-repository-server", "uvicorn"),
    "pytail": ("pytail",),
}
PEERS = tuple(_REQUIREMENTS)


def peer(name: str, work: Path, folder: Path, upstream: str) -> Site | None:
    """Start a peer that mirrors the upstream; return ``None``, after a message, if it cannot be installed.

    :param work: the folder of the environments.
    :param folder: for the files of the peer.
    :param upstream: the URL of the index, with a slash at the end.
    """
    programs = installed(work, name, *_REQUIREMENTS[name])
    if programs is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return _STARTED[name](programs, folder, upstream)


def peer_versions(work: Path) -> dict[str, str]:
    """Return the versions of the peers that are installed, by name."""
    found: dict[str, str] = {}
    for name, requirements in _REQUIREMENTS.items():
        python = work / "environments" / name / "bin" / "python"
        if python.exists():
            found |= versions_of(python, requirements[:1])
    return found


def _devpi(programs: Path, folder: Path, upstream: str) -> Site:
    server = folder / "server"
    if not server.exists():
        run([programs / "devpi-init", "--serverdir", server, "--no-root-pypi", "--root-passwd", "benchmark"], folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [programs / "devpi-server", "--serverdir", server, "--host", "127.0.0.1", "--port", port]
    ready = _reached(f"{url}/+api", {"Accept": "application/json"})
    process = Process([*command, "--mirror-cache-expiry", "86400"], ready, folder / "log")
    login = _json(f"{url}/+login", {"user": "root", "password": "benchmark"}, "POST", {})
    secret = base64.b64encode(f"root:{login['result']['password']}".encode()).decode()
    _json(
        f"{url}/root/up", {"type": "mirror", "mirror_url": upstream, "volatile": True}, "PUT", {"X-Devpi-Auth": secret}
    )
    return Site("devpi", f"{url}/root/up/+simple/", process)


def _proxpi(programs: Path, folder: Path, upstream: str) -> Site:
    port = free_port()
    url = f"http://127.0.0.1:{port}/index/"
    environ = {
        "PROXPI_INDEX_URL": upstream,
        "PROXPI_CACHE_DIR": str(folder / "cache"),
        "PROXPI_INDEX_TTL": "86400",
        "PROXPI_DOWNLOAD_TIMEOUT": "30",
    }
    # As in its own container image: one process with threads. It logs accesses only with this option.
    options = ["--bind", f"127.0.0.1:{port}", "--threads", "2", "--access-logfile", "-", "proxpi.server:app"]
    (folder / "cache").mkdir(exist_ok=True)
    process = Process([programs / "gunicorn", *options], _reached(url), folder / "log", environ=environ)
    return Site("proxpi", url, process)


def _simple_repository_server(programs: Path, folder: Path, upstream: str) -> Site:
    port = free_port()
    url = f"http://127.0.0.1:{port}/simple/"
    module = [programs / "python", "-m", "simple_repository_server", "--stream-http-resources"]
    command = [*module, "--host", "127.0.0.1", "--port", port, upstream]
    return Site("simple-repository-server", url, Process(command, _reached(url), folder / "log"))


def _pytail(programs: Path, folder: Path, upstream: str) -> Site:
    port = free_port()
    url = f"http://127.0.0.1:{port}/simple/"
    base = upstream.removesuffix("/simple/")
    options = ["--bind", f"127.0.0.1:{port}", "--upstream-base-url", base, "--cache-dir", folder / "cache"]
    process = Process([programs / "pytail", *options], _reached(f"http://127.0.0.1:{port}/"), folder / "log")
    return Site("pytail", url, process)


_STARTED: Mapping[str, Callable[[Path, Path, str], Site]] = {
    "devpi": _devpi,
    "proxpi": _proxpi,
    "simple-repository-server": _simple_repository_server,
    "pytail": _pytail,
}


def _reached(url: str, headers: Mapping[str, str] | None = None) -> Callable[[], object]:
    return lambda: get(url, headers)


def _json(url: str, body: object, method: str, headers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    answer = get(url, sent, json.dumps(body).encode(), method)
    if answer.status >= 400:
        raise SystemExit(f"{method} {url}: {answer.status} {answer.body[:300]!r}")
    decoded: dict[str, dict[str, str]] = json.loads(answer.body)
    return decoded
