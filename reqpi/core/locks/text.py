"""Bytes -> text, as pip decodes a requirements file, but independent of the locale.

Source: ``_decode_req_file`` in ``pip/_internal/req/req_file.py`` of pip 26.3; :pep:`263`.
"""

from __future__ import annotations

import codecs
import re

from attrs import frozen

from reqpi.core.document_heads import MARKS
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.rules.requirements import ENCODING, UNDECODABLE
from reqpi.core.report import Defect

__all__ = ["Encoding", "decode", "encoding"]

# pip's own expression, from PEP 263.
_CODING_LINE = re.compile(rb"coding[:=]\s*([-\w.]+)")

# A coding line may name these. All of them leave ASCII unchanged, so a line break or a digit is what it looks like:
# utf-7 and unicode_escape have other spellings for both, and punycode takes quadratic time.
_ENCODINGS = frozenset(
    ["utf-8", "ascii", "koi8-r", "koi8-u", "mac-roman", "cp437", "cp850", "cp852", "cp866"]
    + [f"cp125{digit}" for digit in range(9)]
    + [f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))]
)


@frozen
class Encoding:
    """The encoding of a document.

    :param codec: one of Python's codecs, for :meth:`str.encode` and :meth:`bytes.decode`.
    :param mark: the byte order mark that the document begins with; usually empty.
    """

    codec: str
    mark: bytes = b""


def encoding(document: bytes) -> Encoding:
    """Return the encoding of ``document``.

    It is that of its byte order mark; without one, that of a :pep:`263` line among its first two; otherwise UTF-8.
    pip falls back to the locale if the bytes are not UTF-8. This function does not, because a lock must mean the same
    on every machine.

    :raises reqpi.core.errors.BrokenLock: a coding line names an unsupported encoding.
    """
    for mark, codec in MARKS:
        if document.startswith(mark):
            return Encoding(codec, mark)
    # pip examines only two lines, and splits them only at \n.
    for number, line in enumerate(document.split(b"\n", 2)[:2], 1):
        found = _CODING_LINE.search(line) if line.startswith(b"#") else None
        if found:
            return Encoding(_codec(found[1].decode("ascii"), number, line))
    return Encoding("utf-8")


def _codec(named: str, number: int, line: bytes) -> str:
    try:
        codec = codecs.lookup(named).name
    except (LookupError, ValueError):
        codec = ""
    if codec in _ENCODINGS:
        return codec
    what = named[:40]
    text = line[:200].decode("ascii", "replace").strip()
    raise BrokenLock([Defect(number, text, ENCODING.problem.format(what=what), ENCODING.advice, rule=ENCODING.name)])


def decode(document: bytes) -> str:
    """Return the text of ``document``, without a byte order mark.

    Bytes that cannot be decoded become U+DC80 to U+DCFF (``surrogateescape``), so that each line with such a byte can
    be reported. A lock without defects has none.

    :raises reqpi.core.errors.BrokenLock: the encoding is not supported, or UTF-16 or UTF-32 is damaged.
    """
    how = encoding(document)
    body = document[len(how.mark) :]
    try:
        return body.decode(how.codec)
    except UnicodeDecodeError as error:
        if how.codec.startswith(("utf-16", "utf-32")):
            line = body[: error.start].decode(how.codec, "replace").count("\n") + 1
            problem = UNDECODABLE.problem.format(what=how.codec.upper())
            raise BrokenLock([Defect(line, "", problem, UNDECODABLE.advice, rule=UNDECODABLE.name)]) from None
        return body.decode(how.codec, "surrogateescape")
