"""Keys of attestations: PEM files, read here, and the signatures of securesystemslib.

The library is an extra. It is imported only to sign and to check a signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from reqpi.cli.inputs.bounded_file import read_bounded
from reqpi.client import BadUsage
from reqpi.core.attest.envelope import Signed, pre_authentication_encoding
from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for

__all__ = ["is_signed_by", "signed"]

_LARGEST = 1 << 16
"""Bytes of a PEM file, at most."""

_CURVES = (SECP256R1, SECP384R1)

_KINDS = "Use an Ed25519 key, or an ECDSA key on P-256 or P-384: openssl genpkey -algorithm ed25519 -out KEY.pem"
_PUBLIC = "openssl pkey -in KEY.pem -pubout -out PUB.pem writes the public key."


def signed(statement: bytes, path: Path) -> Signed:
    """Sign a statement with the private key in a PEM file.

    :raises reqpi.client.BadUsage: the file has no private key that can be used.
    :raises reqpi.core.errors.Misconfigured: securesystemslib is not installed.
    """
    signers = _library()
    made = signers.CryptoSigner(_private(path)).sign(pre_authentication_encoding(statement))
    return Signed(made.keyid, bytes.fromhex(made.signature))


def is_signed_by(statement: bytes, signatures: Iterable[Signed], path: Path) -> bool:
    """Return whether one of the signatures is of the public key in a PEM file, whatever its ``keyid`` is.

    :raises reqpi.client.BadUsage: the file has no public key that can be used.
    :raises reqpi.core.errors.Misconfigured: securesystemslib is not installed.
    """
    signers = _library()
    key = signers.SSlibKey.from_crypto(_public(path))
    encoded = pre_authentication_encoding(statement)
    return any(_verifies(key, signers.Signature(key.keyid, each.signature.hex()), encoded) for each in signatures)


def _verifies(key: Any, signature: Any, data: bytes) -> bool:
    from securesystemslib.exceptions import UnverifiedSignatureError  # noqa: PLC0415

    try:
        key.verify_signature(signature, data)
    except UnverifiedSignatureError:
        return False
    return True


def _library() -> Any:
    try:
        from securesystemslib import signer  # noqa: PLC0415
    except ImportError:
        raise Misconfigured("signatures need securesystemslib", advice_for("attest")) from None
    return signer


def _private(path: Path) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(read_bounded(path, _LARGEST), None)
    except TypeError:
        raise BadUsage(
            f"{path}: the key is encrypted", "Decrypt it for this command: openssl pkey -in KEY.pem -out PLAIN.pem"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadUsage(f"{path}: there is no private key in PEM", _KINDS) from None
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, _CURVES)
    ):
        return key
    raise BadUsage(f"{path}: a key of this kind is not supported", _KINDS)


def _public(path: Path) -> Ed25519PublicKey | EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(read_bounded(path, _LARGEST))
    except (ValueError, UnsupportedAlgorithm):
        raise BadUsage(f"{path}: there is no public key in PEM", _PUBLIC) from None
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)
    ):
        return key
    raise BadUsage(f"{path}: a key of this kind is not supported", _KINDS)
