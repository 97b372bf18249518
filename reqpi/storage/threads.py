"""Calls that block, in threads other than the reactor's."""

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
    """A function that calls another one in a thread, such as :data:`reqpi.runtime.offload.in_thread`."""

    def __call__(self, f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Call ``f`` in a thread, and return or raise here what it returns or raises there."""


async def streamed(in_thread: InThread, make: Callable[[], Generator[T, None, None]]) -> AsyncGenerator[T, None]:
    """Yield the items of a generator that blocks, which runs in threads and in batches.

    However the iteration ends, the generator is closed as soon as no thread is running it.

    :param make: makes the generator.
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
