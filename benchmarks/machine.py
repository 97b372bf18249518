"""The machine: its cores, how busy it is, and a description without its name."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["LOAD_CORE", "SERVER_CORE", "busy", "describe", "on_load_core", "quiet"]

_TICK = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]

SERVER_CORE = _CORES[0] if len(_CORES) > 1 else None
LOAD_CORE = _CORES[1] if len(_CORES) > 1 else None
"""The server has one core and the load generator another; ``None`` where there is only one core."""


def describe() -> str:
    """Describe cores, processor, memory and kernel: ``2 cores, AMD EPYC, 24 GB, Linux 6.18``."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    kernel = ".".join(platform.release().split("-")[0].split(".")[:2])
    processor = cpu[1].strip() if cpu else platform.machine()
    return f"{len(_CORES)} cores, {processor}, {memory:.0f} GB, Linux {kernel}"


def busy() -> float:
    """Return the processor seconds that the whole machine has worked since it started."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / _TICK


@contextmanager
def on_load_core() -> Iterator[None]:
    """Pin this thread, and processes that it starts meanwhile, to the core of the load generator."""
    if LOAD_CORE is not None:
        os.sched_setaffinity(0, {LOAD_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)


def quiet(limit: float = 0.3, patience: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
    """Wait until all processes together use less than ``limit`` of a core, but no longer than ``patience`` seconds."""
    end = clock() + patience
    while clock() < end:
        before, then = busy(), clock()
        time.sleep(0.25)
        if (busy() - before) / (clock() - then) < limit:
            return
