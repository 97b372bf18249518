"""The values of ``--policy``, ``--refuse`` and ``--min-age``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from reqpi.core.errors import Misconfigured
from reqpi.core.policy.file import LARGEST, BadPolicy, read_policy
from reqpi.core.policy.model import MinAge, PolicyAction, ReleasePolicy
from reqpi.core.policy.options import BadPolicyOption, read_min_age, read_refusals

__all__ = ["min_age_of", "read_policy_file", "refusals_of"]


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


def read_policy_file(path: Path) -> ReleasePolicy:
    """Return the policy in a file.

    :raises reqpi.core.errors.Misconfigured: it cannot be used; the message names every defect with its line.
    """
    try:
        with path.open("rb") as file:
            return read_policy(file.read(LARGEST + 1))
    except OSError as error:
        raise Misconfigured(f"--policy {path} cannot be read", f"{error.strerror or error}.") from None
    except BadPolicy as bad:
        raise Misconfigured(f"--policy {path} cannot be used", f"{bad}.") from None
