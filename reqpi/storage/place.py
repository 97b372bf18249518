"""Which store an operator means: a directory, or an object store, with or without a cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import field, frozen
from twisted.internet.threads import deferToThread

from reqpi.core.errors import Misconfigured
from reqpi.core.interfaces import Store
from reqpi.storage.cache import Cache
from reqpi.storage.cached import CachedStore
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.objects.connect import SCHEMES
from reqpi.storage.objects.store import object_store
from reqpi.storage.threads import InThread

__all__ = ["StorePlace", "options_of", "place_of"]


@frozen
class StorePlace:
    """Where a store is.

    :param where: a directory, or the URL of an object store: ``s3://bucket/prefix``.
    :param spool: folder of this machine for what is on its way into an object store.
    :param options: for the object store.
    :param cache: folder of this machine for what was read last from an object store.
    :param cache_size: bytes of that.
    """

    where: Path | str
    spool: Path
    options: Mapping[str, str] = field(factory=dict)
    cache: Path | None = None
    cache_size: int = 10 << 30

    def store(self, in_thread: InThread = deferToThread) -> Store:
        """The store, not yet opened.

        :param in_thread: how calls that block are put off the reactor's thread.
        """
        if isinstance(self.where, Path):
            return DirectoryStore(self.where, in_thread=in_thread)
        if self.cache is None:
            return object_store(self.where, self.options, self.spool, in_thread=in_thread)
        cache = Cache(self.cache, self.cache_size, in_thread)
        behind = object_store(self.where, self.options, cache.incoming, in_thread=in_thread, kept=cache.adopt)
        return CachedStore(behind, cache, in_thread)


def options_of(given: Iterable[str]) -> dict[str, str]:
    """The options of an object store, each ``NAME=VALUE``.

    :raises reqpi.core.errors.Misconfigured: one is not.
    """
    options = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise Misconfigured(f"--store-option {each[:40]}", "Write NAME=VALUE, such as region=eu-central-1.")
        options[name] = value
    return options


def place_of(text: str) -> Path | str:
    """A directory, absolute, as a daemon changes its folder; or a URL.

    :raises reqpi.core.errors.Misconfigured: a URL is of no kind that there is.
    """
    if "://" not in text:
        return Path(text).absolute()
    if urlsplit(text).scheme not in SCHEMES:
        raise Misconfigured(
            f"--store {text}", f"It is a directory, or begins with one of {', '.join(SCHEMES)} and ://."
        )
    return text
