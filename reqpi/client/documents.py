"""The documents that are committed together: what their address is the digest of, and how they are sent."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reqpi.core.address import listing_of
from reqpi.core.report import Document

__all__ = ["Document", "body_of", "committed_by"]


def committed_by(documents: Sequence[Document]) -> bytes:
    """What the address is the digest of: the bytes of the one document without a path, or the listing of all.

    :raises ValueError: a path cannot stand in a listing, or there are no documents.
    """
    if _alone(documents):
        return documents[0].data
    return listing_of(documents)


def body_of(documents: Sequence[Document]) -> tuple[bytes, str]:
    """The body of the request that commits ``documents``, and its content type."""
    if _alone(documents):
        return documents[0].data, "application/octet-stream"
    # Not to be guessed: a document that had it in its text would end there.
    boundary = f"reqpi-{os.urandom(16).hex()}"
    parts = [
        part
        for document in documents
        for part in (f"--{boundary}\r\n{_headers(document.path)}\r\n".encode(), document.data, b"\r\n")
    ]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _alone(documents: Sequence[Document]) -> bool:
    return len(documents) == 1 and not documents[0].path


def _headers(path: str) -> str:
    """Those of a part (RFC 7578, section 4.2): UTF-8 as it is, and a quoted string, which curl writes in this way too.

    A path of a listing has no backslash and no line break.
    """
    filename = path.replace('"', '\\"')
    return f'Content-Disposition: form-data; name="document"; filename="{filename}"\r\nContent-Type: text/plain\r\n'
