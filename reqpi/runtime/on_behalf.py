"""The client on whose behalf work is done: noted where a request arrives, and read where work queues.

It is a context variable, so a coroutine keeps the client that started it, however long it waits. Work that a queue or a
pool starts later has to note the client itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["on_behalf_of", "requester"]

_requester: ContextVar[str] = ContextVar("requester", default="")


def requester() -> str:
    """Return the client on whose behalf the caller works; empty for work that the server does on its own.

    The text says nothing but that two requests are of the same client.
    """
    return _requester.get()


@contextmanager
def on_behalf_of(client: str) -> Iterator[None]:
    """Work on behalf of a client for as long as the block runs, and in the coroutines that it starts."""
    before = _requester.set(client)
    try:
        yield
    finally:
        _requester.reset(before)
