"""The events that the proxy of a run reports to one callable: each thing that was taken, each request refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import frozen

from reqpi.core.crates.model import Crate

__all__ = ["Event", "PassedTunnel", "RefusedRequest", "Report", "TakenCrate", "TakenThing"]


@frozen
class TakenThing:
    """Something of the lock that the child received, or has and may go on using.

    :param url: the original URL, as the child requested it.
    :param project: the normalised name of the project.
    :param filename: empty for a page, and for the facts of a release.
    :param sha256: of the file; empty for anything else.
    :param size: of the file in bytes; of anything else, of the answer.
    :param how: ``count``: all of it was sent; ``partial``: a part; ``unchanged``: the copy that the child has is valid.
    """

    kind: Literal["file", "metadata", "page", "facts"]
    url: str
    project: str
    filename: str = ""
    sha256: str = ""
    size: int = 0
    how: Literal["count", "partial", "unchanged"] = "count"


@frozen
class TakenCrate:
    """A crate of the lock that the child received, or has and may go on using.

    :param url: the original URL, as the child requested it.
    :param size: bytes.
    :param how: as that of :class:`TakenThing`.
    """

    crate: Crate
    url: str
    size: int
    how: Literal["count", "partial", "unchanged"] = "count"


@frozen
class RefusedRequest:
    """A request that no part of the lock answers.

    :param url: the URL that was requested, or ``https://host:port/`` if the connection ended before a request.
    :param agent: the User-Agent of the client; empty if it sent none.
    :param reason: one line.
    :param project: the project whose refusal the shelf has counted too; empty for any other refusal.
    """

    host: str
    url: str
    agent: str
    reason: str
    project: str = ""


@frozen
class PassedTunnel:
    """A tunnel to a host that the user named. Its bytes are not known."""

    host: str
    port: int
    agent: str


Event = TakenThing | TakenCrate | RefusedRequest | PassedTunnel

Report = Callable[[Event], None]
"""Receives each event, in the thread of the server."""
