"""The room of a server's store, if its operator bounds it or has tokens."""

from __future__ import annotations

import uuid
from typing import Any

from reqpi.core.interfaces import Store
from reqpi.runtime.counts import ServerCounts
from reqpi.server.settings import Settings
from reqpi.shelf.room.store_room import StoreRoom
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import TokenAccess

__all__ = ["room_of"]


def room_of(
    settings: Settings, reactor: Any, store: Store, clients: Access | None, counts: ServerCounts
) -> StoreRoom | None:
    """Return the room of a store; ``None`` if nothing bounds it.

    :param clients: whose tokens may have quotas, which change with their file.
    """
    quota = None
    if settings.tokens is not None and isinstance(clients, TokenAccess):
        access = clients

        def quota(name: str) -> int | None:
            return access.tokens.quota(name)

    if not settings.largest_store and quota is None:
        return None
    return StoreRoom(store, reactor, uuid.uuid4().hex, settings.largest_store or None, quota, counts=counts)
