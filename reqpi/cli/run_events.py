"""The events of a run's proxy: what was taken is counted with the rest, and what was refused is listed at the end."""

from __future__ import annotations

import re
from collections import Counter
from threading import Lock

from reqpi.cli.run_progress import Watch
from reqpi.web.proxy.events import Event, RefusedRequest, Report, TakenCrate, TakenThing

__all__ = ["RunEvents", "all_of"]

_MOST = 1000
"""Different refusals that are counted."""

_SHOWN = 50
"""Refusals that are listed."""

_PRODUCT = re.compile(r"[A-Za-z0-9._-]{1,60}")


class RunEvents:
    """The one place that receives the events of a proxy. It may be called from any thread.

    :param watch: counts what was taken.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lock = Lock()
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def __call__(self, event: Event) -> None:
        """Count one event."""
        if isinstance(event, TakenThing):
            got = event.kind == "file" and event.how != "unchanged"
            self._watch.took(event.project, event.filename if got else "", event.size)
        elif isinstance(event, TakenCrate):
            self._watch.took(event.crate.name, event.crate.filename if event.how != "unchanged" else "", event.size)
        elif isinstance(event, RefusedRequest) and not event.project:  # a refused project is in the server's own list
            key = (event.host, _product(event.agent), event.reason)
            with self._lock:
                if key in self._refused or len(self._refused) < _MOST:
                    self._refused[key] += 1

    @property
    def refused(self) -> int:
        """The number of different refusals that the server's own list does not have."""
        return len(self._refused)

    def lines(self) -> list[str]:
        """Return a line for each host that was refused: ``crates.example was asked by cargo: not in this lock``."""
        shown = [f"{host} was asked by {agent}: {reason}" for host, agent, reason in sorted(self._refused)[:_SHOWN]]
        more = len(self._refused) - len(shown)
        return [*shown, *([f"and {more} more"] if more else [])]


def all_of(*reports: Report) -> Report:
    """Return a callable that passes each event to all of ``reports``."""

    def report(event: Event) -> None:
        for each in reports:
            each(event)

    return report


def _product(agent: str) -> str:
    """Return the name of the program that a User-Agent begins with."""
    match = _PRODUCT.match(agent)
    return match[0] if match else "a program without a name"
