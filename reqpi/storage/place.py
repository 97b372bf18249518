"""The store that an operator configures: a directory, or an object store with or without a cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import field, frozen

from reqpi.core.errors import Misconfigured
from reqpi.core.interfaces import Store
from reqpi.runtime import offload
from reqpi.storage.cache import Cache
from reqpi.storage.cached import CachedStore
from reqpi.storage.directory.snapshot import SnapshotStore
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.objects.connect import SCHEMES
from reqpi.storage.objects.store import object_store
from reqpi.storage.sealed import SealedStore, read_keys
from reqpi.storage.threads import InThread

__all__ = ["StorePlace", "options_of", "place_of"]


@frozen
class StorePlace:
    """The place of a store.

    :param where: a directory, or the URL of an object store: ``s3://bucket/prefix``.
    :param spool: folder on this machine for blobs on their way into an object store.
    :param options: options of the object store, by name.
    :param cache: folder on this machine for the blobs that were read last from an object store.
    :param cache_size: bytes of the cache, at most.
    :param record_key: the file with the keys that seal records; ``None``: records are not sealed.
    :param fixed: serve a directory as it is if it cannot be written.
    """

    where: Path | str
    spool: Path
    options: Mapping[str, str] = field(factory=dict)
    cache: Path | None = None
    cache_size: int = 10 << 30
    record_key: Path | None = None
    fixed: bool = False

    def store(self, in_thread: InThread = offload.in_thread) -> SealedStore:
        """Return the store, not yet opened.

        :param in_thread: calls a function that blocks in another thread.
        :raises reqpi.core.errors.Misconfigured: the keys cannot be used.
        """
        return SealedStore(self._unsealed(in_thread), read_keys(self.record_key))

    def _unsealed(self, in_thread: InThread) -> Store:
        if isinstance(self.where, Path):
            return (SnapshotStore if self.fixed else DirectoryStore)(self.where, in_thread=in_thread)
        if self.cache is None:
            return object_store(self.where, self.options, self.spool, in_thread=in_thread)
        cache = Cache(self.cache, self.cache_size, in_thread)
        behind = object_store(self.where, self.options, cache.incoming, in_thread=in_thread, kept=cache.adopt)
        return CachedStore(behind, cache, in_thread)


def options_of(given: Iterable[str]) -> dict[str, str]:
    """Return the options of an object store, by name.

    :param given: each ``NAME=VALUE``.
    :raises reqpi.core.errors.Misconfigured: an option is not written so.
    """
    options = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise Misconfigured(f"--store-option {each[:40]}", "Write NAME=VALUE, such as region=eu-central-1.")
        options[name] = value
    return options


def place_of(text: str) -> Path | str:
    """Return the directory or URL that ``text`` names. The directory is absolute, because a daemon changes its own.

    :raises reqpi.core.errors.Misconfigured: the scheme of a URL is not supported.
    """
    if "://" not in text:
        return Path(text).absolute()
    if urlsplit(text).scheme not in SCHEMES:
        raise Misconfigured(
            f"--store {text}", f"Name a directory, or a URL that begins with one of {', '.join(SCHEMES)} and ://."
        )
    return text
