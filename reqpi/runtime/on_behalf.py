"""The client and the lock on whose behalf work is done: noted where it begins, and read where it queues or stores.

Each is a context variable, so a coroutine keeps the ones that started it, however long it waits. Work that a queue or a
pool starts later has to note them itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["WITH_TOKEN", "on_behalf_of", "requested_address", "requester", "requesting_token", "work_under"]

WITH_TOKEN = "token "  # noqa: S105  # it is none
"""The beginning of the text of a client with a token, before its account."""

_requester: ContextVar[str] = ContextVar("requester", default="")

_address: ContextVar[str] = ContextVar("address", default="")


def requester() -> str:
    """Return the client on whose behalf the caller works; empty for work that the server does on its own.

    The text says nothing but that two requests are of the same client.
    """
    return _requester.get()


def requesting_token() -> str:
    """Return the account of the client on whose behalf the caller works; empty if it has no token."""
    client = requester()
    return client.removeprefix(WITH_TOKEN) if client.startswith(WITH_TOKEN) else ""


@contextmanager
def on_behalf_of(client: str) -> Iterator[None]:
    """Work on behalf of a client for as long as the block runs, and in the coroutines that it starts."""
    before = _requester.set(client)
    try:
        yield
    finally:
        _requester.reset(before)


def requested_address() -> str:
    """Return the address under which the caller works; empty if it works under none."""
    return _address.get()


def work_under(address: str) -> None:
    """Work under an address from now on, in this coroutine and in those that it starts."""
    _address.set(address)
