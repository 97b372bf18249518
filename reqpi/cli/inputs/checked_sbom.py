"""An SBOM that a server made, accepted only if it is that of the lock."""

from __future__ import annotations

from reqpi.cli.inputs.checked_listing import CheckedListing
from reqpi.client.errors import WrongListing
from reqpi.core.crates.sbom import with_committed
from reqpi.core.sbom import MainComponent, cyclonedx, sbom_of, spdx
from reqpi.core.sbom.reading import BadSbom, read_sbom
from reqpi.core.sbom.same import flaws_of_sbom, with_metadata_of

__all__ = ["SBOM_DOCUMENTS", "SBOM_TYPES", "SBOM_WRITERS", "checked_sbom"]

SBOM_DOCUMENTS = {"cyclonedx": "sbom.cdx.json", "spdx": "sbom.spdx.json"}
"""The names below an address, by the format."""

SBOM_TYPES = {"cyclonedx": "application/vnd.cyclonedx+json; version=1.6", "spdx": "application/spdx+json"}
"""The content types, by the format."""

_LARGEST = 256 << 20
"""Bytes of an SBOM. 1,500 projects with 40 wheels each come to some 40 MB."""

SBOM_WRITERS = {"cyclonedx": cyclonedx, "spdx": spdx}
"""The writers, by the format."""


def checked_sbom(received: bytes, listing: CheckedListing, own: MainComponent | None, kind: str) -> bytes:
    """Return the SBOM that the lock determines, with the summaries, licences and dependencies of the one received.

    :raises WrongListing: a component of the one received differs, is missing, or is not of the lock.
    """
    lock = listing.commitment.lock
    made = with_committed(sbom_of(listing.commitment, listing.pages, {}, own=own), lock)
    try:
        theirs = read_sbom(received, _LARGEST).sbom
    except BadSbom as bad:
        raise WrongListing("the SBOM", [str(bad)]) from bad
    flaws = list(flaws_of_sbom(theirs, read_sbom(SBOM_WRITERS[kind](made), _LARGEST).sbom))
    if flaws:
        raise WrongListing("the SBOM", flaws)
    return SBOM_WRITERS[kind](with_metadata_of(made, theirs))
