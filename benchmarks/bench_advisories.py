"""The time and memory to read an export of advisories, and the time to evaluate a lock.

``python benchmarks/bench_advisories.py [ADVISORIES] [PINS]`` generates an export of the size of PyPI's, 20,000
advisories with documents of about the usual length, and reads it in a process of its own, as a server does. The lock
has 300 pins, half of them of projects with many advisories. It fails if a goal is missed. Times are processor time,
except for the one of the clock: other programs on the machine change them less.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from reqpi.core.advisories.model import PYPI
from reqpi.server.advisories import FollowedAdvisories

_PROJECTS = 12_000
_POPULAR = 300
"""Projects that a fifth of all advisories are about."""

_WORDS = ("buffer", "request", "parser", "header", "remote", "attacker", "crafted", "template", "session", "overflow")

_SECONDS, _MEGABYTES, _MILLISECONDS = 5.0, 100.0, 50.0
"""The goals: to read the export, the memory that this takes and leaves, and to evaluate the lock."""


def versions(chance: random.Random) -> list[str]:
    """Return the versions of a project, the oldest first."""
    return [
        f"{major}.{minor}.{patch}" for major in range(chance.randint(1, 3)) for minor in range(9) for patch in range(4)
    ]


def documents(count: int) -> Iterator[Mapping[str, Any]]:
    """Yield generated advisories: four of ten are about malware, as on PyPI."""
    chance = random.Random(2026)
    for number in range(count):
        malware = chance.random() < 0.4
        name = project(chance) if malware or chance.random() < 0.6 else f"popular-{chance.randrange(_POPULAR)}"
        listed = versions(chance)
        fixed = chance.choice(listed)
        affected = listed[:3] if malware else [each for each in listed if each != fixed][: chance.randint(1, 80)]
        events = [{"introduced": "0"}] if malware else [{"introduced": "0"}, {"fixed": fixed}]
        yield {
            "schema_version": "1.7.3",
            "id": f"MAL-2026-{number}" if malware else f"GHSA-{number:04x}-2026",
            "modified": "2026-01-02T03:04:05Z",
            "published": "2026-01-01T00:00:00Z",
            "aliases": [] if malware else [f"CVE-2026-{number}"],
            "summary": text(chance, 8),
            "details": text(chance, 120 if malware else 300),
            "affected": [
                {
                    "package": {"ecosystem": PYPI, "name": name, "purl": f"pkg:pypi/{name}"},
                    "ranges": [{"type": "ECOSYSTEM", "events": events}],
                    "versions": affected,
                    "database_specific": {"source": f"https://advisories.example/{number}.json"},
                }
            ],
            "references": [{"type": "WEB", "url": f"https://advisories.example/{number}/{each}"} for each in range(5)],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
        }


def project(chance: random.Random) -> str:
    """Return the name of a project."""
    return f"project-{chance.randrange(_PROJECTS)}"


def text(chance: random.Random, words: int) -> str:
    """Return so many words."""
    return " ".join(chance.choice(_WORDS) + str(chance.randrange(1000)) for _ in range(words))


def lock(pins: int) -> list[tuple[str, str]]:
    """Return the pins of a lock, each a name and a version."""
    chance = random.Random(300)
    names = [f"popular-{number}" for number in range(pins // 2)]
    names += [project(chance) for _ in range(pins - len(names))]
    return [(name, chance.choice(versions(chance))) for name in names]


def write(path: Path, count: int) -> int:
    """Write an export; return the bytes of its documents."""
    total = 0
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for document in documents(count):
            data = json.dumps(document).encode()
            total += len(data)
            archive.writestr(f"{document['id']}.json", data)
    return total


def measure(path: Path, pins: int, found: Any) -> None:
    """Read the export and evaluate the lock, in a new process; send the figures."""
    before = resident()
    began = time.perf_counter()
    cpu = time.process_time()
    followed = FollowedAdvisories(path)
    read, worked = time.perf_counter() - began, time.process_time() - cpu
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    pinned = lock(pins)
    times = []
    for _ in range(20):
        began = time.process_time()
        affected = [followed.index.affecting(PYPI, name, version) for name, version in pinned]
        times.append(1000 * (time.process_time() - began))
    found.send(
        {
            "advisories": len(followed.index),
            "seconds": read,
            "cpu": worked,
            "most": most - before,
            "kept": resident() - before,
            "first": times[0],
            "median": statistics.median(times),
            "affected": sum(map(bool, affected)),
            "reported": sum(map(len, affected)),
        }
    )


def resident() -> float:
    """Return the megabytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main(count: int, pins: int) -> int:
    """Measure, print the figures, and return 1 if a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "PyPI.zip"
        total = write(path, count)
        size = path.stat().st_size
        ours, theirs = get_context("spawn").Pipe(duplex=False)
        process = get_context("spawn").Process(target=measure, args=(path, pins, theirs))
        process.start()
        found = ours.recv()
        process.join()
    print(f"{found['advisories']:,} advisories: {total / 1e6:.1f} MB of documents in an archive of {size / 1e6:.1f} MB")
    print(f"read in {found['cpu']:.2f} s, {found['seconds']:.2f} s of the clock; goal {_SECONDS:.0f} s")
    print(f"memory: {found['most']:.0f} MB at most, {found['kept']:.0f} MB afterwards; goal {_MEGABYTES:.0f} MB")
    print(
        f"a lock of {pins} pins: {found['median']:.1f} ms (the first time {found['first']:.1f} ms), goal "
        f"{_MILLISECONDS:.0f} ms; {found['affected']} pins are affected, by {found['reported']} advisories"
    )
    missed = found["cpu"] > _SECONDS or found["most"] > _MEGABYTES or found["median"] > _MILLISECONDS
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(*[int(each) for each in sys.argv[1:]] or (20_000, 300)))
