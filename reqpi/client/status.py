"""The state of a server, as it reports it. It is read without trust: a server may send anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.exchange import ask
from reqpi.client.target import target_of

__all__ = ["HostStatus", "ServerStatus", "server_status", "status_of"]

_LONGEST = 200
_MOST = 1000


class HostStatus(NamedTuple):
    """An upstream host.

    :ivar up: whether it answered last; ``None``: it was not asked yet.
    :ivar answered_at: in seconds since the epoch; ``None``: never.
    """

    host: str
    up: bool | None
    answered_at: float | None


class ServerStatus(NamedTuple):
    """The state of a server, or of a store without one.

    :ivar problem: why it should get no requests; empty if it should.
    :ivar uptime: seconds; ``None`` where there is no server.
    :ivar worker: the number of the worker that answered; 0 if there is one process.
    :ivar kind: of the store.
    :ivar files: in the store; ``None`` if that is not known, as for the numbers after it.
    :ivar downloads: how many, by how they ended.
    :ivar refused: what bounds of the operator refused.
    """

    versions: Mapping[str, str]
    kind: str
    files: int | None
    size: int | None
    free: int | None
    holds: int
    problem: str = ""
    uptime: float | None = None
    worker: int = 0
    swept_at: float | None = None
    damage: Mapping[str, int] = {}
    upstreams: tuple[HostStatus, ...] = ()
    downloads: Mapping[str, int] = {}
    refused: Mapping[str, int] = {}


def server_status(base_url: str) -> Mapping[str, object]:
    """Return what a server reports at ``/status``.

    :raises reqpi.client.errors.ServerTrouble: no server answers there, or the client may not operate it.
    :raises reqpi.client.errors.BadUsage: the URL cannot be used.
    """
    target = target_of(base_url)
    answer = ask(target, "GET", "/status")
    if answer.status == 200:
        return object_of(target, "/status", answer)
    raise trouble_of(target, "/status", answer)


def status_of(found: Mapping[str, object]) -> ServerStatus:
    """Return the state that an object describes; what is not of the right type is left out."""
    store = _mapping(found.get("store"))
    hosts = found.get("upstreams")
    return ServerStatus(
        {str(name)[:20]: text for name, text in _mapping(found.get("versions")).items() if isinstance(text, str)},
        _text(store.get("kind")),
        _whole(store.get("files")),
        _whole(store.get("bytes")),
        _whole(store.get("free_bytes")),
        _whole(found.get("holds")) or 0,
        problem=_text(found.get("problem")),
        uptime=_number(found.get("uptime")),
        worker=_whole(found.get("worker")) or 0,
        swept_at=_number(store.get("swept_at")),
        damage=_numbers(store.get("damage")),
        upstreams=tuple(map(_host, hosts[:_MOST])) if isinstance(hosts, list) else (),
        downloads=_numbers(found.get("downloads")),
        refused=_numbers(found.get("refusals")),
    )


def _host(found: object) -> HostStatus:
    host = _mapping(found)
    up = host.get("up")
    return HostStatus(_text(host.get("host")), up if isinstance(up, bool) else None, _number(host.get("answered_at")))


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str:
    return found[:_LONGEST] if isinstance(found, str) else ""


def _number(found: object) -> float | None:
    """Return a number of seconds; ``None`` if it is not one that a clock can show."""
    right = isinstance(found, (int, float)) and not isinstance(found, bool) and abs(found) < 1e12
    return float(found) if right else None  # type: ignore[arg-type]


def _whole(found: object) -> int | None:
    right = isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 63
    return found if right else None  # type: ignore[return-value]


def _numbers(found: object) -> Mapping[str, int]:
    numbers = {name[:_LONGEST]: _whole(number) for name, number in list(_mapping(found).items())[:_MOST]}
    return {name: number for name, number in numbers.items() if number}
