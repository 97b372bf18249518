"""The reactor lag that the largest pages, locks and sweeps cause.

``python benchmarks/bench_gaps.py [nothing] [json] [html] [locks] [sweeps]`` runs a timer every millisecond in a
server's own process while it performs each operation. It prints the longest time between two ticks, in the worst round
and in the best; how much of that the process was computing; the longest turn in CPU time of the reactor's own thread;
and how long the whole operation took. The bound is 20 ms, on a machine that has nothing else to do. It takes some
minutes.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).parent))

from bench_freezing import page_of  # noqa: E402
from treq.client import HTTPClient  # noqa: E402
from twisted.internet import reactor as _reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.task import deferLater, react  # noqa: E402
from twisted.web.client import Agent, HTTPConnectionPool  # noqa: E402

from benchmarks.many_locks import fill  # noqa: E402
from reqpi.runtime import gc_pause  # noqa: E402
from reqpi.runtime.reactor_lag import ReactorLag  # noqa: E402
from reqpi.server.server import Server, assemble  # noqa: E402
from reqpi.server.settings import Settings  # noqa: E402
from reqpi.shelf.maintenance.sweep import Sweep  # noqa: E402
from reqpi.storage.memory import MemoryStore  # noqa: E402

FILES, PINS, LOCKS = 12_000, 10_000, 20_000
_ROUNDS = 3
reactor: Any = _reactor

Figures = tuple[float, float, float, float]
"""The longest lag, how much of it this process computed, the longest turn in CPU time, the total time; in seconds."""


def serve(pipe: Any) -> None:
    """Serve an upstream whose only page has many files, in both representations.

    :param pipe: receives the port.
    """
    document = page_of("thing", FILES)
    pages = {
        "json": ("application/vnd.pypi.simple.v1+json", gzip.compress(document, 1)),
        "html": ("text/html", gzip.compress(as_html(document), 1)),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content_type, body = pages[self.path.split("/")[1]]
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def as_html(document: bytes) -> bytes:
    """Return a page in HTML, converted from JSON."""
    links = (
        f'<a href="{file["url"]}#sha256={file["hashes"]["sha256"]}" data-requires-python="&gt;=3.8" '
        f'data-core-metadata="sha256={file["core-metadata"]["sha256"]}">{file["filename"]}</a><br>\n'
        for file in json.loads(document)["files"]
    )
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


async def get(url: str, data: bytes | None = None, **headers: str) -> bytes:
    """Send a request, POST with data and GET without; return the body of a response that must be 200 or 201."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    client = HTTPClient(Agent(reactor, pool=pool))
    response = await (client.post(url, data, headers=headers) if data is not None else client.get(url, headers=headers))
    assert response.code in (200, 201), response.code
    pieces: list[bytes] = []
    await response.collect(pieces.append)
    return b"".join(pieces)


async def pages(index: str, representation: str) -> dict[str, Figures]:
    """Watch the server freeze and serve a large page: one version of it, all of them, and all again from the store.

    :param representation: ``json`` or ``html``.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            ("tcp:0:interface=127.0.0.1",), store=Path(folder) / "store", upstream=f"{index}/{representation}"
        )
        server = assemble(settings, reactor, quiet=True)
        server.startService()
        server.prefreeze.stop()
        lines = [f'thing==1.{minor} ; python_version < "3.{minor}"\n' for minor in range(FILES // 10)]
        commitment, _ = await server.shelf.commit("".join(lines).encode())
        one, _ = await server.shelf.commit(b"thing==1.7\n")
        base = f"{server.url}/{{}}/simple/thing/"
        accept = {"html": "text/html", "json": "application/vnd.pypi.simple.v1+json"}[representation]
        figures = {
            f"one version of a page of {FILES} files in {representation}": await watched(
                lambda: get(base.format(one.address), Accept=accept)
            ),
            f"all of them: {FILES // 10} pins": await watched(
                lambda: get(base.format(commitment.address), Accept=accept)
            ),
            "the same from the store": await read_again(server, settings, base, commitment.address, accept),
        }
        await server.stopService()
        return figures


async def read_again(server: Server, settings: Settings, base: str, address: str, accept: str) -> Figures:
    """Watch a second server on the same store serve a page that is frozen already."""
    another = assemble(settings, reactor, quiet=True)
    another.startService()
    await another.shelf.commitment(address)
    figures = await watched(lambda: get(base.format(address).replace(server.url, another.url), Accept=accept))
    await another.stopService()
    return figures


async def locks() -> dict[str, Figures]:
    """Watch a lock of many pins being committed, and read again after a restart."""
    lines = [f"project-{number}==1.{number} --hash=sha256:{number:064x}\n" for number in range(PINS)]
    document = "".join(lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(("tcp:0:interface=127.0.0.1",), store=Path(folder) / "store", offline=True)
        server = assemble(settings, reactor, quiet=True)
        server.startService()
        address = sha256(document).hexdigest()
        figures = {f"a lock of {PINS} pins committed": await watched(lambda: get(f"{server.url}/locks", document))}
        await server.stopService()
        server = assemble(settings, reactor, quiet=True)
        server.startService()
        figures["read again, and its index"] = await watched(lambda: get(f"{server.url}/{address}/simple/"))
        figures["its page for people"] = await watched(lambda: get(f"{server.url}/{address}/"))
        await server.stopService()
        return figures


async def sweeps() -> dict[str, Figures]:
    """Watch a sweep of many locks, in a directory and in memory."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "store", LOCKS)
        server = assemble(
            Settings(("tcp:0:interface=127.0.0.1",), store=Path(folder) / "store", offline=True), reactor, quiet=True
        )
        server.startService()
        memory = MemoryStore()
        async for name in server.store.names("locks/"):
            await memory.create(name, str(await server.store.get(name)).encode())
        async for name in server.store.names("frozen/"):
            await memory.create(name, await server.store.get(name) or b"")
        figures = {
            f"a sweep of {LOCKS} locks in a directory": await watched(Sweep(server.store, reactor, 1e6).run),
            "in memory": await watched(Sweep(memory, reactor, 1e6).run),
        }
        await server.stopService()
        return figures


async def nothing() -> dict[str, Figures]:
    """Measure the lag of an idle reactor, which is the machine's own noise."""
    return {"nothing, for a second": await watched(lambda: deferLater(reactor, 1))}


async def watched(work: Callable[[], Awaitable[object]]) -> Figures:
    """Run ``work`` while the reactor lag is measured."""
    lag = ReactorLag(reactor, 0.001)
    lag.start()
    began = time.perf_counter()
    await work()
    took = time.perf_counter() - began
    lag.stop()
    return lag.longest, lag.held, lag.busiest, took


async def run() -> None:
    """Run the operations that are named on the command line, by default all, and print their figures."""
    here, there = multiprocessing.Pipe()
    gc_pause.settle()  # as the server does
    sys.setswitchinterval(0.001)
    upstream = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    upstream.start()
    index = f"http://127.0.0.1:{here.recv()}"
    try:
        print(f"{'':52}{'gap ms':>9}{'best':>8}{'computed':>10}{'turn ms':>9}{'all s':>8}")
        works: dict[str, Callable[[], Awaitable[dict[str, Figures]]]] = {
            "nothing": nothing,
            "json": lambda: pages(index, "json"),
            "html": lambda: pages(index, "html"),
            "locks": locks,
            "sweeps": sweeps,
        }
        for work in (works[name] for name in sys.argv[1:] or works):
            rounds = [await work() for _ in range(_ROUNDS)]
            for name in rounds[0]:
                longest, held, busiest, took = zip(*(each[name] for each in rounds), strict=True)
                worst, best, computed, turn = (
                    each * 1e3 for each in (max(longest), min(longest), max(held), max(busiest))
                )
                print(f"{name:52}{worst:9.1f}{best:8.1f}{computed:10.1f}{turn:9.1f}{min(took):8.2f}")
    finally:
        upstream.kill()


def main() -> None:
    """Measure, and print the table."""
    react(lambda _: Deferred.fromCoroutine(run()))


if __name__ == "__main__":
    main()
