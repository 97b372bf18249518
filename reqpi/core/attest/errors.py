"""The error of a document that cannot be read as an attestation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reqpi.core.sbom.reading.fields import BadSbom

__all__ = ["BadAttestation", "reading"]


class BadAttestation(ValueError):
    """A document is neither a statement nor an envelope, or it exceeds a bound. The message names the place in it."""


@contextmanager
def reading() -> Iterator[None]:
    """Turn the errors of the reader of JSON, which SBOMs use too, into :exc:`BadAttestation`."""
    try:
        yield
    except BadSbom as bad:
        raise BadAttestation(bad.problem) from None
