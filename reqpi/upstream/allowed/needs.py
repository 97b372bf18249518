"""The options of a server that a lock needs, because it names an index or a host that the operator has not named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from urllib.parse import urlsplit

from attrs import field, frozen

from reqpi.core.model import Lock, Pin
from reqpi.core.shown_urls import as_shown
from reqpi.upstream.allowed.own_addresses import base_of
from reqpi.upstream.allowed.urls import host_of, index_key

__all__ = ["ALLOW_HOST", "UPSTREAM", "URL", "Need", "needs_of", "projects_of"]

ALLOW_HOST, UPSTREAM, URL = "--allow-host", "--upstream", "--url"

_SHOWN = 5
"""The most projects that a message names."""


@frozen
class Need:
    """One option that a lock needs.

    :param option: :data:`ALLOW_HOST`, :data:`UPSTREAM` or :data:`URL`.
    :param value: the value of the option.
    :param place: the index or the host that the lock names, without secrets.
    :param pins: the pins that need it, in the order of the lock.
    """

    option: str
    value: str
    place: str
    pins: tuple[Pin, ...]

    @property
    def decisive(self) -> bool:
        """Whether a server without the option rejects the lock: a pin without digests is taken from its index alone.

        Otherwise the server accepts the lock. It refuses the sources when a client asks for them, and looks for the
        files of the index by digest at the upstreams that it has.
        """
        return self.option != ALLOW_HOST and not all(pin.digests for pin in self.pins)


def needs_of(lock: Lock, has_index: Callable[[str], bool], has_source: Callable[[str], bool]) -> tuple[Need, ...]:
    """Return the options that a lock needs in addition to the operator's, each once, in the order of the lock.

    :param has_index: whether an index, by its URL, is one of the operator's.
    :param has_source: whether the operator allows an archive or a repository at a URL.
    """
    known = cache(has_index)  # an index is named by every pin of a document
    found: dict[_Wanted, list[Pin]] = {}
    for pin in lock.pins:
        for wanted in _wanted(pin, known, has_source):
            found.setdefault(wanted, []).append(pin)
    return tuple(_need(wanted, pins) for wanted, pins in found.items())


@frozen
class _Wanted:
    """An index or a host that a pin names. All spellings of an index are equal.

    :param place: the index or host, without secrets.
    """

    option: str
    key: str
    place: str = field(eq=False)


def _wanted(pin: Pin, has_index: Callable[[str], bool], has_source: Callable[[str], bool]) -> Iterator[_Wanted]:
    if pin.source is None:
        for index in pin.indexes:
            if index and not has_index(index):
                yield _Wanted(UPSTREAM, index_key(index), as_shown(index))
    elif not has_source(pin.source.url):
        host = host_of(pin.source.url)
        yield _Wanted(ALLOW_HOST, host, host)


def projects_of(pins: Iterable[Pin]) -> str:
    """Return the projects of some pins for a message: ``torch``, or ``a, b, c, d, e and 7 more``."""
    names = list(dict.fromkeys(pin.project for pin in pins))
    more = len(names) - _SHOWN
    if more > 0:
        return f"{', '.join(names[:_SHOWN])} and {more} more"
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def _need(wanted: _Wanted, pins: list[Pin]) -> Need:
    place = wanted.place
    if wanted.option == ALLOW_HOST:
        return Need(ALLOW_HOST, place, place, tuple(pins))
    base = base_of(place)
    if base is not None:
        return Need(URL, base, place, tuple(pins))
    return Need(UPSTREAM, f"{_name(place)}={place}", place, tuple(pins))


def _name(index: str) -> str:
    """Return a name for an index, made of its host and the end of its path."""
    parts = urlsplit(index)
    ends = [part for part in parts.path.split("/") if part and part != "simple"][-1:]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join([parts.netloc, *ends])) or "extra"
