"""The certificate authority of one run: it signs a certificate for each host that the child connects to.

Both private keys exist in the memory of this process only, and end with it. The authority's certificate has no name
constraints, because the refused hosts too need a certificate: otherwise their clients would show an error of TLS and
not the reason. What the authority signs is trusted by the child alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from OpenSSL.crypto import X509, PKey

from reqpi.runtime.lru import LruCache

__all__ = ["RunAuthority"]

_VALID = timedelta(hours=72)
"""A command may be a shell that stays open over a weekend. The keys end with the run, whatever this says."""

_EARLIER = timedelta(hours=1)
"""A child in a virtual machine may have a clock that is late."""

_CONTEXTS = 256
"""Hosts whose certificates are kept, at most. Making another one takes less than a millisecond."""


class RunAuthority:
    """A certificate authority that lasts as long as its process.

    :ivar pem: its certificate, for a file that clients trust.
    """

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("reqpi run")
        self._contexts: LruCache[str, SSL.Context] = LruCache(_CONTEXTS)
        own = _unsigned(self._name, self._name, self._key.public_key(), self._key.public_key(), authority=True)
        certificate = own.add_extension(_usage(authority=True), critical=True).sign(self._key, SHA256())
        self.pem = certificate.public_bytes(Encoding.PEM)

    def context_for(self, host: str) -> SSL.Context:
        """Return a context with a certificate for ``host``, which offers HTTP/1.1 only.

        :param host: a name in ASCII, or an address without brackets.
        """
        context = self._contexts.get(host)
        if context is None:
            context = self._made(host)
            self._contexts.put(host, context, 1)
        return context

    def _made(self, host: str) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_alpn_select_callback(_choose)
        context.use_certificate(X509.from_cryptography(self._leaf(host)))
        context.use_privatekey(PKey.from_cryptography_key(self._leaf_key))
        return context

    def _leaf(self, host: str) -> x509.Certificate:
        unsigned = _unsigned(
            _named("a host"), self._name, self._leaf_key.public_key(), self._key.public_key(), authority=False
        )
        return (
            unsigned.add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_usage(authority=False), critical=True)
            .sign(self._key, SHA256())
        )


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    authority: bool,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _choose(_: SSL.Connection, offered: list[bytes]) -> Any:
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS
