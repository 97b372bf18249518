"""The options of a server that a lock needs: what it names and the operator has not named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from attrs import frozen

from reqpi.model import Lock, Pin
from reqpi.origins.here import base_of
from reqpi.origins.urls import as_shown, host_of, index_key

__all__ = ["ALLOW_HOST", "UPSTREAM", "URL", "Need", "needs_of", "projects_of"]

ALLOW_HOST, UPSTREAM, URL = "--allow-host", "--upstream", "--url"

_SHOWN = 5
"""Projects that a message names."""


@frozen
class Need:
    """One option that a lock needs.

    :param option: :data:`ALLOW_HOST`, :data:`UPSTREAM` or :data:`URL`.
    :param value: what to write after it.
    :param place: the index or the host that the lock names, as it may be shown.
    :param pins: the pins that need it, in the order of the lock.
    """

    option: str
    value: str
    place: str
    pins: tuple[Pin, ...]

    @property
    def decisive(self) -> bool:
        """Whether a server without it refuses the lock: a pin of an index without digests is taken from nowhere else.

        Otherwise the server takes the lock. It refuses the sources when a client asks for them, and looks for the
        files of the index by digest at the upstreams that it has.
        """
        return self.option != ALLOW_HOST and not all(pin.digests for pin in self.pins)


def needs_of(lock: Lock, has_index: Callable[[str], bool], has_source: Callable[[str], bool]) -> tuple[Need, ...]:
    """What a lock needs beside what the operator has, each option once, in the order of the lock.

    :param has_index: whether an index, by its URL, is one of the operator's.
    :param has_source: whether the operator allows an archive or a repository at a URL.
    """
    known: dict[str, bool] = {}
    found: dict[tuple[str, str], list[Pin]] = {}
    shown: dict[tuple[str, str], str] = {}
    for pin in lock.pins:
        if pin.source is not None:
            if not has_source(pin.source.url):
                key = (ALLOW_HOST, host_of(pin.source.url))
                shown.setdefault(key, key[1])
                found.setdefault(key, []).append(pin)
            continue
        for index in pin.indexes:
            if known.setdefault(index, not index or has_index(index)):
                continue
            key = (UPSTREAM, index_key(index))
            shown.setdefault(key, as_shown(index))
            found.setdefault(key, []).append(pin)
    return tuple(_need(option, shown[option, key], pins) for (option, key), pins in found.items())


def projects_of(pins: Iterable[Pin]) -> str:
    """The projects of some pins, for people: ``torch``, or ``a, b, c, d, e and 7 more``."""
    names = list(dict.fromkeys(pin.project for pin in pins))
    more = len(names) - _SHOWN
    if more > 0:
        return f"{', '.join(names[:_SHOWN])} and {more} more"
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def _need(option: str, place: str, pins: list[Pin]) -> Need:
    base = base_of(place) if option == UPSTREAM else None
    if base is not None:
        return Need(URL, base, place, tuple(pins))
    return Need(option, f"{_name(place)}={place}" if option == UPSTREAM else place, place, tuple(pins))


def _name(index: str) -> str:
    """A name for an index, made of its host and the end of its path."""
    parts = urlsplit(index)
    ends = [part for part in parts.path.split("/") if part and part != "simple"][-1:]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join([parts.netloc, *ends])) or "extra"
