"""A certificate authority of the tests' own, and a certificate for loopback."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

__all__ = ["make_certificates"]

_Key = ec.EllipticCurvePrivateKey


def make_certificates(
    folder: Path, *, begins: float = -1, self_signed: bool = False, address: str = "127.0.0.1"
) -> tuple[Path, ssl.SSLContext]:
    """An authority and a server's certificate for an address, localhost and ``*.example.org``.

    :param folder: where the files go.
    :param begins: days from now on which the server's certificate becomes valid, for eight days.
    :param self_signed: the server's certificate is signed by itself.
    :returns: the authority's certificate, for clients to trust, and what the server speaks TLS with.
    """
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _name("the tests' authority"), _name("127.0.0.1")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    own = _certificate(issuer, issuer, authority_key, authority_key, authority=True).add_extension(usage, True)
    names = [x509.DNSName("localhost"), x509.DNSName("*.example.org")]
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)), *names])
    signer = (subject, key) if self_signed else (issuer, authority_key)
    leaf = _certificate(subject, signer[0], key, signer[1], authority=False, begins=begins).add_extension(hosts, False)

    trusted = folder / "authority.pem"
    trusted.write_bytes(own.sign(authority_key, SHA256()).public_bytes(Encoding.PEM))
    both = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(secret + leaf.sign(signer[1], SHA256()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return trusted, context


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: _Key, issuer_key: _Key, *, authority: bool, begins: float = -1
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) + timedelta(days=begins)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=8))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
