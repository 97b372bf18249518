"""A login from netrc, found as pip and curl find it, so that one file serves them all."""

from __future__ import annotations

import netrc
import os
from pathlib import Path

from reqpi.client.target import BasicLogin

__all__ = ["credentials_for", "netrc_of_user"]


def credentials_for(host: str) -> BasicLogin | None:
    """What netrc says of ``host``, or of its ``default``.

    The file is the one that the variable NETRC names, else ``.netrc`` in the home directory, else ``_netrc`` there.
    A file that is missing or cannot be read is as good as none, as it is to pip: it may be about other hosts.
    """
    for path in _candidates():
        try:
            entry = netrc.netrc(str(path)).authenticators(host)
        except FileNotFoundError:
            continue
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            return None
        return BasicLogin(entry[0], entry[2] or "") if entry else None
    return None


def netrc_of_user() -> Path | None:
    """The netrc file of this user, where there is one."""
    return next((path for path in _candidates() if path.is_file()), None)


def _candidates() -> list[Path]:
    """Where netrc may be."""
    named = os.environ.get("NETRC")
    if named:
        return [Path(named)]
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without a home
        return []
    return [home / ".netrc", home / "_netrc"]
