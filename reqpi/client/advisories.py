"""The advisories of a server: whether it has any that audits can ask, and those about some releases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ask
from reqpi.client.json_members import object_in, objects, text
from reqpi.client.target import target_of

__all__ = ["QueriedRelease", "advisories_about", "has_advisories"]

_AT_ONCE = 1000
"""Releases of one request, as the server takes them."""

_MOST_REQUESTS = 100
"""Further requests for advisories that did not fit into an answer."""

_LONGEST = 4096
_SILENCE = 10.0
"""Seconds that a server may take to answer. It asks no other host."""


def has_advisories(base_url: str, address: str) -> bool:
    """Return whether the server answers audits under an address; ``False`` also if it cannot be reached.

    :raises reqpi.client.errors.BadUsage: an environment variable names a proxy or a certificate bundle that cannot be
        used.
    """
    try:
        answer = ask(target_of(base_url), "GET", f"/{address}/osv/", longest=_LONGEST, silence=_SILENCE)
    except ServerTrouble:
        return False
    return answer.status == 200


class QueriedRelease(NamedTuple):
    """A release of a package.

    :param ecosystem: as OSV names it: ``PyPI`` or ``crates.io``.
    """

    ecosystem: str
    name: str
    version: str


def advisories_about(base_url: str, address: str, releases: Sequence[QueriedRelease]) -> list[tuple[str, ...]] | None:
    """Return the ids of the advisories that affect each release; ``None``: the server has no advisories.

    :param releases: each with a name and a version of at most 500 characters.
    :raises reqpi.client.errors.ServerTrouble: the server did not say it about each of them.
    """
    found: list[list[str]] = [[] for _ in releases]
    waiting = [(number, "") for number in range(len(releases))]
    left = len(releases) // _AT_ONCE + _MOST_REQUESTS
    while waiting:
        batch, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        queries = [_query(releases[number], token) for number, token in batch]
        results = _results(base_url, address, queries)
        if results is None:
            return None
        left -= 1
        if left < 0 or len(results) != len(batch):
            raise ServerTrouble(f"{base_url} does not say which advisories it has about each release")
        for (number, _), result in zip(batch, results, strict=True):
            found[number] += [text(each, "id") for each in objects(result, "vulns")]
            token = text(result, "next_page_token")
            waiting += [(number, token)] if token else []
    return [tuple(ids) for ids in found]


def _query(release: QueriedRelease, token: str) -> dict[str, object]:
    package = {"ecosystem": release.ecosystem, "name": release.name}
    query: dict[str, object] = {"package": package, "version": release.version}
    return query | {"page_token": token} if token else query


def _results(base_url: str, address: str, queries: Sequence[object]) -> list[Mapping[str, object]] | None:
    """Return the answers to some queries; ``None``: the server has no advisories."""
    body = json.dumps({"queries": queries}).encode()
    answer = ask(target_of(base_url), "POST", f"/{address}/osv/v1/querybatch", body, "application/json")
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise ServerTrouble(f"{base_url} does not answer about its advisories: status {answer.status}")
    return objects(object_in(answer) or {}, "results")
