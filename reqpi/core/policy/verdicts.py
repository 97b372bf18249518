"""The verdict of a policy about facts: to warn, or to deny. A pure function of its arguments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import frozen

from reqpi.core.policy.facts import Fact
from reqpi.core.policy.model import (
    ATTESTATIONS,
    MIN_AGE,
    PolicyAction,
    PolicyException,
    ReleasePolicy,
    RequiredPublisher,
    shown_time,
)

__all__ = ["Verdict", "verdicts"]


@frozen
class Verdict:
    """The view of a policy on one fact.

    :param action: ``warn`` or ``deny``.
    :param text: what is so, for people.
    :param cause: names the reason: the id of an advisory, or a rule with what it requires. It stays the same while the
        reason is the same.
    :param until: when the reason ends by itself; ``None``: it does not.
    :param expired: an exception that would be about this, and counts no more.
    """

    action: PolicyAction
    fact: Fact
    text: str
    cause: str
    until: datetime | None = None
    expired: PolicyException | None = None

    @property
    def denies(self) -> bool:
        """Whether it denies."""
        return self.action is PolicyAction.DENY

    @property
    def in_words(self) -> str:
        """The text, with the exception that has expired."""
        if self.expired is None:
            return self.text
        return f"{self.text} ({_named(self.expired)} expired on {shown_time(self.expired.expires)})"


def verdicts(policy: ReleasePolicy, facts: Iterable[Fact], now: datetime) -> tuple[Verdict, ...]:
    """Return the verdicts about facts, in the order of the facts; a fact that is fine has none.

    :param now: with a zone.
    """
    return tuple(verdict for fact in facts if (verdict := _verdict(policy, fact, now)) is not None)


def _verdict(policy: ReleasePolicy, fact: Fact, now: datetime) -> Verdict | None:
    found = _found(policy, fact, now)
    if found is None or found.action is PolicyAction.OFF:
        return None
    meant = [each for each in policy.exceptions if _is_meant(each, fact)]
    if any(each.holds(now) for each in meant):
        return None
    expired = max(meant, key=lambda each: each.expires, default=None)
    return Verdict(found.action, fact, found.text, found.cause, found.until, expired)


def _found(policy: ReleasePolicy, fact: Fact, now: datetime) -> Verdict | None:
    """Return the verdict without exceptions."""
    match fact.rule:
        case rule if rule == MIN_AGE:
            return _of_age(policy, fact, now)
        case rule if rule == ATTESTATIONS:
            required = policy.required_for(fact.release.project)
            return None if required is None or required.accepts(fact.publishers) else _of_attestations(required, fact)
        case rule:
            return Verdict(policy.action(rule), fact, fact.text, fact.ids[0] if fact.ids else rule)


def _of_age(policy: ReleasePolicy, fact: Fact, now: datetime) -> Verdict | None:
    min_age = policy.min_age
    if min_age is None or fact.uploaded is None or min_age.end(fact.uploaded) <= now:
        return None
    end = min_age.end(fact.uploaded)
    text = f"{fact.text} was uploaded on {shown_time(fact.uploaded)}, and is {min_age.text} old on {shown_time(end)}"
    return Verdict(min_age.action, fact, text, f"{MIN_AGE} {min_age.text}", end)


def _of_attestations(required: RequiredPublisher, fact: Fact) -> Verdict:
    text = f"{fact.text} has no verified attestation of {required.in_words}"
    return Verdict(required.action, fact, text, f"{ATTESTATIONS} {required.in_words}")


def _is_meant(exception: PolicyException, fact: Fact) -> bool:
    """Return whether an exception is about a fact, whatever its expiry."""
    if exception.rule not in ("", fact.rule):
        return False
    if exception.advisory and exception.advisory not in map(str.upper, fact.ids):
        return False
    return exception.is_about(fact.release.project, fact.release.version)


def _named(exception: PolicyException) -> str:
    return f"the exception in line {exception.line} of the policy" if exception.line else "an exception"
