"""The sweeps of a server: on unless the operator turns them off."""

from __future__ import annotations

from attrs import frozen

from reqpi.server.settings import Settings

__all__ = ["Sweeping", "sweeping_of"]

_DAY = 86400.0

_FREQUENCY = _DAY
"""Seconds between two sweeps, unless the operator specifies another time."""

_MAX_AGE = 90 * _DAY
"""Seconds without use after which a lock is removed, likewise."""


@frozen
class Sweeping:
    """When a server sweeps, in seconds.

    :param frequency: between two sweeps.
    :param max_age: without use, after which a lock is removed.
    """

    frequency: float
    max_age: float

    def __str__(self) -> str:
        return (
            f"locks that were not used for {_shown(self.max_age)} are removed, every {_shown(self.frequency)}; "
            "--frequency 0 turns that off"
        )


def sweeping_of(settings: Settings) -> Sweeping | None:
    """Return when a server with these settings sweeps; ``None``: never.

    A server inside a command sweeps nothing: the store is its user's. A server without an upstream could not fetch
    again what it removed, so it sweeps only if its operator says when.
    """
    given = settings.frequency is not None or settings.max_age is not None
    if settings.only is not None or settings.local or settings.frequency == 0 or (settings.offline and not given):
        return None
    return Sweeping(settings.frequency or _FREQUENCY, _MAX_AGE if settings.max_age is None else settings.max_age)


def _shown(seconds: float) -> str:
    days, rest = divmod(seconds, _DAY)
    return f"{seconds:.0f} s" if rest or not days else "day" if days == 1 else f"{days:.0f} days"
