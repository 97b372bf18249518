"""What real clients ask a server for when they install a lock, and what that costs the server."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree

from attrs import frozen

from benchmarks.real_lock import Clients, clients
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, Stage, say
from benchmarks.upstream import Made, pin, wheel

__all__ = ["CLIENTS", "Install", "installs", "kind_of"]

CLIENTS = ("pip", "uv")
_EMPTY, _FULL = "empty cache", "full cache"
_PINS = 60
_TIMES = 3
_REQUEST = re.compile(r'"(GET|HEAD|POST) /[0-9a-f]{64}/simple/(\S*) HTTP/1\.[01]" (\d+) (\d+|-)')


@frozen
class Install:
    """An install of a warm lock.

    :param requests: for each pin, by kind.
    :param cpu: seconds of the server for each pin.
    :param bytes: that the server sent for each pin, without heads.
    """

    requests: Mapping[str, float]
    cpu: float
    bytes: float

    @property
    def all(self) -> float:
        """Requests for each pin."""
        return sum(self.requests.values())


def installs(bench: Bench) -> dict[tuple[str, str], Install]:
    """Let pip and uv install a lock, with an empty and with a full cache of their own."""
    having = clients(bench.work)
    projects = _projects(bench)
    lock = "".join(pin(files) for files in projects.values())
    with Stage(bench, "scale-clients") as stage:
        server = ReqPI(bench.python, stage.folder / "ReqPI", stage.upstream, core=None)
        with server:
            index = server.commit(lock)
            (stage.folder / "lock.txt").write_text(lock)
            return {
                (client, cache): _measured(bench, stage, server, _command(client, cache, having, index, stage.folder))
                for client in CLIENTS
                for cache in (_EMPTY, _FULL)
            }


def kind_of(method: str, path: str, status: str) -> str:
    """Return the kind of a request, from its line in the access log.

    :param path: below ``simple/``.
    """
    what = "metadata" if path.endswith(".metadata") else "page" if path.endswith("/") or not path else "file"
    return " ".join([*([method] if method != "GET" else []), what, *([status] if status != "200" else [])])


def _projects(bench: Bench) -> dict[str, list[Made]]:
    made = {}
    for number in range(_PINS):
        name = f"scale-client-{number}"
        made[name] = bench.upstream.made(name) or bench.upstream.add(name, [wheel(name, size=20_000)])
    return made


def _command(client: str, cache: str, having: Clients, index: str, folder: Path) -> Sequence[object]:
    """Return the command that installs ``lock.txt``."""
    command = list(having.install(client, folder / "lock.txt", index, folder / "to"))
    if cache == _EMPTY:
        return command
    without = [word for word in command if word not in {"--no-cache", "--no-cache-dir"}]
    return [*without, "--cache-dir", folder / f"cache-{client}"]


def _measured(bench: Bench, stage: Stage, server: ReqPI, command: Sequence[object]) -> Install:
    having = clients(bench.work)
    say(" ".join(str(word) for word in command)[:100])

    def once() -> None:
        rmtree(stage.folder / "to", ignore_errors=True)
        (stage.folder / "to").mkdir()
        having.run(command, stage.folder)

    once()
    log = stage.folder / "ReqPI" / "log"
    _flushed(server, log)
    begun, before = log.stat().st_size, server.cpu()
    times = 1 if bench.quick else _TIMES
    for _ in range(times):
        once()
    cpu = server.cpu() - before
    _flushed(server, log)
    found = [_REQUEST.search(line) for line in log.read_bytes()[begun:].decode("utf-8", "replace").splitlines()]
    seen = [match for match in found if match]
    each = 1 / times / _PINS
    kinds = Counter(kind_of(match[1], match[2], match[3]) for match in seen)
    volume = sum(int(match[4]) for match in seen if match[4].isdigit())
    return Install({kind: count * each for kind, count in sorted(kinds.items())}, cpu * each, volume * each)


def _flushed(server: ReqPI, log: Path) -> None:
    """Wait until the server has written all lines of its access log."""
    size = -1
    while size != log.stat().st_size:
        size = log.stat().st_size
        time.sleep(1.0)
