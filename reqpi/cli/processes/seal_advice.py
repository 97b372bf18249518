"""The advice for a machine on which a command cannot be sealed: which setting is in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import EINVAL, ENOSPC, ENOSYS, EUSERS
from pathlib import Path

__all__ = ["advice", "reason"]

_REASONS = {
    ENOSPC: "no more namespaces are allowed",
    EUSERS: "no more namespaces are allowed",
    EINVAL: "this kernel has no such namespaces",
    ENOSYS: "this system cannot create namespaces",
}
"""The meaning of error numbers of unshare(2), where it is not that of the usual text."""

_OFF = {
    "user/max_user_namespaces": ("0", "The sysctl user.max_user_namespaces is 0: set it to 1000 or more."),
    "user/max_net_namespaces": ("0", "The sysctl user.max_net_namespaces is 0: set it to 1000 or more."),
}
_OFF_FOR_USERS = {
    "kernel/unprivileged_userns_clone": ("0", "The sysctl kernel.unprivileged_userns_clone is 0: set it to 1."),
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "The sysctl kernel.apparmor_restrict_unprivileged_userns is 1: set it to 0, or load an AppArmor profile for "
        "this Python that has the rule userns.",
    ),
}
_IN_A_CONTAINER = (
    "In a container, its seccomp profile may forbid namespaces: for docker, add --security-opt seccomp=unconfined, "
    "or a profile that allows unshare."
)
_WITHOUT = "--seal=auto runs the command without the seal where there can be none."


def _setting(name: str) -> str:
    """Return the value of a sysctl; empty if this kernel does not have it."""
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def reason(number: int) -> str:
    """Return the reason for an error number, in a few words."""
    return _REASONS.get(number, os.strerror(number))


def advice(setting: Callable[[str], str] = _setting, *, root: bool | None = None) -> str:
    """Return the settings that are in the way, with their remedies.

    :param setting: returns the value of a sysctl by its path below ``/proc/sys``.
    :param root: the user is root; ``None``: look.
    """
    root = os.geteuid() == 0 if root is None else root
    rows = _OFF if root else _OFF | _OFF_FOR_USERS
    found = [remedy for name, (off, remedy) in rows.items() if setting(name) == off]
    return " ".join([*(found or [_IN_A_CONTAINER]), _WITHOUT])
