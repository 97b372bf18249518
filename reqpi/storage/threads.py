"""How calls that block are put off the reactor's thread."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from itertools import islice
from typing import ParamSpec, Protocol, TypeVar

from reqpi.storage.borrowed import Borrowed

__all__ = ["InThread", "streamed"]

P = ParamSpec("P")
T = TypeVar("T")

_BATCH = 1000


class InThread(Protocol):
    """Calls a function in another thread: :func:`twisted.internet.threads.deferToThread`, or its like."""

    def __call__(self, f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Wait here for what ``f`` returns or raises there."""


async def streamed(in_thread: InThread, make: Callable[[], Generator[T, None, None]]) -> AsyncGenerator[T, None]:
    """What a generator that blocks yields, worked out in threads and some at a time.

    However this ends, the generator is closed, once no thread is in it.
    """
    held = Borrowed(make(), lambda generator: generator.close())

    def batch() -> list[T]:
        with held.borrow() as generator:
            return list(islice(generator, _BATCH))

    try:
        while things := await in_thread(batch):
            for thing in things:
                yield thing
    finally:
        held.close()
