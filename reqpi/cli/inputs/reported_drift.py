"""The drift of a lock, as a server reports it. It is read without trust: a server may send anything."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.utils import canonicalize_name

from reqpi.client.json_members import objects, text
from reqpi.client.reports import report_path, reported
from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.report import DriftReport, UnknownDrift

__all__ = ["drift_at", "read_report"]


def drift_at(base_url: str, address: str) -> DriftReport:
    """Return the drift of a lock; wait until the server knows it.

    :raises reqpi.client.errors.ServerTrouble: the server does not report it.
    """
    return read_report(reported(base_url, report_path(address, "drift")))


def read_report(said: Mapping[str, object]) -> DriftReport:
    """Return the report that a server sent as JSON. A server may send anything: what is not of a report is left out."""
    findings = filter(None, map(_finding, objects(said, "findings")))
    unknown = (
        UnknownDrift(canonicalize_name(text(one, "project")), text(one, "source"), text(one, "why"))
        for one in objects(said, "unknown")
    )
    return DriftReport(tuple(sorted(findings, key=lambda one: one.order)), tuple(unknown))


def _finding(said: Mapping[str, object]) -> Finding | None:
    kind = next((known for known in KINDS if known == said.get("kind")), None)
    if kind is None:
        return None
    texts = {key: text(said, key) for key in ("project", "version", "text", "source", "first_seen", "last_seen")}
    return Finding(kind, filename=text(said, "filename") or None, new=said.get("new") is True, **texts)
