"""The pages for people of two real locks: the time to the first byte, and the processor time of the server.

``python -m benchmarks.bench_people WORK [LOCK …]`` commits the locks of mitmproxy (116 pins) and Warehouse (184 pins)
to a server with the index that pip is configured with, and has their pages frozen and their core metadata fetched. Then
it fills the store of the server with files of the right lengths, which are empty: the pages compare no more than that.
This is done once for the folder WORK. Then, in several rounds, it starts a server on that store without an upstream for
each page, and requests the page once, and then again and again. A figure is the median of the rounds, which have the
median of their requests. LOCK names one of the two: ``mitmproxy``, ``warehouse``.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks.asking import get
from benchmarks.outcomes import Table, markdown
from benchmarks.reqpi_server import ReqPI
from reqpi.server.host_defaults import default_upstream

ROOT = Path(__file__).parents[1]
_LOCKS: Mapping[str, str] = {"mitmproxy": "mitmproxy.uv.lock", "warehouse": "warehouse-main.requirements.txt"}
_INDEX = "https://index.example.org/simple"
_NO_METADATA = b"Metadata-Version: 2.1\n"
_ROUNDS, _WARM = 5, 15


@frozen
class Sample:
    """One or more requests.

    :param first: milliseconds to the first byte.
    :param whole: milliseconds to the last byte.
    :param cpu: milliseconds of processor time that the server took for each.
    """

    first: float
    whole: float
    cpu: float


def prepare(work: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the address of each lock, after the store has what the pages show."""
    found = {name: work / f"{name}.address" for name in _LOCKS}
    missing = [name for name in names if not found[name].exists()]
    if missing:
        with ReqPI(sys.executable, work, default_upstream()) as server:
            committed = {name: _committed(server, work, name) for name in missing}
        _fill(work / "store", [file for _, files in committed.values() for file in files])
        for name, (address, _) in committed.items():
            found[name].write_text(address)
    return {name: place.read_text() for name, place in found.items() if place.exists()}


def _committed(server: ReqPI, work: Path, name: str) -> tuple[str, list[dict[str, Any]]]:
    """Commit a lock; return its address and its files, after everything about them was looked up."""
    text = (ROOT / "tests/data/locks/projects" / _LOCKS[name]).read_text()
    answer = get(f"{server.url}/locks", body=text.replace(_INDEX, default_upstream().rstrip("/")).encode())
    address = json.loads(answer.body)["address"]
    for below in ("closed", "drift", "files.json"):
        while (answer := get(f"{server.url}/{address}/{below}")).status == 503:
            time.sleep(1)
    return address, [file for page in json.loads(answer.body)["pages"] for file in page["files"]]


def _fill(store: Path, files: Iterable[dict[str, Any]]) -> None:
    """Add an empty file of the right length for each file; and record the core metadata of each wheel."""
    blobs, records = store / "blobs" / "sha256", store / "records" / "metadata"
    records.mkdir(exist_ok=True)
    nothing = sha256(_NO_METADATA).hexdigest()
    _blob(blobs, nothing).write_bytes(_NO_METADATA)
    for file in files:
        digest = file["digests"]["sha256"]
        with _blob(blobs, digest).open("wb") as blob:
            blob.truncate(file["size"])
        if file["filename"].endswith(".whl"):
            promised = file.get("core-metadata")
            known = promised.get("sha256", nothing) if isinstance(promised, dict) else nothing
            told = known if _blob(blobs, known).exists() else nothing
            (records / f"{digest}_").write_text(told)


def _blob(blobs: Path, digest: str) -> Path:
    """Return the place of a blob; its folder exists afterwards."""
    place = blobs / digest[:2] / digest
    place.parent.mkdir(exist_ok=True)
    return place


def asked(server: ReqPI, path: str, times: int) -> list[Sample]:
    """Request a page some times, each on a connection of its own."""
    place = urlsplit(server.url)
    samples = []
    for _ in range(times):
        cpu, began = server.cpu(), time.perf_counter()
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as connection:
            lines = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
            connection.sendall(lines.encode())
            received = [connection.recv(1 << 16)]
            first = time.perf_counter() - began
            while received[-1]:
                received.append(connection.recv(1 << 16))
        if not received[0].startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"{path}: {received[0][:300]!r}")
        samples.append(Sample(1000 * first, 1000 * (time.perf_counter() - began), 1000 * (server.cpu() - cpu)))
    return samples


def one_round(work: Path, path: str) -> tuple[Sample, Sample]:
    """Return the figures of the first request of a server, and those of the requests after it."""
    with ReqPI(sys.executable, work, None) as server:
        (start,) = asked(server, path, 1)
        asked(server, path, 1)
        warm = asked(server, path, _WARM)
    middle = Sample(
        statistics.median(each.first for each in warm),
        statistics.median(each.whole for each in warm),
        sum(each.cpu for each in warm) / len(warm),  # the kernel counts in steps of 10 ms
    )
    return start, middle


def row(name: str, rounds: Sequence[tuple[Sample, Sample]]) -> list[str]:
    """Return a row of the table."""
    start, warm = zip(*rounds, strict=True)
    figures = [
        statistics.median(each.first for each in warm),
        max(each.first for each in warm),
        statistics.median(each.whole for each in warm),
        statistics.median(each.cpu for each in warm),
        statistics.median(each.first for each in start),
        statistics.median(each.cpu for each in start),
    ]
    return [name, *(f"{each:.0f}" for each in figures)]


def pages(address: str, other: str) -> dict[str, str]:
    """Return the path of each page, by its name."""
    here = f"/{address}"
    return {
        "address": f"{here}/",
        "pins": f"{here}/pins",
        "pins, by a search": f"{here}/pins?q=py",
        "a project": f"{here}/pins/cryptography",
        "graph": f"{here}/graph",
        "graph, why": f"{here}/graph?why=cryptography",
        **({"diff": f"{here}/diff/{other}"} if other else {}),
    }


def main() -> None:
    """Measure, and print the tables."""
    work = Path(sys.argv[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    names = sys.argv[2:] or [*_LOCKS]
    addresses = prepare(work, names)
    head = ["", "first byte, ms", "slowest round", "last byte, ms", "CPU, ms", "first byte after start, ms", "CPU, ms"]
    for name in names:
        other = next((each for key, each in addresses.items() if key != name), "")
        rows = [
            row(page, [one_round(work, path) for _ in range(_ROUNDS)])
            for page, path in pages(addresses[name], other).items()
        ]
        print(markdown(Table(f"The lock of {name}:", head, rows)), flush=True)


if __name__ == "__main__":
    main()
