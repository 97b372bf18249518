"""The verification of attestations by pypi-attestations, offline, with the trust root that its library ships.

The import takes a second or two and 25 MB, so it happens in the thread of the first verification. The library would
read the trust root from a cache in the home folder and believe it; so the shipped one is passed to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from reqpi.core.extras import advice_for
from reqpi.core.model import Lock
from reqpi.core.provenance.objects import read_provenance
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.report import Defect

__all__ = ["MISSING", "Unverified", "can_verify", "unverifiable", "verified_publishers"]

MISSING = advice_for("attestations")

_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_LONGEST = 300
"""Characters of a reason, at most."""


class Unverified(ValueError):
    """An attestation does not prove what it claims."""


def can_verify() -> bool:
    """Return whether pypi-attestations is installed. It is not imported."""
    return find_spec("pypi_attestations") is not None


def unverifiable(lock: Lock) -> Sequence[Defect]:
    """Return a defect for each pin that names publishers, if no attestation can be verified here."""
    if can_verify():
        return ()
    problem = "attestation-identities: this server cannot verify attestations"
    return [
        Defect(pin.line, pin.text[:200], problem, MISSING, "attestation-identity", pin.document)
        for pin in lock.pins
        if pin.identities
    ]


def verified_publishers(data: bytes, filename: str, sha256: str) -> tuple[Publisher, ...]:
    """Return the publishers of a file, of which every attestation in a provenance object was verified.

    It takes some 20 ms, and the first call two seconds: call it in a thread.

    :param filename: the name that each attestation must have as its subject.
    :param sha256: the digest that it must have.
    :raises reqpi.core.attest.errors.BadAttestation: the object is about another file, or none at all.
    :raises Unverified: an attestation does not verify.
    """
    from pydantic import ValidationError  # noqa: PLC0415
    from pypi_attestations import AttestationError, AttestationType, Provenance  # noqa: PLC0415
    from sigstore.errors import Error  # noqa: PLC0415

    claimed = read_provenance(data, filename, sha256)
    try:
        for bundle in Provenance.model_validate_json(data).attestation_bundles:
            for attestation in bundle.attestations:
                _verify(attestation, bundle.publisher)
                AttestationType(
                    attestation.statement.get("predicateType")
                )  # that it was published, or how it was built
    except (ValidationError, AttestationError, Error) as error:
        raise Unverified(_reason(error)) from error
    except Exception as error:  # what its parsers raise for certificates and log entries that are none
        raise Unverified(f"{type(error).__name__}: {_reason(error)}") from error
    return claimed


def _verify(attestation: Any, publisher: Any) -> None:
    """Verify an attestation: its signature, its entry in the log, and its certificate, which names the publisher."""
    policy = publisher._as_policy()  # Attestation.verify would look for a trust root at home
    kind, payload = _verifier().verify_dsse(attestation.to_bundle(), policy)
    if kind != _PAYLOAD_TYPE or payload != attestation.envelope.statement:
        raise Unverified("what is signed is not the statement")


def _verifier() -> Any:
    """Return a verifier with the shipped trust root."""
    from importlib.resources import as_file, files  # noqa: PLC0415
    from urllib.parse import quote  # noqa: PLC0415

    from sigstore.models import TrustedRoot  # noqa: PLC0415
    from sigstore.verify import Verifier  # noqa: PLC0415

    folder = quote("https://tuf-repo-cdn.sigstore.dev", safe="")
    with as_file(files("sigstore") / "_store" / folder / "trusted_root.json") as path:
        return Verifier(trusted_root=TrustedRoot.from_file(str(path)))


def _reason(error: Exception) -> str:
    return "".join(each if each.isprintable() else " " for each in str(error)[:_LONGEST])
