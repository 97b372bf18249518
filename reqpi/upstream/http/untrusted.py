"""The cause for which the certificate of a host is not accepted, found when its handshake fails.

OpenSSL's error says only that the verification failed. The code that says why belongs to the connection, which Twisted
drops. So the handshake of a connection reads the code before it passes the error on.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from attrs import frozen
from OpenSSL._util import ffi, lib
from OpenSSL.SSL import Connection, Error
from service_identity import VerificationError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.python.failure import Failure
from zope.interface import implementer

from reqpi.core.certificate_causes import OTHER_NAME, CertificateCause, CertificateRemedy, cause_of_code

__all__ = ["Explaining", "advice_on", "untrusted_cause"]

_FAILED = "certificate verify failed"

_ADVICE = {
    CertificateRemedy.AUTHORITY: "If you trust the authority that signed it, add its certificate with --ca FILE.",
    CertificateRemedy.CERTIFICATE: "If you trust it, add it with --ca FILE.",
    CertificateRemedy.TIME: "The operator of the host has to renew it, unless the clock of this machine is wrong.",
    CertificateRemedy.NAME: "Write the name in the URL that the certificate is for.",
    CertificateRemedy.OTHER: "The operator of the host has to replace it.",
}


class _Untrusted(Error):
    """A certificate is not accepted.

    :ivar code: OpenSSL's.
    """

    code = 0


@implementer(IOpenSSLClientConnectionCreator)
@frozen
class Explaining:
    """TLS connections whose handshake fails with the cause, if a certificate is not accepted."""

    creator: IOpenSSLClientConnectionCreator

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Connection:
        """See :class:`twisted.internet.interfaces.IOpenSSLClientConnectionCreator`."""
        connection: Any = self.creator.clientConnectionForTLS(tlsProtocol)
        connection.do_handshake = partial(_handshake, connection)
        return connection  # type: ignore[no-any-return]


def _handshake(connection: Any) -> None:
    try:
        Connection.do_handshake(connection)
    except Error as error:
        if not _verification_failed(error):
            raise
        explained = _Untrusted(*error.args)
        explained.code = lib.SSL_get_verify_result(connection._ssl)
        raise explained from None


def untrusted_cause(failure: Failure) -> CertificateCause | None:
    """Return why a request failed, if that is because a certificate is not accepted; otherwise ``None``."""
    reasons = getattr(failure.value, "reasons", None) or [failure]
    return next((cause for reason in reasons if (cause := _cause(reason.value))), None)


def advice_on(cause: CertificateCause) -> str:
    """Return what the operator of this server can do about a cause."""
    return _ADVICE[cause.remedy]


def _cause(error: BaseException) -> CertificateCause | None:
    if isinstance(error, VerificationError):
        return OTHER_NAME
    if isinstance(error, _Untrusted):
        message = ffi.string(lib.X509_verify_cert_error_string(error.code)).decode("ascii", "replace")
        return cause_of_code(error.code, message)
    return cause_of_code(0, _FAILED) if isinstance(error, Error) and _verification_failed(error) else None


def _verification_failed(error: Error) -> bool:
    return bool(error.args) and any(text == _FAILED for *_, text in error.args[0])
