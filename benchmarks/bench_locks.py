"""The time to read a lock: 10,000 pins with digests, growth with size, and documents designed to be slow.

Run it alone: ``python benchmarks/bench_locks.py``. Seconds are processor time, the least of three runs.
It fails if time grows faster than the document by a wide margin.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Mapping

from reqpi.core.errors import BrokenLock
from reqpi.core.locks import read

MEBIBYTE = 1 << 20
MARGIN = 6
"""How many times slower per byte a document may become when it grows eightfold."""


def lock(pins: int, digests: int) -> bytes:
    """Return a lock as pip-compile writes it: each pin with its digests and a comment."""
    lines = []
    for pin in range(pins):
        hexes = [hashlib.sha256(b"%d %d" % (pin, digest)).hexdigest() for digest in range(digests)]
        lines.append(" \\\n    ".join([f"package-{pin}==1.{pin}.0", *(f"--hash=sha256:{one}" for one in hexes)]))
        lines.append("    # via another-package")
    return "\n".join([*lines, ""]).encode()


def marked(pins: int) -> bytes:
    """Return a lock in which no two markers are equal."""
    return b"".join(b"package-%d==1 ; python_version >= '3.%d'\n" % (pin, pin) for pin in range(pins))


def filled(piece: bytes, start: bytes = b"") -> Callable[[int], bytes]:
    """Return a function from a size in bytes to a document that repeats ``piece`` after ``start``."""
    return lambda size: (start + piece * (size // len(piece) + 1))[:size]


HOSTILE: Mapping[str, Callable[[int], bytes]] = {
    "backslashes": filled(b"\\"),
    "continuations": filled(b"\\\n"),
    "continued options": filled(b"-x \\\n"),
    "blank continuations, then options": lambda size: b"\\\n" * (size // 16) + b"-x " * (size // 64),
    "line ends": filled(b"\n"),
    "carriage returns": filled(b"\r"),
    "spaces in a line": filled(b" ", b"foo=="),
    "spaces before a comment": filled(b" ", b"foo==1"),
    "number signs in a word": filled(b"#", b"foo=="),
    "comments": filled(b" #\n"),
    "a long name": filled(b"a"),
    "a name of dots": filled(b".", b"a"),
    "extras": filled(b"a,", b"foo["),
    "a long version": filled(b"1", b"foo=="),
    "parentheses": filled(b"(", b"foo==1;"),
    "quotes": filled(b"''", b"foo==1 --hash="),
    "coding lines": filled(b"coding=   ", b"#"),
    "defects": filled(b"foo\n"),
    "defects with digests": filled(b"foo==1 --hash=sha256:a --hash=b\n"),
    "options": filled(b"--pre\n"),
    "options in a line": filled(b"--pre "),
    "hidden line ends": filled(b"a==1\x0c\n"),
    "bytes that are not text": filled(b"\xff\n"),
    "letters that are not ASCII": filled("é\n".encode()),
    "NUL": filled(b"\0"),
    "UTF-16": filled(b"a\0=\0=\0001\0\n\0", b"\xff\xfe"),
    "pins of one project": filled(b"a==1\n"),
    "versions of one project": lambda size: b"".join(b"a==%d\n" % number for number in range(size // 160)),
    "different markers": lambda size: marked(size // 160),
    "long markers": lambda size: b"".join(
        b"a==1;" + b"os_name=='x' and " * 400 + b"os_name=='%d'\n" % number for number in range(size // 6800)
    ),
}


def seconds(document: bytes) -> tuple[float, str]:
    """Return the seconds that reading takes, and its outcome."""
    best, outcome = float("inf"), ""
    for _ in range(3):
        start = time.process_time()
        try:
            outcome = f"{len(read(document).pins)} pins"
        except BrokenLock as broken:
            outcome = f"{len(broken.defects)} defects"
        best = min(best, time.process_time() - start)
        if best > 0.5:
            break
    return best, outcome


def growth() -> None:
    """Print the time for locks of 10 to 10,000 pins, in total and for each pin."""
    print("| pins | digests each | bytes | seconds | µs a pin |\n| ---: | ---: | ---: | ---: | ---: |")
    for digests in (0, 1, 2, 10):
        for pins in (10, 100, 1000, 10_000):
            document = lock(pins, digests)
            spent, _ = seconds(document)
            print(f"| {pins} | {digests} | {len(document)} | {spent:.4f} | {spent / pins * 1e6:.1f} |")


def hostile() -> bool:
    """Print the time for each kind of hostile document; return whether it grows no faster than the document."""
    print("\n| hostile document | 128 KiB: s | 1 MiB: s | 8 MiB: s | times slower per byte | ends as |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    linear = True
    for name, document in HOSTILE.items():
        (small, _), (middle, _), (large, outcome) = (
            seconds(document(MEBIBYTE * eighths // 8)) for eighths in (1, 8, 64)
        )
        # Below 10 ms the time depends more on the machine than on the document.
        ratio = max(middle / max(small, 0.01), large / max(middle, 0.01)) / 8
        linear = linear and ratio < MARGIN
        print(f"| {name} | {small:.3f} | {middle:.3f} | {large:.3f} | {ratio:.2f} | {outcome} |", flush=True)
    return linear


if __name__ == "__main__":
    growth()
    if not hostile():
        sys.exit(f"reading time grows more than {MARGIN} times faster than the document")
