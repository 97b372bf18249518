"""The values of ``--policy``, ``--refuse`` and ``--min-age``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reqpi.core.errors import Misconfigured
from reqpi.core.policy.file import LARGEST, BadPolicy, read_policy
from reqpi.core.policy.model import ReleasePolicy
from reqpi.core.policy.options import BadPolicyOption, read_min_age, read_refusals

__all__ = ["checked_min_age", "checked_refusals", "read_policy_file"]


def checked_refusals(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values of ``--refuse``, once they have been checked: settings are texts, which workers are handed.

    :raises reqpi.core.errors.Misconfigured: one of them cannot be used.
    """
    try:
        read_refusals(values := tuple(values))
    except BadPolicyOption as bad:
        raise Misconfigured(f"--refuse: {bad}.") from None
    return values


def checked_min_age(value: str) -> str:
    """Return the value of ``--min-age``, once it has been checked.

    :raises reqpi.core.errors.Misconfigured: it cannot be used.
    """
    try:
        read_min_age(value)
    except BadPolicyOption as bad:
        raise Misconfigured(f"--min-age: {bad}.") from None
    return value


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
