"""The tokens in lines of a log. Anyone who has all of one can add files to the lock, or the receipt, of its owner."""

from __future__ import annotations

import re

__all__ = ["redacted"]

_DIGIT = r"(?:[0-9a-f]|%3[0-9]|%[46][1-6])"

_TOKEN = re.compile(rf"(?<![0-9a-f])({_DIGIT}{{6}}){_DIGIT}{{26}}(?![0-9a-f])", re.IGNORECASE)
"""A token, any digit of which may be percent-encoded. An address is longer."""


def redacted(text: str) -> str:
    """Return ``text`` with the first six digits of each token.

    A token is found wherever it is: slashes may be doubled, ``learn`` may be percent-encoded too, and a ``Referer``
    may have it.
    """
    lower = text.lower()  # an expression that ignores case takes ten times as long, for each line of the access log
    may_have_one = "%" in text or "learn" in lower or "runs" in lower
    return _TOKEN.sub(r"\1...", text) if may_have_one else text
