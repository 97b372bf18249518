"""The tokens in lines of a log. Anyone who has all of one can add files to the lock, or the receipt, of its owner."""

from __future__ import annotations

import re

__all__ = ["redacted"]

_DIGIT = r"(?:[0-9a-f]|%3[0-9]|%[46][1-6])"

_TOKEN = re.compile(rf"(?<![0-9a-f])({_DIGIT}{{6}}){_DIGIT}{{26}}(?![0-9a-f])", re.IGNORECASE)
"""A token, any digit of which may be percent-encoded. An address is longer."""

_HAS_TOKEN = re.compile(r"learn|runs", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return ``text`` with the first six digits of each token.

    A token is found wherever it is: slashes may be doubled, ``learn`` may be percent-encoded too, and a ``Referer``
    may have it.
    """
    return _TOKEN.sub(r"\1...", text) if "%" in text or _HAS_TOKEN.search(text) else text
