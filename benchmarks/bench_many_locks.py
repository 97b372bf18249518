"""A store of many locks beside a store of few: starting, answering and memory must be the same.

``python benchmarks/bench_many_locks.py [LOCKS]`` fills two stores in temporary directories, of 20 locks of 100 pins and
of 20,000, starts a server on each in turn, and prints the figures side by side. A minute or two.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from reqpi import frozen as freezer  # noqa: E402
from reqpi.commitments import lock_record  # noqa: E402
from reqpi.freezing import page_record  # noqa: E402
from reqpi.storage.layout import Layout  # noqa: E402
from reqpi.storage.paths import record_parts  # noqa: E402
from tests.distributions import a_file, a_page  # noqa: E402

_PINS = 100
_ROUNDS = 5
_ASKED = 200


@frozen
class Figures:
    """Of one server.

    :param started: seconds until it listened.
    :param cold: seconds for the first page of a lock that was not used since the start, the median of many locks.
    :param warm: seconds for a page that was asked for before, the median.
    :param resident: bytes after all of that.
    """

    started: float
    cold: float
    warm: float
    resident: int


def lock(number: int) -> bytes:
    """A lock of a hundred pins, each one another."""
    return "".join(f"project-{pin}==1.{number}\n" for pin in range(_PINS)).encode()


def fill(root: Path, count: int) -> None:
    """As a server would have left it, but for waiting until the disk has each file."""
    layout = Layout(root)
    layout.prepare()
    for number in range(count):
        document = lock(number)
        address = sha256(document).hexdigest()
        page = a_page(a_file(f"project_0-1.{number}.tar.gz", b"x", project="project-0", size=1), project="project-0")
        for name, value in (
            (lock_record(address), document),
            (page_record(address, "project-0"), freezer.dump(page)),
        ):
            path = layout.records.joinpath(*record_parts(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value)


def measure(root: Path, count: int) -> Figures:
    """Start a server on a store of ``count`` locks, ask it, and end it."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "reqpi", "server", "--http", "tcp:0:interface=127.0.0.1", "--offline"]
    server = subprocess.Popen(
        [*command, "--store", str(root)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError("it does not start")
        started = time.perf_counter() - began
        # Its log must be read, or it would stand still.
        subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)
        connection = HTTPConnection("127.0.0.1", int(found[1]))
        numbers = [step * count // 20 for step in range(20)]
        cold = [ask(connection, number) for number in numbers]
        warm = [ask(connection, 0) for _ in range(_ASKED)]
        status = Path(f"/proc/{server.pid}/status").read_text("ascii")
        resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) << 10  # type: ignore[index]
        return Figures(started, statistics.median(cold), statistics.median(warm), resident)
    finally:
        server.terminate()
        server.wait(30)


def ask(connection: HTTPConnection, number: int) -> float:
    """Seconds for one page."""
    address = sha256(lock(number)).hexdigest()
    began = time.perf_counter()
    connection.request("GET", f"/{address}/simple/project-0/")
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    return time.perf_counter() - began


def main() -> None:
    """Print both, and the one over the other."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    folder = Path(tempfile.mkdtemp())
    try:
        stores = {20: folder / "few", many: folder / "many"}
        for count, root in stores.items():
            fill(root, count)
        figures = {count: [measure(root, count) for _ in range(_ROUNDS)] for count, root in stores.items()}
        few, lots = (
            Figures(*(statistics.median(getattr(each, name) for each in measured) for name in Figures.__slots__[:4]))  # type: ignore[attr-defined]
            for measured in figures.values()
        )
        print(f"{'':24}{20:>12}{many:>12}{'ratio':>8}")
        for name, unit, factor in (
            ("started", "ms", 1e3),
            ("cold", "ms", 1e3),
            ("warm", "ms", 1e3),
            ("resident", "MiB", 1 / (1 << 20)),
        ):
            one, other = getattr(few, name) * factor, getattr(lots, name) * factor
            print(f"{name + ', ' + unit:24}{one:12.2f}{other:12.2f}{other / one:8.2f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
