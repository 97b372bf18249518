"""How documents begin: byte order marks, and what no requirement begins like.

The client and the reader of locks use the same rules. Only ``codecs`` is imported, because ``gethash`` must start fast.
"""

from __future__ import annotations

import codecs

__all__ = ["MARKS", "TOML_KEY"]

# The order matters: the mark of UTF-16 is a prefix of that of UTF-32. The other encodings of a lock agree on ASCII.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
"""Byte order marks, each with the codec for the bytes after it."""

TOML_KEY = r"[A-Za-z0-9_][A-Za-z0-9_-]*+[ \t]*+=[ \t]*+[\"'\[{]|(?:version|revision)[ \t]*+=[ \t]*+[0-9]"
"""A regular expression for the beginning of a line of TOML that has a key. No requirement matches it."""
