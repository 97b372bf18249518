"""Documents that are committed together: the bytes that their address is computed from, and the request body."""

from __future__ import annotations

import os
from collections.abc import Sequence

from reqpi.core.address import listing_of
from reqpi.core.report import Document

__all__ = ["Document", "body_of", "committed_by"]


def committed_by(documents: Sequence[Document]) -> bytes:
    """Return the bytes whose sha256 is the address: the one document without a path, or the listing of all documents.

    :raises ValueError: a path cannot be written in a listing, or there are no documents.
    """
    if _alone(documents):
        return documents[0].data
    return listing_of(documents)


def body_of(documents: Sequence[Document]) -> tuple[bytes, str]:
    """Return the body of the request that commits ``documents``, and its content type."""
    if _alone(documents):
        return documents[0].data, "application/octet-stream"
    # It must not be guessable: a document that contained it would be cut off there.
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
    """Return the headers of a part (RFC 7578, section 4.2).

    The filename is a quoted string in UTF-8, as curl writes it. A path of a listing has no backslash and no line break.
    """
    filename = path.replace('"', '\\"')
    return f'Content-Disposition: form-data; name="document"; filename="{filename}"\r\nContent-Type: text/plain\r\n'
