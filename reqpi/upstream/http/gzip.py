"""Content codings (:rfc:`9110`, section 8.4), undone within a limit: some kilobytes can say they are gigabytes."""

from __future__ import annotations

import zlib

from reqpi.core.errors import WrongPage

__all__ = ["ACCEPTED", "decode"]

ACCEPTED = "gzip"
"""What :func:`decode` can undo, as a request says it."""


def decode(data: bytes, coding: str, limit: int) -> bytes:
    """``data`` without its coding. A pure function; large data is for a thread.

    :param coding: the ``Content-Encoding``; empty where there is none.
    :param limit: bytes, decoded.
    :raises reqpi.core.errors.WrongPage: another coding, not coded so, or more than ``limit``.
    """
    match coding.strip().lower():
        case "" | "identity":
            return data
        case "gzip" | "x-gzip":
            return _gunzip(data, limit)
    raise WrongPage("the upstream sent what was not asked for", f"Content-Encoding: {coding[:100]}")


def _gunzip(data: bytes, limit: int) -> bytes:
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        decoded = member.decompress(data, limit + 1)
    except zlib.error as error:
        raise WrongPage("the upstream sent what cannot be decoded", f"Content-Encoding: gzip; {error}") from error
    if len(decoded) > limit:
        raise WrongPage("the upstream sent too much", f"More than {limit} bytes, decoded.")
    # A second member would have to be decoded too, and a million of them: no server sends even two.
    if not member.eof or member.unused_data:
        raise WrongPage("the upstream sent what cannot be decoded", "Its gzip data has no end, or more than one.")
    return decoded
