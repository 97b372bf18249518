"""The frozen line of a crate: one release as the index listed it when a lock was first asked for it.

The record begins with the sha256 of the crate, which is what a sweep needs; the line follows it.
"""

from __future__ import annotations

import re

from reqpi.core.crates.index import IndexLine, read_index
from reqpi.core.stored_json import parse

__all__ = ["dump_line", "load_line"]

_RECORD = re.compile(r"([0-9a-f]{64})\n([^\n]+)\n")


def dump_line(line: IndexLine) -> bytes:
    """Return a line for the store."""
    return f"{line.cksum}\n{line.text}\n".encode()


def load_line(data: bytes) -> tuple[str, IndexLine]:
    """Return the name of a crate and its line, as :func:`dump_line` wrote them.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    """
    written = _RECORD.fullmatch(data.decode("utf-8"))
    if written is None:
        raise ValueError("it is not a digest and a line of an index")
    content = parse(written[2].encode())
    name = content.get("name") if isinstance(content, dict) else None
    found = list(read_index(written[2].encode(), name).values()) if isinstance(name, str) else []
    if not isinstance(name, str) or len(found) != 1 or found[0].cksum != written[1]:
        raise ValueError("its line is not that of the digest")
    return name, found[0]
