"""``--client-cert``: who we are to upstreams that ask in TLS, and to no other host."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.client_certificate import read_client_certificate
from reqpi.upstream.http.tls import TlsTrust
from tests.upstream.case import reactor
from tests.upstream.sources import SourceCase


def made(encryption: KeySerializationEncryption | None = None) -> tuple[bytes, bytes]:
    """A certificate for a client, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a client")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=7))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    certificate = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


class FileTests(SynchronousTestCase):
    """Its certificate and its key are in one file, as pip has it."""

    def read(self, data: bytes) -> object:
        path = Path(self.mktemp())
        path.write_bytes(data)
        return read_client_certificate(path)

    def test_the_key_may_be_before_or_behind(self) -> None:
        certificate, key = made()
        for data in (certificate + key, key + certificate, b"Subject: x\n" + certificate + b"\n\n" + key):
            self.assertNotIn("PRIVATE", repr(self.read(data)))

    def test_what_is_wrong_with_it_is_said(self) -> None:
        certificate, key = made()
        other, _ = made()
        _, locked = made(BestAvailableEncryption(b"s3cret"))
        for data, problem in (
            (b"", "no certificate"),
            (key, "no certificate"),
            (certificate, "no private key"),
            (certificate + locked, "is encrypted"),
            (other + key, "no certificate and key that match"),
            (certificate.replace(b"M", b"!") + key, "no certificate and key that match"),
            (certificate + key.replace(b"M", b"N"), "no certificate and key that match"),
        ):
            error = self.assertRaises(Misconfigured, self.read, data)
            self.assertIn(problem, str(error))
            self.assertNotIn("BEGIN", str(error))
        error = self.assertRaises(Misconfigured, read_client_certificate, Path("/nowhere/client.pem"))
        self.assertIn("--client-cert /nowhere/client.pem cannot be read", str(error))

    def test_only_hosts_that_the_operator_named_see_it(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(b"".join(made()))
        trust = TlsTrust(client=read_client_certificate(path), known=Hosts.read(["index.example:8443"], ""))
        self.assertIsNotNone(trust.client_for("index.example", 8443))
        self.assertIsNone(trust.client_for("index.example", 443))
        self.assertIsNone(trust.client_for("files.example", 8443))


class UpstreamTests(SourceCase):
    """An upstream that lets no other client in."""

    def demanding(self, listening: Any, certificate: bytes) -> None:
        """Let only that client in."""
        context: ssl.SSLContext = listening.context
        context.verify_mode = ssl.CERT_REQUIRED
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # so that a refusal is a failed handshake
        context.load_verify_locations(cadata=certificate.decode())

    def client(self, certificate: bytes, key: bytes) -> Path:
        path = self.folder() / "client.pem"
        path.write_bytes(certificate + key)
        return path

    async def test_an_index_that_requires_one_is_used(self) -> None:
        """With its TLS verified, and without."""
        certificate, key = made()
        upstream = self.upstream(tls=True)
        self.demanding(upstream._servers[0].socket, certificate)
        assert upstream.authority is not None
        authority = upstream.authority.read_bytes()
        client = read_client_certificate(self.client(certificate, key))
        where = Hosts.read([upstream.url.split("/")[2]], "")
        thing = canonicalize_name("thing")
        for outside in (
            AllowedUpstreams(upstream.url, certificates=authority, client_certificate=client),
            AllowedUpstreams(upstream.url, unverified=where, client_certificate=client),
        ):
            page = await self.made(outside, reactor).page(thing)
            self.assertEqual(len(page.files), 1)
        await self.trouble(self.made(AllowedUpstreams(upstream.url, certificates=authority), reactor).page(thing))

    async def test_git_shows_it_too(self) -> None:
        certificate, key = made()
        thing = self.host.repository("thing.git")
        commit = thing.commit({"a": "1"})
        self.demanding(self.host._server.socket, certificate)
        client = read_client_certificate(self.client(certificate, key))
        url = f"git+{thing.url}@{commit}"
        self.assertTrue(await self.bytes_of(self.upstreams(client_certificate=client), url))
        await self.trouble(self.upstreams().open(url))
