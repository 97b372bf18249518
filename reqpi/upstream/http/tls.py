"""TLS trust: the platform's authorities, the operator's own, and hosts that are not verified."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

from attrs import frozen
from OpenSSL.crypto import FILETYPE_PEM, X509, Error, load_certificate
from OpenSSL.SSL import Connection, Context
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions, optionsForClientTLS
from twisted.web.client import BrowserLikePolicyForHTTPS, HostnameCachingHTTPSPolicy
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts, normalized
from reqpi.upstream.http.client_certificate import ClientCertificate
from reqpi.upstream.http.untrusted import Explaining

# Twisted exports no public way to add to the platform's authorities: trustRootFromCertificates replaces them.
from twisted.internet._sslverify import IOpenSSLTrustRoot  # isort: skip

__all__ = ["TlsTrust", "read_certificates"]

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")

_LARGEST = 16 << 20
"""The most bytes that are read of a file of certificates."""


@implementer(IPolicyForHTTPS)
class TlsTrust:
    """The policy by which TLS connections are verified.

    :param extra: certificates of authorities in PEM, in addition to the platform's.
    :param unverified: hosts whose certificates are not verified.
    :param client: the certificate for hosts that request one.
    :param known: the only hosts that it is sent to.
    """

    def __init__(
        self,
        extra: bytes = b"",
        unverified: Hosts = Hosts(),  # noqa: B008
        client: ClientCertificate | None = None,
        known: Hosts = Hosts(),  # noqa: B008
    ) -> None:
        self._extra = extra
        self._unverified = unverified
        self._client = client
        self._known = known
        roots = _Roots(extra)
        # Without the cache every connection reads the system's certificates again, and blocks for some 10 ms.
        self._policy = HostnameCachingHTTPSPolicy(BrowserLikePolicyForHTTPS(roots))
        self._introduced = self._policy if client is None else HostnameCachingHTTPSPolicy(_Introduced(roots, client))

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        """See :class:`twisted.web.iweb.IPolicyForHTTPS`."""
        client = self.client_for(hostname.decode("ascii"), port)
        if not self.verifies(hostname.decode("ascii"), port):
            return _Unverified(hostname, client)
        policy = self._policy if client is None else self._introduced
        return Explaining(policy.creatorForNetloc(hostname, port))

    def client_for(self, host: str, port: int) -> ClientCertificate | None:
        """Return the certificate to send to a host; ``None`` for a host that must not see one."""
        return self._client if self._known.has(host, port) else None

    def verifies(self, host: str, port: int) -> bool:
        """Return whether the certificate of a host is verified."""
        return not self._unverified.has(host, port)

    def bundle(self) -> bytes:
        """Return all trusted authorities in PEM, for a program that takes one file.

        If the platform's are not found, return the operator's own alone.
        """
        paths = ssl.get_default_verify_paths()
        platform = _platform(paths.cafile, paths.capath)
        return platform + b"\n" + self._extra if platform else self._extra


@implementer(IOpenSSLTrustRoot)
class _Roots:
    """The platform's authorities and the operator's."""

    def __init__(self, extra: bytes) -> None:
        self._extra = _parsed(extra)

    def _addCACertsToContext(self, context: Context) -> None:
        context.set_default_verify_paths()
        store = context.get_cert_store()
        for certificate in self._extra:
            if store is not None:
                store.add_cert(certificate)


@implementer(IPolicyForHTTPS)
@frozen
class _Introduced:
    """TLS that is verified, with a client certificate for a host that requests one."""

    roots: _Roots
    client: ClientCertificate

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:
        """See :class:`twisted.web.iweb.IPolicyForHTTPS`."""
        options = dict(self.client.options)
        creator: IOpenSSLClientConnectionCreator = optionsForClientTLS(
            hostname.decode("ascii"), trustRoot=self.roots, extraCertificateOptions=options
        )
        return creator


@implementer(IOpenSSLClientConnectionCreator)
class _Unverified:
    """TLS that is not verified."""

    def __init__(self, hostname: bytes, client: ClientCertificate | None = None) -> None:
        self._hostname = hostname
        options = {} if client is None else client.options
        self._context = CertificateOptions(verify=False, **options).getContext()

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Connection:
        """See :class:`twisted.internet.interfaces.IOpenSSLClientConnectionCreator`."""
        connection = Connection(self._context, None)
        if not _is_address(self._hostname):
            connection.set_tlsext_host_name(self._hostname)
        return connection


def read_certificates(path: Path) -> bytes:
    """Read the certificates in a file of ``--ca``, and return them in PEM.

    :raises reqpi.core.errors.Misconfigured: the file cannot be read, or contains no certificate or an invalid one.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise Misconfigured(f"--ca {path} cannot be read", f"{error.strerror}.") from error
    try:
        found = _parsed(data)
    except Error as error:
        raise Misconfigured(f"--ca {path} contains an invalid certificate", "Write certificates in PEM.") from error
    if not found:
        raise Misconfigured(f"--ca {path} contains no certificate", "Write one or more into it, in PEM.")
    return b"\n".join(_CERTIFICATE.findall(data)) + b"\n"


def _parsed(data: bytes) -> list[X509]:
    return [load_certificate(FILETYPE_PEM, block) for block in _CERTIFICATE.findall(data)]


def _platform(cafile: str | None, capath: str | None) -> bytes:
    """Read the platform's authorities from one file, or from a folder with one file for each."""
    if cafile:
        return Path(cafile).read_bytes()
    blocks: dict[bytes, None] = {}
    for path in sorted(Path(capath).iterdir()) if capath else ():
        if path.is_file():
            blocks |= dict.fromkeys(_CERTIFICATE.findall(path.read_bytes()))
    return b"\n".join(blocks)


def _is_address(hostname: bytes) -> bool:
    name = normalized(hostname.decode("ascii"))
    return ":" in name or name.replace(".", "").isdigit()
