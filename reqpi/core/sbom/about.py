"""What a bill takes from core metadata: of a wheel's ``METADATA``, or an sdist's ``PKG-INFO``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser

from reqpi.core.sbom.about_2 import licences_of
from reqpi.core.sbom.model import About
from reqpi.core.sbom.text_2 import words

__all__ = ["about"]

_HEADERS = 1 << 20
"""Bytes of headers that are looked at. Old metadata has the whole description among them."""

_SUMMARY = 500
_CLASSIFIERS = 500

_LINE = 2000
_REQUIRES = 1 << 16
"""Characters of one ``Requires-Dist`` that is heeded, and of all of them."""

_BODY = re.compile(rb"\r?\n\r?\n")


def about(metadata: bytes) -> About:
    """What core metadata says; what is no core metadata says nothing. It may be anything: what is kept is bounded."""
    headers = _headers(metadata)
    classifiers = [_text(each) for each in headers.get_all("Classifier", ())[:_CLASSIFIERS]]
    return About(
        words(_text(headers["Summary"]), _SUMMARY),
        licences_of(_text(headers["License-Expression"]).strip(), _text(headers["License"]).strip(), classifiers),
        tuple(_requires(headers)),
    )


def _headers(metadata: bytes) -> Message:
    start = metadata[:_HEADERS]
    body = _BODY.search(start)
    text = start[: body.start() if body else None].decode("utf-8", "replace")
    # str.splitlines knows more line ends than there are in RFC 5322, and the parser splits there.
    return HeaderParser().parsestr(re.sub("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", text))


def _text(value: object) -> str:
    return "" if value is None or value == "UNKNOWN" else str(value)


def _requires(headers: Message) -> Iterator[str]:
    left = _REQUIRES
    for value in headers.get_all("Requires-Dist", ()):
        line = " ".join(_text(value)[: _LINE + 1].split())
        if len(line) <= _LINE:
            left -= len(line) + 1
            if left < 0:
                return
            yield line
