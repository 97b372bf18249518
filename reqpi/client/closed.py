"""Whether a lock contains everything that it needs, as a server reports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.exchange import ask
from reqpi.client.json_members import texts
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import target_of
from reqpi.client.unmet import unmet_in
from reqpi.core.report import Defect

__all__ = ["ClosedAnswer", "closed"]


class ClosedAnswer(NamedTuple):
    """The report of a server; see :class:`reqpi.core.closed.ClosedReport`.

    :param unmet: each unmet requirement in words, at the line of the pin that has it.
    :param said: the JSON object as it was received.
    """

    closed: bool
    environments: Sequence[str]
    unmet: Sequence[Defect]
    unknown: Sequence[str]
    troubles: Sequence[str]
    said: Mapping[str, object]


def closed(base_url: str, address: str, filters: Sequence[tuple[str, str]] = ()) -> ClosedAnswer:
    """Return whether a lock is closed; wait until the server knows.

    :param filters: the target of the installation, by the names of pip's options.
    :raises ServerTrouble: the server does not report it.
    """
    target, path = target_of(base_url), f"/{address}/closed{f'?{urlencode(filters)}' if filters else ''}"
    answer = poll(partial(ask, target, "GET", path), unavailable(target, path))
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    found = object_of(target, path, answer)
    return ClosedAnswer(
        found.get("closed") is True,
        texts(found, "environments"),
        unmet_in(found),
        texts(found, "unknown"),
        texts(found, "troubles"),
        found,
    )
