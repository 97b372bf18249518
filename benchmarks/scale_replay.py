"""Installs that are replayed against a server: the requests that pip and uv send, without what else they do."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks.load import ACCEPT
from benchmarks.machine import on_load_core
from benchmarks.processes import Process
from benchmarks.scale_catalogue import Release, files
from benchmarks.scale_store import Filling

__all__ = ["Replayed", "replay"]


@frozen
class Replayed:
    """Installs that were replayed.

    :param cpu: seconds of the server for each install.
    :param memory: bytes of the server afterwards.
    :param errors: responses other than 200.
    """

    installs: int
    requests: int
    errors: int
    cpu: float
    memory: int


def replay(url: str, server: Process, filling: Filling, numbers: Iterable[int], kinds: Sequence[str]) -> Replayed:
    """Install locks one after the other.

    :param numbers: those of the locks.
    :param kinds: what is requested of each pin: ``page``, ``metadata``, ``file``.
    """
    used, installs, statuses = server.cpu(), 0, list[int]()
    place = urlsplit(url)
    with on_load_core():
        for number in numbers:
            connection = http.client.HTTPConnection(place.hostname or "", place.port)
            index = f"/{sha256(filling.lock(number)).hexdigest()}/simple/"
            releases = filling.catalogue.releases(number, filling.pins)
            for kind in kinds:
                statuses += [_status(connection, index + _path(release, kind)) for release in releases]
            connection.close()
            installs += 1
    cpu, errors = server.cpu() - used, sum(status != http.client.OK for status in statuses)
    return Replayed(installs, len(statuses), errors, cpu / max(installs, 1), sum(server.resident()))


def _path(release: Release, kind: str) -> str:
    filename = {"page": "", "file": files(release)[0].filename, "metadata": f"{files(release)[0].filename}.metadata"}
    return f"{release.name}/{filename[kind]}"


def _status(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path, headers={"Accept": ACCEPT if path.endswith("/") else "*/*"})
    answer = connection.getresponse()
    answer.read()
    return answer.status
