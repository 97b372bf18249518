"""Who published the files of a lock, for the verdict on it."""

from __future__ import annotations

from collections.abc import Sequence

from reqpi.core.model import Commitment, File
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.hold_verdict import PublishedFile

__all__ = ["published_by"]


async def published_by(
    shelf: Shelf, commitment: Commitment, files: Sequence[File]
) -> tuple[tuple[PublishedFile, ...], tuple[str, ...]]:
    """Return who published files, as far as kept attestations prove it; and a sentence for each file where one fails.

    No upstream is asked.
    """
    known = await shelf.provenance.known(commitment, files)
    published: list[PublishedFile] = []
    doubts: list[str] = []
    for file in files:
        outcome = known.get(file, ())
        if isinstance(outcome, str):
            doubts.append(f"the attestations of {file.filename} do not verify: {outcome}")
        else:
            published += (PublishedFile(file.filename, publisher) for publisher in outcome)
    return tuple(published), tuple(doubts)
