"""The address of a lock.

The address is the sha256 of the document's bytes as they are, in lower-case hex, with nothing added: what
``sha256sum requirements.txt`` prints. No filename, no header, no option of the server goes into it, so that
client and server compute it independently, and anybody with coreutils can check them both.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["address_of", "is_address"]

_ADDRESS = re.compile(r"[0-9a-f]{64}")


def address_of(document: bytes) -> str:
    """The address that commits to ``document``: 64 lower-case hex digits."""
    return hashlib.sha256(document).hexdigest()


def is_address(text: str) -> bool:
    """Whether ``text`` has the form of an address."""
    return _ADDRESS.fullmatch(text) is not None
