"""Drift in the table of pins: a few words about each release of which an upstream or an advisory says more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from attrs import frozen
from twisted.web.server import Request

from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.model import Commitment
from reqpi.core.sbom.text import words

__all__ = ["DriftWords", "KnownFindings", "drift_words"]

_MOST = 3
"""Texts that are shown of one kind."""

_LONGEST = 100
"""Characters of a text, which may be a reason that an upstream gives."""

_SHOWN_AS = {"error": "bad", "warning": "warn", "note": "faint"}

KnownFindings = Callable[[Request, Commitment], Awaitable[Iterable[Finding]]]
"""Returns the findings that are known already and that the client of a request may have; it asks no upstream."""


@frozen
class DriftWords:
    """A few words about a release.

    :param shown_as: the class of the element, by how serious it is.
    """

    text: str
    shown_as: str


def drift_words(findings: Iterable[Finding]) -> Mapping[tuple[str, str], tuple[DriftWords, ...]]:
    """Return what is said about each release, by project and version, the most serious first."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for finding in findings:
        kinds = found.setdefault((finding.project, finding.version), {})
        kinds.setdefault(finding.kind, []).append(words(finding.text or finding.filename or "", _LONGEST))
    return {
        release: tuple(_said(kind, kinds[kind]) for kind in KINDS if kind in kinds) for release, kinds in found.items()
    }


def _said(kind: str, texts: Iterable[str]) -> DriftWords:
    named = [text for text in dict.fromkeys(texts) if text]
    more = f" and {len(named) - _MOST:,} more" if len(named) > _MOST else ""
    listed = f": {', '.join(named[:_MOST])}{more}" if named else ""
    level = next(rule.level for name, rule in KINDS.items() if name == kind)
    return DriftWords(f"{kind}{listed}", _SHOWN_AS[level])
