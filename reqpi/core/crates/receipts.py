"""The entry of a crate in a receipt."""

from __future__ import annotations

from reqpi.core.crates.model import Crate
from reqpi.core.crates.sbom import purl_of_crate
from reqpi.core.receipts.model import TakenEntry

__all__ = ["entry_of_crate"]


def entry_of_crate(crate: Crate, size: int) -> TakenEntry:
    """Return the entry of a crate.

    The URL of its file is known to its registry alone; the purl names the registry if it is not the default one.

    :param size: bytes.
    """
    return TakenEntry("file", crate.name, crate.filename, "", purl_of_crate(crate), crate.sha256, size)
