"""Causes for which a TLS certificate is not accepted: the codes of OpenSSL, in words, and what kind of remedy helps.

This module imports the standard library only: the client starts with it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["OTHER_NAME", "CertificateCause", "CertificateRemedy", "cause_of_code"]


class CertificateRemedy(Enum):
    """The remedy for a cause."""

    AUTHORITY = "add the authority that signed it"
    CERTIFICATE = "add the certificate itself"
    TIME = "renew it, or set the clock"
    NAME = "use the name that it is for"
    OTHER = "replace it"


class CertificateCause(NamedTuple):
    """Why a certificate is not accepted.

    :param words: a clause about the certificate: ``it has expired``.
    """

    words: str
    remedy: CertificateRemedy


OTHER_NAME = CertificateCause("it is for another host name", CertificateRemedy.NAME)

_UNKNOWN_ISSUER = CertificateCause("its issuer is not a known authority", CertificateRemedy.AUTHORITY)
_PRIVATE_ROOT = CertificateCause("it is signed by a private authority, which is not known", CertificateRemedy.AUTHORITY)

_CAUSES = {
    2: _UNKNOWN_ISSUER,
    9: CertificateCause("it is not valid yet", CertificateRemedy.TIME),
    10: CertificateCause("it has expired", CertificateRemedy.TIME),
    18: CertificateCause("it is self-signed", CertificateRemedy.CERTIFICATE),
    19: _PRIVATE_ROOT,
    20: _UNKNOWN_ISSUER,
    21: CertificateCause("the certificates between it and its authority are missing", CertificateRemedy.AUTHORITY),
    23: CertificateCause("it was revoked", CertificateRemedy.OTHER),
    62: OTHER_NAME,
    64: CertificateCause("it is not for this IP address", CertificateRemedy.NAME),
}
"""The causes by their code in OpenSSL's ``x509_vfy.h``."""


def cause_of_code(code: int, message: str) -> CertificateCause:
    """Return the cause with a code.

    :param message: OpenSSL's own, for other codes: ``EE certificate key too weak``.
    """
    return _CAUSES.get(code) or CertificateCause(message or f"OpenSSL's code is {code}", CertificateRemedy.OTHER)
