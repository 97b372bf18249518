"""The environment variables that have audits ask the advisories of a server instead of a service elsewhere.

This module imports the standard library only, as :mod:`reqpi.core.env_vars` does.
"""

from __future__ import annotations

__all__ = ["audit_changes"]


def audit_changes(index_url: str) -> dict[str, str]:
    """Return the variables for pip-audit, and for uv's check for malware.

    ``uv audit`` reads no variable: it needs ``--service-url "$UV_MALWARE_CHECK_URL"``.

    :param index_url: of an address: it ends in ``/simple/``.
    """
    service = f"{index_url.rstrip('/').removesuffix('/simple')}/osv/"
    return {
        "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
        "PIP_AUDIT_OSV_URL": f"{service}v1/query",
        "UV_MALWARE_CHECK": "1",
        "UV_MALWARE_CHECK_URL": service,  # uv replaces what is after the last slash
    }
