"""ReqPI's optional dependencies, and the advice for a user who lacks one.

The name ``reqpi`` on the public index belongs to another project, so the advice must not give that name to pip.
"""

from __future__ import annotations

__all__ = ["EXTRAS", "advice_for"]

EXTRAS = {
    "attest": "securesystemslib>=1.6",
    "attestations": "pypi-attestations>=0.0.30,<0.1",
    "completion": "shtab>=1.13",
    "metrics": "prometheus_client>=0.21",
    "oidc": "joserfc>=1.3",
    "s3": "obstore>=0.11",
}
"""The requirement of each extra, as in pyproject.toml."""


def advice_for(extra: str) -> str:
    """Return one sentence that says how to install an extra.

    :param extra: one of :data:`EXTRAS`.
    """
    return (
        f"Install it where ReqPI is installed: pip install '{EXTRAS[extra]}' "
        f"(docs/install.md: the extra {extra} of a clone or a wheel file)."
    )
