"""Whether a lock contains everything that it needs, as a server reports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reqpi.client.json_members import texts
from reqpi.client.reports import report_path, reported
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
    found = reported(base_url, report_path(address, "closed", filters))
    return ClosedAnswer(
        found.get("closed") is True,
        texts(found, "environments"),
        unmet_in(found),
        texts(found, "unknown"),
        texts(found, "troubles"),
        found,
    )
