"""Findings: one fact each about a release that a lock pins, with the time of its first and of its last observation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen

__all__ = ["KINDS", "Finding", "FindingKind", "FindingLevel", "FindingRule"]

FindingKind = Literal[
    "yanked", "gone", "digest", "added", "status", "metadata", "provenance", "newer", "vulnerable", "malware"
]

FindingLevel = Literal["error", "warning", "note"]
"""How serious a finding is, in the words of SARIF 2.1.0."""


@frozen
class FindingRule:
    """One kind of finding.

    :param title: one sentence without a full stop.
    :param level: ``note`` for a fact that calls for nothing.
    """

    title: str
    level: FindingLevel


KINDS: Mapping[FindingKind, FindingRule] = {
    "malware": FindingRule("An advisory says that the release is malware", "error"),
    "gone": FindingRule("The upstream no longer lists the file or the release", "error"),
    "digest": FindingRule("The upstream lists other bytes under the same name", "error"),
    "vulnerable": FindingRule("An advisory affects the release", "warning"),
    "yanked": FindingRule("The upstream has yanked the file or the release", "warning"),
    "status": FindingRule("The upstream gives the project a status other than active", "warning"),
    "metadata": FindingRule("The core metadata differs from what was promised", "warning"),
    "provenance": FindingRule("The upstream lists another provenance than before", "warning"),
    "added": FindingRule("The upstream has added a file, which stays invisible under the address", "note"),
    "newer": FindingRule("The upstream has a newer release in the same series", "note"),
}
"""Every kind, the most serious first."""


@frozen
class Finding:
    """One fact about a release that a lock pins.

    :param project: the normalized name; ``crate:NAME`` for a crate, about which there are only advisories.
    :param version: as the lock spells it.
    :param filename: the file; ``sha256:<hex>`` if the lock has only its digest; ``None`` for the whole release.
    :param text: the reason, or the id of an advisory.
    :param source: the URL of the index, without a login, or the file name of an advisory.
    :param first_seen: when it was first observed (RFC 3339).
    :param last_seen: when it was last observed (RFC 3339).
    :param new: it came about after the list was frozen, or after the release was first looked at.
    """

    kind: FindingKind
    project: str
    version: str
    filename: str | None
    text: str
    source: str
    first_seen: str
    last_seen: str
    new: bool = False

    @property
    def order(self) -> tuple[str, ...]:
        """The key that findings are sorted by: by project, then by release."""
        return self.project, self.version, self.kind, self.filename or "", self.text, self.source

    @property
    def level(self) -> FindingLevel:
        """How serious it is."""
        return KINDS[self.kind].level

    def as_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "kind": self.kind,
            "level": self.level,
            "project": self.project,
            "version": self.version,
            "filename": self.filename,
            "text": self.text,
            "source": self.source,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "new": self.new,
        }
