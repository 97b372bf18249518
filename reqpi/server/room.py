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

    :param clients: who may have quotas, which change with the file of tokens.
    """
    named = settings.tokens is not None or settings.oidc is not None
    quota = clients.quota if named and isinstance(clients, TokenAccess) else None
    if not settings.largest_store and quota is None:
        return None
    return StoreRoom(store, reactor, uuid.uuid4().hex, settings.largest_store or None, quota, counts=counts)
