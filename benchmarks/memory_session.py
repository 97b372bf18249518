"""Memory through a long session: real locks and all documents that are made from them, then many large locks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from attrs import frozen

from benchmarks.asking import get
from benchmarks.figures import at_most, number
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, say
from tests.end_to_end.restocked import requirements_on, uv_lock_on
from tests.fake_upstream import Upstream
from tests.sourcehost import SourceHost

__all__ = ["main"]

_TESTS = Path(__file__).parents[1] / "tests"
_TARGET = "platform=manylinux2014_x86_64&python-version=3.12&only-binary=:all:"
_MADE = (
    "requirements.txt",
    "pylock.toml",
    "files.json",
    "env",
    "",
    "sbom.cdx.json",
    "sbom.spdx.json",
    "build-requirements",
    f"wheelhouse.tar?{_TARGET}",
)
"""The paths that are requested under each address."""

_REST = 12.0
"""Seconds after each phase in which a server may return memory."""

_BOUNDARY = "a-boundary-of-the-benchmark"
_MIB = 1 << 20


@frozen
class Locks:
    """The real locks, with the options of a server that accepts them."""

    options: tuple[str, ...]
    upstream: str
    documents: tuple[bytes, ...]


def main(bench: Bench) -> Outcome:
    """Measure one session."""
    real, pairs, largest = (2, 5, 3) if bench.quick else (8, 60, 54)
    folder = bench.work / "memory-session"
    rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        locks = _locks(stack)
        server = stack.enter_context(ReqPI(bench.python, folder, locks.upstream, options=locks.options))
        curve = [sum(server.resident())]
        rows = [["idle", "", number(curve[0] / 1e6)]]
        for name, steps in (
            (f"{2 * real} real locks, held, with exports, SBOMs and wheelhouses", _real(server, locks, real)),
            (f"{pairs} locks of two documents of 1.5 MiB", _pairs(server, pairs)),
            (f"{largest} locks of 8 MiB", _largest(server, largest)),
        ):
            begun = len(curve)
            curve += [sum(server.resident()) for _ in steps]
            time.sleep(_REST)
            curve.append(sum(server.resident()))
            rows.append([name, number(max(curve[begun:]) / 1e6), number(curve[-1] / 1e6)])
            say(f"{name}: {rows[-1][1]} MB, then {rows[-1][2]} MB")
    table = Table("Megabytes of the process during each phase, and 12 s after it:", ("", "most", "after"), rows)
    series = Series("ReqPI", [(step, size / 1e6, size / 1e6, size / 1e6) for step, size in enumerate(curve)])
    plot = Plot("memory-session", "Memory through a session", "curve", "commits", "MB", [series])
    goal = at_most("after the session", 200, curve[-1] / 1e6, "MB")
    return Outcome("memory-session", "Memory through a session", [table], [goal], [plot])


def _locks(stack: ExitStack) -> Locks:
    """Return a requirements file of 61 projects and a uv.lock of 1 MB, with the upstreams that they need."""
    upstream, second = stack.enter_context(Upstream()), stack.enter_context(Upstream())
    host = stack.enter_context(SourceHost())
    options = ("--upstream", f"second={second.url}", "--allow-host", host.name, "--ca", str(host.authority))
    documents = (
        requirements_on(upstream, (_TESTS / "live" / "sixty.txt").read_text()),
        uv_lock_on(upstream, second, host, (_TESTS / "data" / "locks" / "projects" / "paperless.uv.lock").read_text()),
    )
    return Locks(options, upstream.url, tuple(document.encode() for document in documents))


def _real(server: ReqPI, locks: Locks, times: int) -> Iterator[None]:
    """Commit each lock ``times`` times under different addresses, hold it, and download all that is made from it."""
    for turn in range(times):
        for document in locks.documents:
            address = _committed(server, b"# %d\n%s" % (turn, document), f"?hold=1&{_TARGET}")
            for name in _MADE:
                _taken(f"{server.url}/{address}/{name}")
            yield


def _pairs(server: ReqPI, times: int) -> Iterator[None]:
    for turn in range(times):
        parts = [_part(f"{name}.txt", _lock(f"{name}{turn}", 3 * _MIB // 2)) for name in ("a", "b")]
        body = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
        _posted(server, body, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"})
        yield


def _largest(server: ReqPI, times: int) -> Iterator[None]:
    for turn in range(times):
        _committed(server, _lock(f"large{turn}", 8 * _MIB - 4096))
        yield


def _committed(server: ReqPI, document: bytes, query: str = "") -> str:
    """Commit a lock, and return its address."""
    _posted(server, document, {}, query)
    return sha256(document).hexdigest()


def _posted(server: ReqPI, body: bytes, headers: dict[str, str], query: str = "") -> None:
    answer = get(f"{server.url}/locks{query}", headers, body, "POST")
    assert answer.status in (200, 201, 202), answer.body[:500]


def _taken(url: str) -> None:
    """Download a document as soon as it is ready.

    :raises SystemExit: it is not ready after five minutes.
    """
    _until(lambda: get(url).status != 503, url)


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 300
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"{what} is not ready after 300 s")
        time.sleep(0.5)


def _lock(name: str, size: int) -> bytes:
    """Return a requirements file of at most ``size`` bytes, with ten digests a pin, as large locks have."""
    lines: list[str] = []
    left, pin = size, 0
    while True:
        digests = (sha256(f"{name} {pin} {each}".encode()).hexdigest() for each in range(10))
        line = f"{name}-{pin}==1.{pin}" + "".join(f" \\\n    --hash=sha256:{digest}" for digest in digests) + "\n"
        left, pin = left - len(line), pin + 1
        if left < 0:
            return "".join(lines).encode()
        lines.append(line)


def _part(filename: str, data: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="document"; filename="{filename}"\r\n\r\n'
    return head.encode() + data + b"\r\n"
