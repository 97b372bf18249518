"""Records with seals: a keyed digest of each, so that only holders of the key can write records that are believed.

A seal is a last line that is appended to a record: HMAC-SHA256 over its name and its bytes. Locks and documents need
none, because their names are their digests. A record that carries no valid seal counts as missing if it can be made
again; a frozen list cannot, and is an error. Without a key no seal is checked, and none is written: so where others
seal records, a process without the key writes none, because those others would not believe it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import NoReturn

from reqpi.core.errors import Misconfigured, StoreTrouble, UnsealedRecord
from reqpi.core.interfaces import Store

__all__ = ["SealedStore", "read_keys"]

_SEAL = re.compile(rb"\nreqpi-seal-1 ([0-9a-f]{64})\n\Z")
_LENGTH = len("\nreqpi-seal-1 \n") + 64

_DIGESTED = ("locks/", "documents/")
"""Records whose names are their digests."""

_FROZEN = "frozen/"
"""Records that cannot be made again: what they say must stay the same forever."""

_TELLING = ("decisions/", _FROZEN)
"""Records that tell whether the records of a store are sealed: all of them are, or none is."""

_LOOKED_AT = 4
"""Records of each kind that are looked at for a seal."""

_SHORTEST = 32
"""Bytes of a key, at least."""


class SealedStore:
    """A :class:`reqpi.core.interfaces.Store` that seals the records of another one, and checks their seals.

    :param store: has everything.
    :param keys: the first seals, and each of them is accepted. Without any, records are neither sealed nor checked, and
        none is written into a store whose records others seal.
    """

    def __init__(self, store: Store, keys: Sequence[bytes] = ()) -> None:
        self._store = store
        self._keys = tuple(keys)
        self._is_foreign: bool | None = None
        self.open, self.close = store.open, store.close
        self.size, self.identity, self.read, self.local = store.size, store.identity, store.read, store.local
        self.sizes, self.identity_to_send = store.sizes, store.identity_to_send
        self.begin, self.claim, self.follow = store.begin, store.claim, store.follow
        self.touch, self.remove, self.repair = store.touch, store.remove, store.repair
        self.link, self.all, self.occupied = store.link, store.all, store.occupied
        self.delete, self.names, self.use, self.last_used = store.delete, store.names, store.use, store.last_used

    async def get(self, name: str) -> bytes | None:
        """See :meth:`reqpi.core.interfaces.Records.get`.

        :raises reqpi.core.errors.UnsealedRecord: the record is a frozen list without a valid seal.
        """
        written = await self._store.get(name)
        return None if written is None else self._believed(name, written)

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`.

        :raises reqpi.core.errors.UnsealedRecord: the record is a frozen list without a valid seal.
        :raises reqpi.core.errors.StoreTrouble: the record needs a seal, and there is no key.
        """
        if await self._needs_key(name):
            there = await self.get(name)
            return _refuse() if there is None else there
        sealed = self._sealed(name, value)
        standing = await self._store.create(name, sealed)
        if standing == sealed:
            return value
        believed = self._believed(name, standing)
        if believed is None:
            await self._store.replace(name, sealed)
            return value
        return believed

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`.

        :raises reqpi.core.errors.StoreTrouble: the record needs a seal, and there is no key.
        """
        if await self._needs_key(name):
            _refuse()
        await self._store.replace(name, self._sealed(name, value))

    async def unsealed(self, name: str) -> bytes | None:
        """Return a record that the first key has not sealed, without its seal; ``None`` if there is no such record.

        Nothing vouches for it: it may have another key's seal, or none.
        """
        written = await self._store.get(name)
        if written is None or not self._keys or name.startswith(_DIGESTED):
            return None
        value = _without_seal(written)
        return None if written == self._sealed(name, value) else value

    async def is_foreign(self) -> bool:
        """Return whether some records have a seal that is of none of the keys; a few of them tell."""
        return await self._seen_foreign() or False

    async def check_key(self) -> None:
        """Check that records can be written as others need them.

        :raises reqpi.core.errors.StoreTrouble: others seal them, and there is no key.
        """
        if await self._needs_key(_FROZEN):
            _refuse()

    async def _seen_foreign(self) -> bool | None:
        """Return whether some records have a seal of another key; ``None`` if there is no record that tells."""
        seen: bool | None = None
        for folder in _TELLING:
            left = _LOOKED_AT
            async with aclosing(self._store.names(folder)) as names:
                async for name in names:
                    written = await self._store.get(name) or b""
                    if _seal(written) is not None and not self._has_seal(name, written):
                        return True
                    seen, left = False, left - 1
                    if not left:
                        break
        return seen

    async def _needs_key(self, name: str) -> bool:
        """Return whether a record must not be written, because others seal theirs and there is no key."""
        if self._keys or self._is_foreign is False or name.startswith(_DIGESTED):
            return False
        if getattr(self._store, "is_fixed", False):
            return False  # nothing is written anyway
        if self._is_foreign is None:
            self._is_foreign = await self._seen_foreign()
        return self._is_foreign is True

    def _sealed(self, name: str, value: bytes) -> bytes:
        if not self._keys or name.startswith(_DIGESTED):
            return value
        return value + b"\nreqpi-seal-1 " + _mac(self._keys[0], name, value) + b"\n"

    def _believed(self, name: str, written: bytes) -> bytes | None:
        """Return a record without its seal; ``None`` if it needs a seal and has no valid one."""
        if name.startswith(_DIGESTED):
            return written
        if not self._keys or self._has_seal(name, written):
            return _without_seal(written)
        if name.startswith(_FROZEN):
            raise UnsealedRecord(
                "a frozen list has no valid seal",
                "Its operator can remove it; or seal all lists of a store that can be trusted: reqpi verify --seal.",
            )
        return None

    def _has_seal(self, name: str, written: bytes) -> bool:
        """Return whether a record has a seal of one of the keys."""
        seal, value = _seal(written), _without_seal(written)
        return seal is not None and any(hmac.compare_digest(seal[1], _mac(key, name, value)) for key in self._keys)


def _refuse() -> NoReturn:
    raise StoreTrouble(
        "the records of this store are sealed, and the key is not given",
        "Servers with the key would not believe what is written without it: add their --record-key FILE, or set "
        "REQPI_RECORD_KEY.",
    )


def _seal(written: bytes) -> re.Match[bytes] | None:
    return _SEAL.search(written, max(0, len(written) - _LENGTH))


def _without_seal(written: bytes) -> bytes:
    return written if _seal(written) is None else written[:-_LENGTH]


def _mac(key: bytes, name: str, value: bytes) -> bytes:
    return hmac.new(key, b"reqpi record\0" + name.encode() + b"\0" + value, hashlib.sha256).hexdigest().encode()


def read_keys(path: Path | None) -> tuple[bytes, ...]:
    """Read the keys of ``--record-key``: one a line. Empty lines and those that begin with ``#`` do not count.

    :param path: ``None`` for no keys.
    :raises reqpi.core.errors.Misconfigured: the file cannot be used.
    """
    if path is None:
        return ()
    try:
        with path.open("rb") as file:
            mode, lines = os.fstat(file.fileno()).st_mode, file.read(1 << 16).splitlines()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error), "Name a file that this user can read.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise _unusable(path, "other users can access it", f"Run: chmod 600 {path}")
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith(b"#")]
    if not keys:
        raise _unusable(path, "it contains no key", "Write one a line, such as the output of: openssl rand -hex 32")
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST:
            problem = f"key {number} has {len(key)} bytes"
            raise _unusable(path, problem, f"Write at least {_SHORTEST}, such as the output of: openssl rand -hex 32")
    return tuple(keys)


def _unusable(path: Path, problem: str, advice: str) -> Misconfigured:
    return Misconfigured(f"--record-key {path}: {problem}", advice)
