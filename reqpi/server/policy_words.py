"""The values of ``--refuse`` and ``--min-age``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reqpi.core.errors import Misconfigured
from reqpi.core.policy.model import MinAge, PolicyAction
from reqpi.core.policy.options import BadPolicyOption, read_min_age, read_refusals

__all__ = ["min_age_of", "refusals_of"]


def refusals_of(values: Iterable[str]) -> Mapping[str, PolicyAction]:
    """Return the actions that the values of ``--refuse`` name.

    :raises reqpi.core.errors.Misconfigured: one of them cannot be used.
    """
    try:
        return read_refusals(values)
    except BadPolicyOption as bad:
        raise Misconfigured(f"--refuse: {bad}.") from None


def min_age_of(value: str) -> MinAge:
    """Return the value of ``--min-age``.

    :raises reqpi.core.errors.Misconfigured: it cannot be used.
    """
    try:
        return read_min_age(value)
    except BadPolicyOption as bad:
        raise Misconfigured(f"--min-age: {bad}.") from None
