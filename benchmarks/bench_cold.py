"""The first download of a large file through ReqPI, compared with bare proxies in Twisted.

``python benchmarks/bench_cold.py [MB]`` starts an upstream, two bare proxies and ReqPI, each in a process of its own on
loopback. A bare proxy is an Agent whose bytes are passed on as they arrive; the second one also hashes them, and writes
them to a file. Files of MB mebibytes (200 by default) are downloaded through each of them in turn, in several rounds.
The result is the time to the first byte and to the last byte, the server's CPU time for a gigabyte, and the ratios to
the second proxy; and the same for hashing and writing as many bytes in Python. It takes about a minute.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import astuple, frozen
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Protocol
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

ROOT = Path(__file__).parents[1]
_ROUNDS = 5
_PIECE = 1 << 16
_STORING = "proxy, hashing and writing"


@frozen
class Figures:
    """Figures of one download: seconds to the first and to the last byte, and CPU seconds of the server."""

    first: float
    whole: float
    cpu: float


def serve(pipe: Any, size: int) -> None:
    """Serve an index of one project whose sdists differ only in their first eight bytes, which hold a number.

    :param pipe: receives the port.
    :param size: bytes of each sdist.
    """
    block = os.urandom(1 << 20)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith(".tar.gz"):
                self.answer("application/octet-stream", size)
                number = int(re.findall(r"-(\d+)\.0\.tar", self.path)[0])
                self.wfile.write(number.to_bytes(8) + block[8:])
                for _ in range(size // len(block) - 1):
                    self.wfile.write(block)
            else:
                page = json.dumps({"meta": {"api-version": "1.1"}, "files": files}).encode()
                self.answer("application/vnd.pypi.simple.v1+json", len(page))
                self.wfile.write(page)

        def answer(self, content_type: str, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    files = []
    for number in range(_ROUNDS):
        digest = hashlib.sha256(number.to_bytes(8) + block[8:])
        for _ in range(size // len(block) - 1):
            digest.update(block)
        name = f"big-{number}.0.tar.gz"
        files.append({"filename": name, "url": f"../../{name}", "hashes": {"sha256": digest.hexdigest()}, "size": size})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_address[1])
    server.serve_forever()


def proxy(pipe: Any, upstream: str, kept: str = "") -> None:
    """Serve a bare proxy of ``upstream``.

    :param pipe: receives the port.
    :param kept: the path of a file to which each body is written, and flushed, before its response ends; empty: none.
    """
    reactor: Any = _reactor
    agent = Agent(reactor, pool=HTTPConnectionPool(reactor))

    class Tee(Protocol):
        def __init__(self, request: Any) -> None:
            self.request = request
            if kept:
                self.digest = hashlib.sha256()
                self.file = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

        def connectionMade(self) -> None:
            self.request.registerProducer(self.transport, True)

        def dataReceived(self, data: bytes) -> None:
            self.request.write(data)
            if kept:
                self.digest.update(data)
                os.write(self.file, data)

        def connectionLost(self, reason: Any = None) -> None:
            if kept:
                os.fsync(self.file)
                os.close(self.file)
            self.request.unregisterProducer()
            self.request.finish()

    class All(Resource):
        isLeaf = True

        def render_GET(self, request: Any) -> int:
            def answered(response: Any) -> None:
                request.setHeader(b"Content-Length", b"%d" % response.length)
                response.deliverBody(Tee(request))

            agent.request(b"GET", upstream.encode() + request.path).addCallback(answered)
            return NOT_DONE_YET

    port = reactor.listenTCP(0, Site(All()), interface="127.0.0.1")
    pipe.send(port.getHost().port)
    reactor.run()


def started(target: Any, *arguments: Any) -> tuple[multiprocessing.Process, str]:
    """Start a process that sends its port through a pipe; return it and its URL."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=target, args=(there, *arguments), daemon=True)
    process.start()
    return process, f"http://127.0.0.1:{here.recv()}"


def reqpi(store: Path, index: str) -> tuple[subprocess.Popen[str], str]:
    """Start ReqPI on ``store`` with ``index`` as its upstream; return its process and its URL."""
    command = [sys.executable, "-m", "reqpi", "server", "--http", "tcp:0:interface=127.0.0.1", "--upstream", index]
    server = subprocess.Popen(
        [*command, "--store", str(store)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
            # Its log must be read: the server would block on a full pipe.
            subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
            return server, f"http://127.0.0.1:{found[1]}"
    raise AssertionError("ReqPI ended before it listened")


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def download(url: str, pid: int) -> Figures:
    """Download a file, and return the figures.

    :param pid: the process whose CPU time is counted.
    """
    parts = urlsplit(url)
    before, began = cpu_of(pid), time.perf_counter()
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    response.read(1)
    first = time.perf_counter() - began
    buffer = memoryview(bytearray(1 << 20))
    while response.readinto(buffer):
        pass
    whole = time.perf_counter() - began
    connection.close()
    time.sleep(0.1)
    return Figures(first, whole, cpu_of(pid) - before)


def hashed_and_written(folder: Path, size: int) -> Figures:
    """Measure hashing and writing ``size`` bytes, without any network."""
    block = os.urandom(_PIECE)
    began, before = time.perf_counter(), time.process_time()
    digest = hashlib.sha256()
    with (folder / "plain").open("wb", buffering=0) as file:
        for _ in range(size // _PIECE):
            digest.update(block)
            file.write(block)
        os.fsync(file.fileno())
    return Figures(0, time.perf_counter() - began, time.process_time() - before)


def main() -> None:
    """Measure, and print the table."""
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 200) << 20
    upstream, upstream_url = started(serve, size)
    bare, bare_url = started(proxy, upstream_url)
    names = ("hashing and writing", "bare proxy", _STORING, "ReqPI, cold")
    figures: dict[str, list[Figures]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        storing, storing_url = started(proxy, upstream_url, f"{folder}/kept")
        server, url = reqpi(Path(folder) / "store", f"{upstream_url}/simple")
        try:
            for number in range(_ROUNDS):
                lock = f"big=={number}.0\n".encode()
                connection = http.client.HTTPConnection(urlsplit(url).netloc)
                connection.request("POST", "/locks", lock)
                address = json.loads(connection.getresponse().read())["address"]
                connection.request("GET", f"/{address}/simple/big/")
                connection.getresponse().read()
                connection.close()
                figures["hashing and writing"].append(hashed_and_written(Path(folder), size))
                figures["bare proxy"].append(download(f"{bare_url}/big-{number}.0.tar.gz", bare.pid or 0))
                figures[_STORING].append(download(f"{storing_url}/big-{number}.0.tar.gz", storing.pid or 0))
                figures["ReqPI, cold"].append(download(f"{url}/{address}/simple/big/big-{number}.0.tar.gz", server.pid))
        finally:
            server.terminate()
            server.wait(60)
            bare.kill()
            storing.kill()
            upstream.kill()
    print_table(figures, size)


def print_table(figures: dict[str, list[Figures]], size: int) -> None:
    """Print the medians of the rounds, and their ratios to the proxy that hashes and writes."""
    heads = f"{'first ms':>10}{'ratio':>7}{'whole s':>10}{'min':>8}{'max':>8}{'ratio':>7}{'CPU s/GB':>10}{'ratio':>7}"
    print(f"{'':26}{heads}")
    peer = median(figures[_STORING])
    for name, rounds in figures.items():
        mine, wholes = median(rounds), [each.whole for each in rounds]
        print(
            f"{name:26}{mine.first * 1e3:10.1f}{mine.first / peer.first:7.2f}"
            f"{mine.whole:10.3f}{min(wholes):8.3f}{max(wholes):8.3f}{mine.whole / peer.whole:7.2f}"
            f"{mine.cpu / size * 1e9:10.2f}{mine.cpu / peer.cpu:7.2f}"
        )


def median(rounds: list[Figures]) -> Figures:
    """Return the median of each figure."""
    return Figures(*(statistics.median(figures) for figures in zip(*map(astuple, rounds), strict=True)))


if __name__ == "__main__":
    main()
