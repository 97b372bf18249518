"""The core metadata that a page promises for a wheel, by a digest that an upstream claims."""

from __future__ import annotations

from collections.abc import Collection

from attrs import evolve

from reqpi.core.model import Digest, File, Page

__all__ = ["promised_digest", "without_promises"]


def promised_digest(file: File) -> Digest | None:
    """Return the digest of core metadata that a page promised.

    It counts only if it is a sha256 and not the wheel's own; otherwise return ``None``.
    """
    metadata = file.core_metadata
    if not isinstance(metadata, Digest) or metadata.algorithm != "sha256" or metadata.hex == file.sha256:
        return None
    return metadata


def without_promises(page: Page, wheels: Collection[str]) -> Page:
    """Return a page without the promised digests of these wheels; the same page if it has none of them.

    :param wheels: the sha256 of each.
    """
    if not wheels or not any(_promises(file, wheels) for file in page.files):
        return page
    files = (evolve(file, core_metadata=True) if _promises(file, wheels) else file for file in page.files)
    return evolve(page, files=tuple(files))


def _promises(file: File, wheels: Collection[str]) -> bool:
    return isinstance(file.core_metadata, Digest) and file.sha256 in wheels
