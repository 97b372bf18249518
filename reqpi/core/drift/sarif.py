"""The report as SARIF 2.1.0, which code hosts show next to the lines of a lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from attrs import frozen

from reqpi import __version__
from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.report import DriftReport
from reqpi.core.model import Lock

__all__ = ["SARIF", "PinPlace", "in_words", "places_in", "sarif"]

SARIF = "application/sarif+json"
"""Its media type."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {kind: number for number, kind in enumerate(KINDS)}
_ADVISED = ("vulnerable", "malware")


@frozen
class PinPlace:
    """The place of a pin.

    :param path: of its document, as the user wrote it.
    :param line: its first line, from 1; 0 if it is not known.
    """

    path: str
    line: int = 0
    last_line: int = 0


def places_in(lock: Lock, paths: Mapping[str, str] | None = None) -> dict[tuple[str, str], PinPlace]:
    """Return the place of the first pin of each release.

    :param paths: the path to write for each document of the lock; a single document has the path "" in the lock.
    """
    found: dict[tuple[str, str], PinPlace] = {}
    for pin in lock.pins:
        path = (paths or {}).get(pin.document) or pin.document or lock.format
        found.setdefault((pin.project, pin.version), PinPlace(path, pin.line, max(pin.line, pin.last_line)))
    return found


def sarif(report: DriftReport, address: str, places: Mapping[tuple[str, str], PinPlace]) -> bytes:
    """Return the report as SARIF.

    :param places: of the pins, by project and version.
    """
    rules = [
        {"id": kind, "shortDescription": {"text": f"{rule.title}."}, "defaultConfiguration": {"level": rule.level}}
        for kind, rule in KINDS.items()
    ]
    unknown = [
        {"level": "warning", "message": {"text": f"{one.project}: {one.why} ({one.source})"}} for one in report.unknown
    ]
    run = {
        "tool": {"driver": {"name": "ReqPI", "version": __version__, "rules": rules}},
        "automationDetails": {"id": f"reqpi-drift/{address}"},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": unknown}],
        "results": [_result(finding, places) for finding in report.findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode() + b"\n"


def _result(finding: Finding, places: Mapping[tuple[str, str], PinPlace]) -> dict[str, Any]:
    place = places.get((finding.project, finding.version))
    return {
        "ruleId": finding.kind,
        "ruleIndex": _RULES[finding.kind],
        "level": finding.level,
        "message": {"text": in_words(finding)},
        "locations": [] if place is None else [_location(place)],
        "partialFingerprints": {"reqpiFinding/v1": _fingerprint(finding)},
        "properties": {key: value for key, value in finding.as_json().items() if key not in ("kind", "level")},
    }


def in_words(finding: Finding) -> str:
    """Return the finding as one sentence."""
    what = f"{finding.project} {finding.version}"
    about = f"{what}, {finding.filename}" if finding.filename else what
    return f"{about}: {KINDS[finding.kind].title}: {finding.text} ({finding.source}, since {finding.first_seen})."


def _location(place: PinPlace) -> dict[str, Any]:
    path = quote(place.path, safe="/")
    where: dict[str, Any] = {"artifactLocation": {"uri": f"file://{path}" if path.startswith("/") else path}}
    if place.line:
        where["region"] = {"startLine": place.line, "endLine": place.last_line}
    return {"physicalLocation": where}


def _fingerprint(finding: Finding) -> str:
    """Return what makes two reports of one fact the same; the reason may be reworded."""
    same = [finding.kind, finding.project, finding.version, finding.filename, finding.source]
    return hashlib.sha256(json.dumps([*same, finding.text if finding.kind in _ADVISED else ""]).encode()).hexdigest()
