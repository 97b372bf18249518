"""The denials that verdicts make, and whether a denial still stands after the policy or the facts have changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from reqpi.core.denials import LONGEST_REASON, BadDenial, Denial, Ground, key_of, read_denied, read_reason
from reqpi.core.policy.facts import Fact, Release
from reqpi.core.policy.model import ATTESTATIONS, GONE, MIN_AGE, YANKED, ReleasePolicy
from reqpi.core.policy.verdicts import Verdict, verdicts

__all__ = ["BY", "Allowed", "denials_of", "is_allowed", "now_of", "stands", "target_of"]

BY = "policy"
"""The name under which the policy denies."""

Allowed = Mapping[str, frozenset[str]]
"""The causes that the operator has revoked, by the key of what is not denied for them."""

_MOST_CAUSES = 100


def target_of(fact: Fact) -> str:
    """Return what is denied because of a fact: the file that it is about, or otherwise the release.

    :returns: empty if a denial cannot name it.
    """
    if fact.sha256:
        return f"sha256:{fact.sha256}"
    try:
        return read_denied(f"{fact.release.project}=={fact.release.version}")
    except BadDenial:  # a version that does not conform to PEP 440: no file on a page has one
        return ""


def is_allowed(verdict: Verdict, allowed: Allowed) -> bool:
    """Return whether the operator has revoked the denial that a verdict makes."""
    return verdict.cause in allowed.get(key_of(target_of(verdict.fact)), ())


def denials_of(found: Iterable[Verdict], allowed: Allowed, at: float) -> tuple[Denial, ...]:
    """Return one denial for each thing that verdicts deny, with all reasons.

    :param at: seconds since the epoch.
    """
    grouped: dict[str, list[Verdict]] = {}
    for verdict in found:
        target = target_of(verdict.fact) if verdict.denies else ""
        if target and not is_allowed(verdict, allowed):
            grouped.setdefault(target, []).append(verdict)
    return tuple(_denial(target, group[:_MOST_CAUSES], at) for target, group in grouped.items())


def stands(denial: Denial, policy: ReleasePolicy, now: datetime) -> bool:
    """Return whether the policy would still deny a file for one of the reasons that a page gave.

    :param denial: of the policy. That of a release is made again from what advisories say.
    """
    ground = denial.ground
    if ground is None:
        return True
    if ground.until is not None and ground.until <= now.timestamp():
        return False
    return any(cause in ground.causes for cause in _causes_of_files(policy, ground.release, now))


def _causes_of_files(policy: ReleasePolicy, release: str, now: datetime) -> Iterator[str]:
    """Yield each cause for which the policy denies files of a release, if they are young, yanked and so on."""
    project, _, version = release.partition("==")
    found = (
        Fact(rule, Release(project, version), uploaded=now if rule == MIN_AGE else None)
        for rule in (YANKED, GONE, MIN_AGE, ATTESTATIONS)
    )
    yield from (verdict.cause for verdict in verdicts(policy, found, now) if verdict.denies)


def _denial(target: str, group: list[Verdict], at: float) -> Denial:
    ends = [verdict.until.timestamp() for verdict in group if verdict.until is not None]
    until = max(ends) if len(ends) == len(group) else None
    fact = group[0].fact
    causes = tuple(dict.fromkeys(verdict.cause for verdict in group))
    release = read_denied(f"{fact.release.project}=={fact.release.version}")
    return Denial(target, _because(group), at, BY, Ground(causes, release, until))


def _because(group: list[Verdict]) -> str:
    """Return the reasons on one line; those that do not fit are named by their causes, or only counted."""
    text, left = "", list(group)
    while left and len(text) + len(left[0].in_words) < LONGEST_REASON - 100:
        text = f"{text}; {left.pop(0).in_words}" if text else left.pop(0).in_words
    if left:
        more = f"; and {len(left)} more" if text else f"{left[0].cause}, and {len(left) - 1} more"
        text = (text + more)[:LONGEST_REASON]
    return read_reason("".join(each if each.isprintable() else " " for each in text))


def now_of(seconds: float) -> datetime:
    """Return a time as policies compare it."""
    return datetime.fromtimestamp(seconds, UTC)
