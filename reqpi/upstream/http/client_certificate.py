"""The client certificate of ``--client-cert``, for upstreams that request one in TLS. Its key is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen
from OpenSSL.crypto import FILETYPE_PEM, X509, Error, PKey, load_certificate, load_privatekey
from OpenSSL.SSL import TLS_CLIENT_METHOD, Context
from OpenSSL.SSL import Error as TLSError

from reqpi.core.errors import Misconfigured

__all__ = ["ClientCertificate", "read_client_certificate"]

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)

_LARGEST = 1 << 20
"""The most bytes that are read of the file."""


@frozen
class ClientCertificate:
    """A certificate, its key, and the intermediate certificates between it and a trusted authority.

    :param pem: all of these, as they are in the file.
    """

    pem: bytes = field(repr=False)
    certificate: X509 = field(repr=False)
    key: PKey = field(repr=False)
    chain: tuple[X509, ...] = field(default=(), repr=False)

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments for :class:`twisted.internet.ssl.CertificateOptions`."""
        return {"certificate": self.certificate, "privateKey": self.key, "extraCertChain": list(self.chain)}


def read_client_certificate(path: Path) -> ClientCertificate:
    """Read a file of ``--client-cert``: a certificate first, its key anywhere, both in PEM.

    :raises reqpi.core.errors.Misconfigured: it cannot be read, one of them is missing, or they do not match.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise Misconfigured(f"--client-cert {path} cannot be read", f"{error.strerror}.") from error
    certificates, key = _CERTIFICATE.findall(data), _KEY.search(data)
    if not certificates or key is None:
        what = "no private key" if certificates else "no certificate"
        raise Misconfigured(f"--client-cert {path} contains {what}", "Write both into the file, in PEM.")
    if b"ENCRYPTED" in key[0]:
        detail = "A server cannot ask for the password: store the key without one."
        raise Misconfigured(f"the key in --client-cert {path} is encrypted", detail)
    return _parsed(path, certificates, key[0])


def _parsed(path: Path, certificates: list[bytes], key: bytes) -> ClientCertificate:
    try:
        first, *others = [load_certificate(FILETYPE_PEM, block) for block in certificates]
        private = load_privatekey(FILETYPE_PEM, key)
        context = Context(TLS_CLIENT_METHOD)
        context.use_certificate(first)
        context.use_privatekey(private)
        context.check_privatekey()
    except (Error, TLSError, ValueError, TypeError):
        # OpenSSL's own message does not help, and may quote the key.
        advice = "Write the certificate that belongs to the key first, then the intermediate certificates."
        raise Misconfigured(f"--client-cert {path} has no certificate and key that match", advice) from None
    pem = b"\n".join([*certificates, key, b""])
    return ClientCertificate(pem, first, private, tuple(others))
