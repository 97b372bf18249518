"""The headers of core metadata: the one reader of ``METADATA`` and ``PKG-INFO``, over :mod:`packaging.metadata`.

Core metadata is hostile input. :func:`packaging.metadata.parse_email` looks through all headers once for each different
name, so ten thousand names would take minutes. Only the fields that ReqPI uses are passed to it, each under one
spelling of its name.
"""

from __future__ import annotations

import re

from packaging.metadata import RawMetadata, parse_email

__all__ = ["LARGEST_HEADERS", "read_headers"]

LARGEST_HEADERS = 1 << 20
"""Bytes of headers, at most; the rest is ignored. Old metadata has the whole description among them."""

_SINGLE = ("metadata-version", "name", "version", "summary", "license", "license-expression")
_REPEATED = ("classifier", "dynamic", "requires-dist")

_FIELD = re.compile(rf"^({'|'.join((*_SINGLE, *_REPEATED))}):(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
"""A field that is used, and its value with the lines that continue it."""

_END = re.compile(r"^(?![!-9;-~]*:|[ \t]|From )", re.MULTILINE)
"""The first line that is neither a header nor continues one: the parser of the standard library stops there too."""

_ODD_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""The line ends of str.splitlines, which the parser uses, that are not line ends of :rfc:`5322`."""


def read_headers(metadata: bytes) -> RawMetadata:
    """Return the fields of core metadata that ReqPI uses; an empty mapping if ``metadata`` is something else.

    A field that may appear once has its first value.

    :param metadata: any bytes.
    """
    text = metadata[:LARGEST_HEADERS].decode("utf-8", "replace")
    text = _ODD_LINE_ENDS.sub(" ", text).replace("\r\n", "\n").replace("\r", "\n")
    end = _END.search(text)
    fields: list[str] = []
    seen: set[str] = set()
    for match in _FIELD.finditer(text, 0, end.start() if end else len(text)):
        name = match[1].lower()
        if name in _REPEATED or name not in seen:
            seen.add(name)
            fields.append(f"{name}:{match[2]}\n")
    raw, _ = parse_email("".join(fields))
    return raw
