"""Freezing a lock and a second, similar lock, compared with a bare loop of treq that only fetches the same pages.

``python benchmarks/bench_freezing.py [PINS] [FILES]`` starts an upstream on loopback in a process of its own, with one
page of FILES files for each of PINS projects. It prints seconds, as the median of several rounds in turn, and the ratio
of each to the bare loop. It takes about a minute.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import treq  # noqa: E402
from treq.client import HTTPClient  # noqa: E402
from twisted.internet import reactor as _reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.task import react  # noqa: E402
from twisted.web.client import Agent, HTTPConnectionPool  # noqa: E402

from reqpi.runtime.singleflight import each  # noqa: E402
from reqpi.shelf.shelf import Shelf  # noqa: E402
from reqpi.storage.directory.store import DirectoryStore  # noqa: E402
from reqpi.storage.memory import MemoryStore  # noqa: E402
from reqpi.upstream.allowed.operator import AllowedUpstreams  # noqa: E402
from reqpi.upstream.upstreams import Upstreams  # noqa: E402

_AT_ONCE = 32
_ROUNDS = 5
_VERSIONS = 10
"""How many files each version has."""

JSON = "application/vnd.pypi.simple.v1+json"
reactor: Any = _reactor


def page_of(project: str, files: int) -> bytes:
    """Return a page in JSON, with the fields that a public index has."""
    return json.dumps(
        {"meta": {"api-version": "1.1"}, "name": project, "files": [_entry(project, number) for number in range(files)]}
    ).encode()


def _entry(project: str, number: int) -> dict[str, Any]:
    python = 30 + number % _VERSIONS
    name = project.replace("-", "_")
    filename = f"{name}-1.{number // _VERSIONS}-cp{python}-cp{python}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    digest = hashlib.sha256(filename.encode()).hexdigest()
    metadata = hashlib.sha256(digest.encode()).hexdigest()
    return {
        "filename": filename,
        "url": f"https://files.example.org/packages/{digest[:2]}/{digest[2:]}/{filename}",
        "hashes": {"sha256": digest},
        "core-metadata": {"sha256": metadata},
        "requires-python": ">=3.8",
        "size": 10_000 + number,
        "upload-time": "2026-01-02T03:04:05.678901Z",
        "yanked": False,
    }


def serve(pipe: Any, pins: int, files: int, latency: float) -> None:
    """Serve an upstream with gzip, persistent connections and an ETag, which answers after ``latency`` seconds.

    :param pipe: receives the port.
    """
    pages = {f"/simple/project-{pin}/": gzip.compress(page_of(f"project-{pin}", files), 6) for pin in range(pins)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            path = head.split(b" ", 2)[1].decode()
            known = b"if-none-match:" in head.lower()
            if latency:
                await asyncio.sleep(latency)
            body = b"" if known else pages[path]
            status = b"304 Not Modified" if known else b"200 OK"
            length = b"" if known else b"Content-Length: %d\r\nContent-Encoding: gzip\r\n" % len(body)
            writer.write(
                b'HTTP/1.1 %s\r\nContent-Type: %s\r\n%sETag: "a"\r\nCache-Control: max-age=600\r\n\r\n'
                % (status, JSON.encode(), length)
                + body
            )

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def bare(url: str, pins: int) -> None:
    """Fetch all pages with treq, with as many requests at once as when freezing, and discard the bodies."""
    pool = HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = _AT_ONCE
    client = HTTPClient(Agent(reactor, pool=pool))

    async def get(number: int) -> int:
        response = await client.get(f"{url}project-{number}/", headers={"Accept": [JSON], "Accept-Encoding": ["gzip"]})
        return len(await treq.content(response))

    await each(range(pins), get, _AT_ONCE)
    await pool.closeCachedConnections()


def lock(pins: int, *, others: int = 0) -> bytes:
    """Return a lock of ``pins`` pins, the last ``others`` of which are of projects that no other lock has."""
    numbers = [*range(pins - others), *range(pins, pins + others)]
    return "".join(f"project-{number}==1.0\n" for number in numbers).encode()


async def timed(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the seconds of wall time and of this process's CPU time that ``work`` takes."""
    cpu, began = _cpu(), time.perf_counter()
    await work()
    return time.perf_counter() - began, _cpu() - cpu


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def one_round(url: str, pins: int) -> dict[str, tuple[float, float]]:
    """Measure each case once; return the seconds of wall time and of CPU time by case."""
    figures = {"bare treq": await timed(lambda: bare(url, pins))}
    for name in ("in memory", "in a directory"):
        with tempfile.TemporaryDirectory() as folder:
            store = MemoryStore() if name == "in memory" else DirectoryStore(Path(folder))
            store.open()
            upstreams = Upstreams(AllowedUpstreams(url), reactor)
            shelf = Shelf(store, upstreams, reactor, "benchmark")
            for what, others in (("frozen", 0), ("a second, 90 % the same", pins // 10)):
                commitment, _ = await shelf.commit(lock(pins, others=others))
                work = partial(each, commitment.lock.projects, partial(shelf.freeze, commitment), _AT_ONCE)
                figures[f"{what}, {name}"] = await timed(work)
            await upstreams.close()
            await store.close()
    return figures


async def run(pins: int, files: int) -> None:
    """Measure with an upstream that answers immediately, and with one whose latency is that of another country."""
    for latency in (0.0, 0.03):
        here, there = multiprocessing.Pipe()
        upstream = multiprocessing.Process(target=serve, args=(there, pins * 11 // 10, files, latency), daemon=True)
        upstream.start()
        try:
            url = f"http://127.0.0.1:{here.recv()}/simple/"
            rounds = [await one_round(url, pins) for _ in range(_ROUNDS)]
        finally:
            upstream.kill()
        print(f"\n{pins} pages of {files} files; upstream answers after {latency * 1000:.0f} ms")
        print(f"{'':44}{'wall s':>9}{'min':>8}{'max':>8}{'CPU s':>8}{'ratio':>8}")
        base = statistics.median(each["bare treq"][0] for each in rounds)
        for name in rounds[0]:
            walls, cpus = zip(*(each[name] for each in rounds), strict=True)
            wall = statistics.median(walls)
            cpu = statistics.median(cpus)
            print(f"{name:44}{wall:9.3f}{min(walls):8.3f}{max(walls):8.3f}{cpu:8.3f}{wall / base:8.2f}")


def main() -> None:
    """Measure, and print the tables."""
    sys.setswitchinterval(0.001)  # as the server does
    pins = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    react(lambda _: Deferred.fromCoroutine(run(pins, files)))


if __name__ == "__main__":
    main()
