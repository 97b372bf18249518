"""The proxy of ``reqpi run``: the seconds that it adds to a run, and the rate of a file through it.

Both are ratios or differences within one run: with the proxy and without it, in turn; through the proxy and from a
server's address over TLS, by the same client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from benchmarks.figures import Spread, at_least, at_most, number
from benchmarks.nginx import Certificate
from benchmarks.outcomes import Outcome, Table
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, say
from tests.fake_upstream import Distribution, Upstream
from tests.fake_upstream.authority import make_certificates

__all__ = ["main"]

_SIZE = 100_000_000

_RUN = """
import sys
from contextlib import contextmanager
from reqpi.cli.commands import run

@contextmanager
def without(*_):
    yield None

if sys.argv[1] == "without":
    run._proxied = without
sys.exit(run.main(sys.argv[2:]))
"""
"""``reqpi run``, as it is or without its proxy."""

_CLIENT = """
import base64, json, os, socket, ssl, sys, time
from urllib.parse import urlsplit

def rate(url, trusted):
    parts, proxy = urlsplit(url), urlsplit(os.environ.get("HTTPS_PROXY", ""))
    to = (proxy.hostname, proxy.port) if proxy.hostname else (parts.hostname, parts.port)
    with socket.create_connection(to, 60) as client:
        if proxy.hostname:
            login = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
            head = f"CONNECT {parts.netloc} HTTP/1.1\\r\\nProxy-Authorization: Basic {login}\\r\\n\\r\\n"
            client.sendall(head.encode())
            client.recv(4096)
        context = ssl.create_default_context(cafile=trusted)
        with context.wrap_socket(client, server_hostname=parts.hostname) as inside:
            fields = f"Host: {parts.netloc}\\r\\nConnection: close\\r\\n\\r\\n"
            began, size, piece = time.perf_counter(), 0, bytearray(1 << 18)
            inside.sendall(f"GET {parts.path} HTTP/1.1\\r\\n{fields}".encode())
            while received := inside.recv_into(piece):
                size += received
            return size / 1e6 / (time.perf_counter() - began)

url, times, trusted = sys.argv[1], int(sys.argv[2]), sys.argv[3] or os.environ["SSL_CERT_FILE"]
print(json.dumps([rate(url, trusted) for _ in range(times)]))
"""
"""Prints the megabytes a second of some downloads, through the proxy that its environment names or without one."""


def main(bench: Bench) -> Outcome:
    """Measure both."""
    folder = bench.work / "run-proxy"
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Upstream() as upstream:
        small = upstream.wheel("small", "1.0")
        size = _SIZE // (20 if bench.quick else 1)
        large = upstream.wheel("large", "1.0", files={"large.bin": os.urandom(size)})
        lock = folder / "lock.txt"
        lock.write_text(
            f"small==1.0 --hash=sha256:{small.sha256}\nlarge==1.0 --hash=sha256:{large.sha256}\n", encoding="ascii"
        )
        started = _started(bench, folder, upstream)
        rates = _rates(bench, folder, upstream, large, lock.read_text())
    return _outcome(started, rates)


def _started(bench: Bench, folder: Path, upstream: Upstream) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds, and the processor seconds, of runs of ``true`` with the proxy and without it."""
    found: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    for turn in range(3 if bench.quick else 16):
        for how, kept in found.items():
            before, began = os.times(), time.perf_counter()
            _run(bench, folder, upstream, how, "true")
            took, after = time.perf_counter() - began, os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            if turn:  # the first one may compile modules
                kept.append((took, used))
    say("seconds of a run: measured")
    return found


def _run(bench: Bench, folder: Path, upstream: Upstream, how: str, *command: object) -> str:
    options = ("-q", "--store", folder / "run-store", "--upstream", upstream.url)
    words = [bench.python, "-c", _RUN, how, *options, "lock.txt", "--", *command]
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(list(map(str, words)), cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"reqpi run ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _rates(bench: Bench, folder: Path, upstream: Upstream, large: Distribution, lock: str) -> dict[str, list[float]]:
    """Return the megabytes a second of a stored file, through the proxy and from a server over TLS, in turn."""
    authority, _ = make_certificates(folder)
    keys = Certificate(folder / "server.pem", folder / "server.pem")
    original = upstream.file_url(large).replace("http://", "https://")
    found: dict[str, list[float]] = {"TLS under the address": [], "through the proxy": []}
    with ReqPI(bench.python, folder / "server", upstream.url, tls=keys, core=None) as server:
        url = f"{server.secure(server.commit(lock))}large/{large.filename}"
        client = (sys.executable, "-c", _CLIENT)
        times = 2 if bench.quick else 4
        for _ in range(1 if bench.quick else 5):
            direct = subprocess.run([*client, url, str(times), str(authority)], env={}, capture_output=True, check=True)
            found["TLS under the address"] += json.loads(direct.stdout)[1:]
            through = _run(bench, folder, upstream, "with", *client, original, times, "")
            found["through the proxy"] += json.loads(through)[1:]  # the first one fills the store of the run
    say("rates of a file: measured")
    return found


def _outcome(started: dict[str, list[tuple[float, float]]], rates: dict[str, list[float]]) -> Outcome:
    took = {how: Spread.of(seconds for seconds, _ in each) for how, each in started.items()}
    used = {how: Spread.of(seconds for _, seconds in each) for how, each in started.items()}
    rate = {how: Spread.of(each) for how, each in rates.items()}
    direct, through = rate["TLS under the address"], rate["through the proxy"]
    rows: Sequence[Sequence[str]] = [
        [f"`reqpi run … -- true`, {how} the proxy", str(took[how]), str(used[how])] for how in started
    ]
    tables = [
        Table("Seconds of a run, and processor seconds of all its processes:", ("", "seconds", "CPU, s"), rows),
        Table(
            "Megabytes a second of a stored file of 100 MB, one client:",
            ("", "MB/s", "ratio"),
            [[how, str(each), number(each.over(direct))] for how, each in rate.items()],
        ),
    ]
    goals = [
        at_most("the proxy adds to a run, CPU", 0.2, used["with"].middle - used["without"].middle, "s"),
        at_least("a file through the proxy, of TLS under the address", 0.5, through.over(direct)),
    ]
    notes = [
        "Medians, with the least and the most. Runs with and without the proxy alternate, and so do the downloads.",
        "The target is compared with processor time, which depends less on what else the machine does.",
    ]
    return Outcome("run-proxy", "The proxy of a run", tables, goals, [], notes)
