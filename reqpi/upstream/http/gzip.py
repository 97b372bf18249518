"""Bounded decoding of content codings (:rfc:`9110`, section 8.4): a few kilobytes can expand to gigabytes."""

from __future__ import annotations

import zlib

from reqpi.core.errors import WrongPage

__all__ = ["ACCEPTED", "decode"]

ACCEPTED = "gzip"
"""The codings that :func:`decode` supports, as a value of ``Accept-Encoding``."""


def decode(data: bytes, coding: str, limit: int) -> bytes:
    """Return ``data`` without its coding. This is a pure function; decode large data in a thread.

    :param coding: the value of ``Content-Encoding``; empty if the response has none.
    :param limit: the most bytes that the decoded data may have.
    :raises reqpi.core.errors.WrongPage: the coding is not supported, the data is not valid in that coding, or it has
        more than ``limit`` bytes.
    """
    match coding.strip().lower():
        case "" | "identity":
            return data
        case "gzip" | "x-gzip":
            return _gunzip(data, limit)
    raise WrongPage("the upstream sent a coding that was not requested", f"Content-Encoding: {coding[:100]}")


def _gunzip(data: bytes, limit: int) -> bytes:
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        decoded = member.decompress(data, limit + 1)
    except zlib.error as error:
        raise WrongPage("the upstream sent data that cannot be decoded", f"Content-Encoding: gzip; {error}") from error
    if len(decoded) > limit:
        raise WrongPage("the upstream sent too much", f"More than {limit} bytes, decoded.")
    # A second member would have to be decoded too, and so would a million of them. No server sends even two.
    if not member.eof or member.unused_data:
        raise WrongPage("the upstream sent data that cannot be decoded", "Its gzip data is not one whole member.")
    return decoded
