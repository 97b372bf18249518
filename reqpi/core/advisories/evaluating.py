"""Whether an advisory affects a release: OSV's rules, https://ossf.github.io/osv-schema/#evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from reqpi.core.advisories.model import BEGINNING, Advisory, Affected, EventKind, VersionEvent
from reqpi.core.advisories.ordering import VERSION_RULES, SortKey, VersionRules

__all__ = ["EvaluatedVersion", "affects"]

_FIRST: SortKey = ()
"""The sort key that is before all others."""

_NO_LIMIT = "*"


@frozen
class EvaluatedVersion:
    """The version of a pin, read once, to be compared with many advisories.

    A local version such as ``2.1.0+cpu`` is affected where ``2.1.0`` is: as in a specifier of :pep:`440`, its label
    counts only in a comparison with a version that has one. SemVer ignores the same part (build metadata).

    :param spellings: the canonical spellings that a list of versions may have it under.
    :param full: the sort key.
    :param public: the sort key without the label.
    """

    rules: VersionRules
    spellings: tuple[str, ...]
    full: SortKey
    public: SortKey

    @classmethod
    def of(cls, ecosystem: str, text: str) -> EvaluatedVersion:
        """Return a version.

        :param ecosystem: one of :data:`reqpi.core.advisories.model.ECOSYSTEMS`.
        :param text: as the pin spells it. It need not conform to the rules of the ecosystem.
        """
        rules, public = VERSION_RULES[ecosystem], text.partition("+")[0]
        full_key = rules.key(text)
        if public == text:
            return cls(rules, (rules.canonical(text),), full_key, full_key)
        return cls(rules, (rules.canonical(text), rules.canonical(public)), full_key, rules.key(public))

    def passed(self, event: VersionEvent) -> SortKey | None:
        """Return the sort key of an event whose version this one has reached; ``None`` before that."""
        other = _FIRST if event.version == BEGINNING else self.rules.key(event.version)
        own = self.full if "+" in event.version else self.public
        reached = own > other if event.kind is EventKind.LAST_AFFECTED else own >= other
        return other if reached else None


def affects(advisory: Advisory, ecosystem: str, name: str, version: EvaluatedVersion) -> bool:
    """Return whether an advisory that was not withdrawn affects a release.

    :param name: normalized.
    """
    return not advisory.withdrawn and any(
        _includes(each, version) for each in advisory.affected if each.name == name and each.ecosystem == ecosystem
    )


def _includes(affected: Affected, version: EvaluatedVersion) -> bool:
    for spelling in version.spellings:
        if spelling in affected.versions:
            return True
    return any(_is_within(events, version) for events in affected.ranges)


def _is_within(events: Sequence[VersionEvent], version: EvaluatedVersion) -> bool:
    """Return whether the last event that the version has reached introduces the problem, and a limit is ahead."""
    reached = [
        (key, event.kind)
        for event in events
        if event.kind is not EventKind.LIMIT and (key := version.passed(event)) is not None
    ]
    return bool(reached) and max(reached)[1] is EventKind.INTRODUCED and _is_before_limits(events, version)


def _is_before_limits(events: Sequence[VersionEvent], version: EvaluatedVersion) -> bool:
    """Return whether the version is before one of the limits, if there are any."""
    limits = [event for event in events if event.kind is EventKind.LIMIT]
    return not limits or any(event.version == _NO_LIMIT or version.passed(event) is None for event in limits)
