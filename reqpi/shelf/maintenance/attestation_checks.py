"""Checks of the provenance objects that a store keeps: every attestation is verified, offline."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from attrs import evolve

from reqpi.core import admission
from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import File, Lock, Page
from reqpi.core.provenance.publishers import Publisher
from reqpi.runtime.offload import in_thread
from reqpi.shelf.provenance.stored import stored_object
from reqpi.shelf.provenance.verifying import Unverified, verified_publishers

__all__ = ["attestation_checks"]


async def attestation_checks(
    store: Store, lock: Lock, address: str, page: Page
) -> AsyncGenerator[tuple[str, str], None]:
    """Yield each file of a frozen list for which an object is kept, and what is wrong with it: "" if nothing is.

    A file that the lock does not admit without an attestation needs one of a publisher that the lock names.
    """
    for file in page.files:
        try:
            publishers = await _publishers(store, file, address)
        except (StoreTrouble, Unverified) as error:
            yield file.filename, str(error)
            continue
        if not admission.admits(lock, evolve(file, publishers=publishers or ())):
            yield file.filename, "no attestation is of a publisher that the lock names"
        elif publishers is not None:
            yield file.filename, ""


async def _publishers(store: Store, file: File, address: str) -> tuple[Publisher, ...] | None:
    """Return the publishers of a file; ``None`` if no object is kept for it."""
    data = await stored_object(store, file, address)
    if data is None:
        return None
    return await in_thread(verified_publishers, data, file.filename, str(file.sha256))
