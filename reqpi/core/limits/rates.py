"""Rates, and the bucket of one client: how much it has done, and when it may go on. Time is an argument."""

from __future__ import annotations

import re

from attrs import define, field, frozen

__all__ = ["BadRate", "Bucket", "Rate", "read_rate"]

_RATE = re.compile(r"(\d{1,9})/(s|min|h)(?:,burst=(\d{1,9}))?")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_OFF = "off"


class BadRate(ValueError):
    """A text is not a rate."""


@frozen
class Rate:
    """A number of requests in a time, and how many may come at once.

    :param each: seconds after which one more request is allowed.
    :param burst: requests that are allowed at once, after a time without any.
    """

    each: float
    burst: int

    def share(self, processes: int) -> Rate:
        """Return the rate of one of several processes, which have this one together."""
        return Rate(self.each * processes, max(1, -(-self.burst // processes)))


def read_rate(text: str) -> Rate | None:
    """Read a rate: ``60/min`` or ``60/min,burst=600``; the units are ``s``, ``min`` and ``h``.

    Without ``burst``, it is the number before the slash.

    :returns: ``None`` for ``off``: there is no limit.
    :raises BadRate: it is neither.
    """
    if text == _OFF:
        return None
    match = _RATE.fullmatch(text)
    number, burst = (int(match[1]), int(match[3] or match[1])) if match else (0, 0)
    if match is None or not number or not burst:
        raise BadRate("write a number for each s, min or h, such as 60/min or 60/min,burst=600, or off")
    return Rate(_SECONDS[match[2]] / number, burst)


@define
class Bucket:
    """The requests of one client. It is empty after :attr:`Rate.burst` requests, and is filled again at the rate.

    This is the generic cell rate algorithm, which stores one time instead of an amount and a time.

    :ivar _full: the time at which the bucket is full again.
    """

    _rate: Rate
    _full: float = field(default=0.0, init=False)
    _slack: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._slack = self._rate.each * (self._rate.burst - 1) + 1e-6

    def take(self, now: float) -> bool:
        """Return whether one more request is allowed, and count it if so.

        :param now: in seconds. If a clock is set back, the bucket is empty at worst.
        """
        owed = self._full - now
        if owed <= 0.0:
            self._full = now + self._rate.each
            return True
        if owed <= self._slack:
            self._full += self._rate.each
            return True
        self._full = min(self._full, now + self._slack + self._rate.each)
        return False

    def wait(self, now: float) -> float:
        """Return the seconds after which one more request is allowed."""
        return max(0.0, self._full - now - self._slack)
