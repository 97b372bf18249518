"""Whether a server has advisories that audits can ask."""

from __future__ import annotations

from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ask
from reqpi.client.target import target_of

__all__ = ["has_advisories"]

_LONGEST = 4096
_SILENCE = 10.0
"""Seconds that a server may take to answer. It asks no other host."""


def has_advisories(base_url: str, address: str) -> bool:
    """Return whether the server answers audits under an address; ``False`` also if it cannot be reached.

    :raises reqpi.client.errors.BadUsage: an environment variable names a proxy or a certificate bundle that cannot be
        used.
    """
    try:
        answer = ask(target_of(base_url), "GET", f"/{address}/osv/", longest=_LONGEST, silence=_SILENCE)
    except ServerTrouble:
        return False
    return answer.status == 200
