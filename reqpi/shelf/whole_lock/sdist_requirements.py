"""The requirements that sdists state in their ``PKG-INFO``."""

from __future__ import annotations

from reqpi.core import closed
from reqpi.core.closed import Requirements
from reqpi.core.metadata import core_metadata
from reqpi.core.model import Commitment, File
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf

__all__ = ["requirements_of_sdist"]

_LARGEST_SDIST = 16 << 20
"""Bytes of an sdist that is searched for its core metadata."""

_UNKNOWN = "its requirements cannot be determined without building it"


async def requirements_of_sdist(shelf: Shelf, commitment: Commitment, file: File) -> Requirements:
    """Return what the ``PKG-INFO`` of an sdist says that it requires.

    :raises reqpi.core.errors.UpstreamTrouble: the sdist is not in the store and cannot be obtained.
    """
    if (file.size or 0) > _LARGEST_SDIST:
        return Requirements(unknown=(_UNKNOWN,))
    response = await shelf.file(commitment, file.project, file.filename)
    if response.size > _LARGEST_SDIST:
        return Requirements(unknown=(_UNKNOWN,))
    data = b"".join([piece async for piece in response.read(0, response.size)])
    metadata = await in_thread(core_metadata, data, file.filename)
    if metadata is None:
        return Requirements(unknown=(_UNKNOWN,))
    return await in_thread(closed.requirements_in, metadata)
