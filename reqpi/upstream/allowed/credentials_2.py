"""The file of ``--netrc``: who we are to each host. What stands in it is never shown, not even where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.credentials import basic
from reqpi.upstream.allowed.hosts import normalized

__all__ = ["read_logins", "read_own_logins"]


def read_logins(path: Path) -> Mapping[str, str]:
    """An ``Authorization`` for each host.

    An entry ``default`` is passed over: it would be said to every host that a lock or a page names.

    :raises reqpi.core.errors.Misconfigured: the file cannot be read, or is none.
    """
    try:
        read = netrc(path)
    except OSError as error:
        raise Misconfigured(f"--netrc {path} cannot be read", f"{error.strerror}.") from None
    except NetrcParseError as error:
        # Its message quotes what it could not read, which may be a password.
        where = f"What is wrong stands at or before line {error.lineno}."
        raise Misconfigured(f"--netrc {path} is no netrc file", where) from None
    except ValueError:
        raise Misconfigured(f"--netrc {path} is no netrc file", "It is not text.") from None
    return {
        normalized(host): basic(login, password or "")
        for host, (login, _, password) in read.hosts.items()
        if host != "default"
    }


def read_own_logins(path: Path) -> Mapping[str, str]:
    """The same of the file that programs read unasked; one that cannot be read counts as none, as it does to pip."""
    try:
        return read_logins(path)
    except Misconfigured:
        return {}
