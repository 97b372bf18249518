"""The limits of a server, from its settings and from what the system allows this process."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

from attrs import frozen
from twisted.logger import Logger

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Rate, read_rate
from reqpi.server.host_defaults import default_spool, default_store
from reqpi.server.limit_options import RATE_OPTIONS
from reqpi.server.settings import Settings
from reqpi.storage.place import place_of
from reqpi.web.http.connections import Connections
from reqpi.web.http.rate_limits import RateLimits
from reqpi.web.http.site_limits import SiteLimits
from reqpi.web.http.unread import Unread
from reqpi.web.http.uploads import Uploads

__all__ = ["ConnectionLimits", "announce_limits", "connection_limits", "limits_of"]

RESERVED = 256
"""Descriptors for the store, upstreams, logs and ports, and for clients that are told that there is no room."""

_OF_ONE = 2
"""Descriptors of one connection: its socket, and the file that is sent on it."""

_MOST_FILES = 1 << 20
"""Open files of a process, at most, where the system has no limit."""


@frozen
class ConnectionLimits:
    """The connections of one process.

    :param most: in total.
    :param most_of_client: those of one network address; 0 for any number.
    :param asked: the number that the operator asked for, which may be larger.
    :param files: files that this process may open.
    """

    most: int
    most_of_client: int
    asked: int
    files: int


def limits_of(settings: Settings, now: Callable[[], float]) -> SiteLimits:
    """Return the limits of one process. The server of a command has none: its one client is its user."""
    if settings.only is not None:
        return SiteLimits(now)
    connections, workers = connection_limits(settings), settings.workers
    return SiteLimits(
        now,
        rates=RateLimits(_rates(settings), now, trust_proxy=settings.trust_proxy),
        connections=Connections(connections.most, connections.most_of_client),
        uploads=Uploads(_uploads(settings), _folder(settings)),
        unread=Unread(_share(settings.max_unread, workers)),
        seconds={Limit.HEAD_TIME: settings.head_timeout, Limit.BODY_TIME: settings.body_timeout},
    )


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits on connections, and let this process open as many files as they need, or the system allows.

    A worker has its share of the connections; the limit on files is one for each process.
    """
    asked = _share(settings.max_connections, settings.workers)
    files = _allow_files(asked * _OF_ONE + RESERVED if asked else None)
    possible = max(1, (files - RESERVED) // _OF_ONE)
    most = min(asked, possible) if asked else possible
    return ConnectionLimits(most, _most_of_client(settings, most), asked, files)


def _most_of_client(settings: Settings, most: int) -> int:
    if settings.max_client_connections is not None:
        return _share(settings.max_client_connections, settings.workers)
    return 0 if settings.trust_proxy else max(1, most // 2)


def announce_limits(log: Logger, settings: Settings) -> None:
    """Log how many connections there may be, and why not as many as the operator asked for."""
    if settings.only is not None:
        return
    limits, processes = connection_limits(settings), settings.workers
    log.info(
        "at most {most} connections, {own} of one network address; {files} open files in each process",
        most=limits.most * processes,
        own=limits.most_of_client * processes or "any number",
        files=limits.files,
    )
    if limits.most < limits.asked:
        log.warn(
            "--max-connections {asked} needs {needed} open files in each process, and the system allows {files}: raise "
            "it with LimitNOFILE= of systemd or with ulimit -n",
            asked=settings.max_connections,
            needed=limits.asked * _OF_ONE + RESERVED,
            files=limits.files,
        )


def _rates(settings: Settings) -> dict[Limit, Rate]:
    found = {}
    for option in RATE_OPTIONS:
        rate = read_rate(getattr(settings, option.setting))
        if rate is not None:
            found[Limit(option.name.removeprefix("limit-"))] = rate.share(settings.workers)
    return found


def _share(amount: int, workers: int) -> int:
    """Return what one of several processes has of an amount; 0 remains 0, which is no limit."""
    return -(-amount // workers)


def _uploads(settings: Settings) -> int:
    """Return the bytes of bodies in one process: its share, in which two clients can send a lock of the largest size.

    With less, a client that sends one would be told to try again, each time.
    """
    share = _share(settings.max_uploads, settings.workers)
    return max(share, 2 * settings.largest_document) if share else 0


def _allow_files(needed: int | None) -> int:
    """Raise the limit on open files of this process, and return it.

    :param needed: ``None``: as many as possible.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    most = _MOST_FILES if hard == unlimited else min(hard, _MOST_FILES)
    wanted = most if needed is None else min(needed, most)
    if soft != unlimited and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return _MOST_FILES if soft == unlimited else soft


def _folder(settings: Settings) -> Path:
    """Return the folder for large bodies: on the disk that has the store, or the files on their way to it."""
    where = settings.store or default_store()
    place = place_of(where) if isinstance(where, str) else where
    return place / "incoming" if isinstance(place, Path) else default_spool()
