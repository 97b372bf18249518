"""The values of a policy: what is done about each rule, and the exceptions with their reasons and expiries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from attrs import evolve, field, frozen

from reqpi.core.denials import key_of

__all__ = [
    "ATTESTATIONS",
    "GONE",
    "MALWARE",
    "MIN_AGE",
    "RULES",
    "VULNERABLE",
    "YANKED",
    "MinAge",
    "PolicyAction",
    "PolicyException",
    "ReleasePolicy",
    "RequiredPublisher",
    "covers",
    "shown_time",
]

MALWARE, VULNERABLE, YANKED, GONE = "malware", "vulnerable", "yanked", "gone"
RULES = (MALWARE, VULNERABLE, YANKED, GONE)
"""The rules of ``--refuse``."""

MIN_AGE, ATTESTATIONS = "min-age", "require-attestations"


class PolicyAction(StrEnum):
    """The treatment of a release that a rule is about, from the mildest to the strictest."""

    OFF = "off"
    WARN = "warn"
    DENY = "deny"

    @property
    def severity(self) -> int:
        """A number that is larger for a stricter action."""
        return list(PolicyAction).index(self)


@frozen
class MinAge:
    """How long a file must have been on its index.

    :param text: the age as the operator spells it, such as ``7d``.
    """

    age: timedelta
    text: str
    action: PolicyAction = PolicyAction.DENY

    def end(self, uploaded: datetime) -> datetime:
        """Return when a file is old enough."""
        try:
            return uploaded + self.age
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)


@frozen
class RequiredPublisher:
    """Projects whose files must have attestations.

    :param project: a name, or the beginning of names with ``*`` at its end.
    :param claims: (name, value) that the publisher must have, as a provenance object spells them: ``kind``,
        ``repository``, ``workflow``. Empty for any publisher.
    """

    project: str
    claims: tuple[tuple[str, str], ...] = ()
    action: PolicyAction = PolicyAction.DENY

    def accepts(self, publishers: Iterable[Mapping[str, str]]) -> bool:
        """Return whether a file with verified attestations of these publishers may be used."""
        return any(set(self.claims) <= set(members.items()) for members in publishers)

    @property
    def in_words(self) -> str:
        """The publisher, in words."""
        return " ".join(value for _, value in self.claims) or "any publisher"


@frozen
class PolicyException:
    """Something that the policy is not applied to for some time.

    :param reason: why, for people.
    :param expires: the time from which on it does not count.
    :param line: in the file of the policy.
    :param project: a name, ``crate:NAME``, or the beginning of names with ``*`` at its end; empty for all.
    :param version: the only version that is meant; empty for all.
    :param advisory: an id or an alias in upper case; empty for every reason.
    :param rule: the only rule that is meant; empty for all.
    """

    reason: str
    expires: datetime
    line: int = 0
    project: str = ""
    version: str = ""
    advisory: str = ""
    rule: str = ""

    def is_about(self, project: str, version: str) -> bool:
        """Return whether it is about a release, whatever its expiry."""
        if not covers(self.project, project):
            return False
        return not self.version or key_of(f"{project}=={self.version}") == key_of(f"{project}=={version}")

    def holds(self, now: datetime) -> bool:
        """Return whether it still counts."""
        return now < self.expires


@frozen
class ReleasePolicy:
    """The treatment of releases: an action for each rule.

    :param actions: of each rule of :data:`RULES`; a missing one is off.
    """

    actions: Mapping[str, PolicyAction] = field(factory=lambda: {MALWARE: PolicyAction.WARN})
    min_age: MinAge | None = None
    attestations: tuple[RequiredPublisher, ...] = ()
    exceptions: tuple[PolicyException, ...] = ()

    def action(self, rule: str) -> PolicyAction:
        """Return what is done about a rule. A malicious release is vulnerable, too: the stricter action counts."""
        action = self.actions.get(rule, PolicyAction.OFF)
        if rule != MALWARE:
            return action
        return max(action, self.actions.get(VULNERABLE, PolicyAction.OFF), key=lambda each: each.severity)

    def required_for(self, project: str) -> RequiredPublisher | None:
        """Return what is required of the attestations of a project: the first entry that names it."""
        return next((each for each in self.attestations if covers(each.project, project)), None)

    def next_expiry(self, now: datetime) -> datetime | None:
        """Return when the next exception stops counting."""
        return min((each.expires for each in self.exceptions if each.holds(now)), default=None)

    @property
    def looks_at_pages(self) -> bool:
        """Whether a verdict depends on what an index says now, and no lock does."""
        return any(self.action(rule) is not PolicyAction.OFF for rule in (YANKED, GONE))

    @property
    def denies(self) -> bool:
        """Whether anything may be denied at all."""
        required = (self.min_age, *self.attestations)
        actions = [*map(self.action, RULES), *(each.action for each in required if each is not None)]
        return PolicyAction.DENY in actions

    def with_options(self, actions: Mapping[str, PolicyAction], min_age: MinAge | None) -> ReleasePolicy:
        """Return the policy with the options of a command line, each of which counts more than the file."""
        return evolve(self, actions={**self.actions, **actions}, min_age=min_age or self.min_age)


def covers(pattern: str, name: str) -> bool:
    """Return whether a pattern is this name, or the beginning of it with ``*``; an empty one is every name."""
    return not pattern or (name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern)


def shown_time(time: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
