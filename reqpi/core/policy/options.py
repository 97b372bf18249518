"""The words of a policy: ``malware=warn`` of ``--refuse``, ``7d=warn`` of ``--min-age``, and an age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from reqpi.core.exclude_newer import read_duration
from reqpi.core.policy.model import RULES, MinAge, PolicyAction

__all__ = ["BadPolicyOption", "read_action", "read_age", "read_min_age", "read_refusals"]

_ACTIONS = "off, warn or deny"


class BadPolicyOption(ValueError):
    """A word of a policy cannot be used.

    :ivar advice: what to write instead.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}: {advice}")
        self.problem = problem
        self.advice = advice


def read_refusals(values: Iterable[str]) -> Mapping[str, PolicyAction]:
    """Return the actions that the values of ``--refuse`` name; a rule without ``=`` is denied.

    :raises BadPolicyOption: a value names no rule or no action, or a rule is there twice with two actions.
    """
    actions: dict[str, PolicyAction] = {}
    for value in values:
        rule, equals, action = value.partition("=")
        if rule not in RULES:
            raise BadPolicyOption(f"{value[:80]!r} names no rule", f"write {', '.join(RULES[:-1])} or {RULES[-1]}")
        read = read_action(action) if equals else PolicyAction.DENY
        if actions.setdefault(rule, read) is not read:
            raise BadPolicyOption(f"{rule} is there twice, with {actions[rule]} and {read}", "write it once")
    return actions


def read_min_age(value: str) -> MinAge:
    """Return the value of ``--min-age``; an age without ``=`` denies.

    :raises BadPolicyOption: it is no age, or names no action.
    """
    text, equals, action = value.partition("=")
    read = read_action(action) if equals else PolicyAction.DENY
    if read is PolicyAction.OFF:
        raise BadPolicyOption("an age that is off means nothing", "leave the option out, or write warn or deny")
    return MinAge(read_age(text), text.strip(), read)


def read_action(value: object) -> PolicyAction:
    """Return an action.

    :raises BadPolicyOption: there is no such action.
    """
    try:
        return PolicyAction(value)  # type: ignore[arg-type]  # anything else is no action
    except ValueError:
        raise BadPolicyOption(f"{ascii(value)[:80]} is not an action", f"write {_ACTIONS}") from None


def read_age(value: object) -> timedelta:
    """Return an age such as ``7d``, ``12h`` or ``2 weeks``.

    :raises BadPolicyOption: it is no age, or none at all.
    """
    age = None
    if isinstance(value, str) and len(value) <= 64:
        try:
            age = read_duration(value.strip())
        except OverflowError:
            age = None
    if age is None or age <= timedelta():
        raise BadPolicyOption(f"{ascii(value)[:80]} is not an age", "write 7d, 12h or 2 weeks")
    return age
