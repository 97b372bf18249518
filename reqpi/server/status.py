"""The state of a server, for its operator: what ``GET /status`` and ``reqpi status`` show."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import twisted
from reqpi import __version__
from reqpi.runtime.counts import HostCounts, ServerCounts
from reqpi.server.metrics import ServerReadings
from reqpi.server.store_watch import StoreFigures

__all__ = ["report_of", "store_report", "versions"]


async def report_of(readings: ServerReadings, *, kind: str, worker: int, now: float) -> Mapping[str, Any]:
    """Return the state of a server as JSON.

    :param kind: of its store: ``directory``, ``s3`` and so on.
    :param worker: its number among several workers, whose numbers are those of this one alone; 0 if there is one.
    :param now: seconds since the epoch.
    """
    counts = readings.counts
    figures = await readings.store.current()
    return {
        "ready": not readings.problem,
        "problem": readings.problem,
        "uptime": round(now - counts.began_at, 1),
        "worker": worker,
        "versions": versions(),
        "upstreams": [_host(label, host) for label, host in sorted(counts.hosts.items())],
        "store": store_report(kind, figures) | {"damage": dict(counts.damage), "swept_at": counts.swept_at},
        "holds": readings.holds.under_way,
        "requests": _requests(counts),
        "downloads": dict(counts.downloads),
        "refusals": dict(counts.refusals),
    }


def versions() -> Mapping[str, str]:
    """Return the versions of what runs here."""
    return {"reqpi": __version__, "python": platform.python_version(), "twisted": twisted.__version__}


def store_report(kind: str, figures: StoreFigures | None) -> dict[str, Any]:
    """Return the size of a store as JSON; ``None`` stands for what is not known."""
    return {
        "kind": kind,
        "files": None if figures is None else figures.files,
        "bytes": None if figures is None else figures.size,
        "free_bytes": None if figures is None else figures.free,
        "measured_at": None if figures is None else figures.measured_at,
    }


def _host(label: str, host: HostCounts) -> Mapping[str, Any]:
    return {"host": label, "up": host.is_up, "answered_at": host.answered_at, "answers": dict(host.answers)}


def _requests(counts: ServerCounts) -> Mapping[str, int]:
    """Return the number of requests by the first digit of their status."""
    found: dict[str, int] = {}
    for (_, status), count in counts.responses.copy().items():
        found[f"{status // 100}xx"] = found.get(f"{status // 100}xx", 0) + count.number
    return found
