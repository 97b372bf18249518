"""The report on the drift of one lock: its findings, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from reqpi.core.drift.finding import Finding
from reqpi.core.model import Project

__all__ = ["DriftReport", "UnknownDrift"]

_OF_A_PAGE = frozenset({"yanked", "gone", "digest", "status", "metadata", "provenance"})
"""Kinds of findings that are about files of a frozen page, which every reader of the address sees."""

_ADVISED = frozenset({"vulnerable", "malware"})


@frozen
class UnknownDrift:
    """A project of which nothing new is known.

    :param source: the URL of the index, without a login.
    :param why: why it was not asked, or did not answer.
    """

    project: Project
    source: str
    why: str

    def as_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return {"project": self.project, "source": self.source, "why": self.why}


@frozen
class DriftReport:
    """The drift of one lock.

    :param findings: sorted.
    :param unknown: what may have changed without being known here.
    :param frozen: the projects whose pages are frozen.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[UnknownDrift, ...] = ()
    frozen: frozenset[Project] = frozenset()

    def for_client(self, may_know: Callable[[str], bool]) -> DriftReport:
        """Return the part of the report that a client may have.

        An index that the server has a login for is known to others only by what is frozen.

        :param may_know: whether the client may know everything that the indexes of a project list.
        """
        return evolve(self, findings=tuple(one for one in self.findings if self._is_open(one) or may_know(one.project)))

    def _is_open(self, finding: Finding) -> bool:
        return finding.kind in _ADVISED or (finding.kind in _OF_A_PAGE and finding.project in self.frozen)

    def as_json(self, address: str) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "address": address,
            "findings": [finding.as_json() for finding in self.findings],
            "unknown": [one.as_json() for one in self.unknown],
        }
