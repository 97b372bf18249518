"""An upstream in memory, which does what a test tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from hashlib import sha256

from attrs import define, field
from packaging.version import Version

from reqpi.core.errors import NotFound
from reqpi.core.interfaces import Indexes, UpstreamUse
from reqpi.core.model import Archive, Digest, Git, Lock, Page, Pin, Project
from reqpi.core.report import Defect, Note
from reqpi.upstream.allowed.policy import Policy

__all__ = ["PlainTransfer", "PlainUpstream"]

Hook = Callable[[], Awaitable[None]]


@define
class PlainTransfer:
    """A file on its way, in pieces of at most ``step`` bytes; ``hook`` is awaited before each."""

    size: int | None
    start: int
    data: bytes
    step: int = 1 << 16
    hook: Hook | None = None
    closed: bool = False
    etag: str | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.data), self.step):
            if self.hook is not None:
                await self.hook()
            yield self.data[at : at + self.step]

    def close(self) -> None:
        self.closed = True


@define
class PlainUpstream:
    """An :class:`reqpi.core.interfaces.Upstream` over two dictionaries.

    :ivar asked: what it was asked for: projects and URLs, in order.
    :ivar wanted: the digests that it was asked for, page by page.
    :ivar before: by project or URL, what to await before answering; it may raise.
    :ivar between: the same for files, before each piece.
    :ivar ranges: whether it does ranges.
    :ivar sizes: whether it says how long a file is.
    :ivar policy: what the operator allows; ``None``: everything.
    :ivar etags: whether it gives files an ETag, and hears If-Range.
    """

    name: str = "the upstream of the tests"
    pages: dict[Project, Page] = field(factory=dict)
    files: dict[str, bytes] = field(factory=dict)
    indexes: dict[str, dict[Project, Page]] = field(factory=dict)
    asked: list[str] = field(factory=list)
    wanted: list[Collection[Digest]] = field(factory=list)
    before: dict[str, Hook] = field(factory=dict)
    between: dict[str, Hook] = field(factory=dict)
    ranges: bool = True
    sizes: bool = True
    etags: bool = False
    step: int = 1 << 16
    refused: tuple[Defect, ...] = ()
    policy: Policy | None = None

    def offer(self, page: Page, *contents: bytes) -> None:
        """Have a page, and the bytes of its files."""
        self.pages[page.project] = page
        for file, content in zip(page.files, contents, strict=True):
            self.files[file.url] = content

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        self.asked.append(f"{index} {project}".strip())
        self.wanted.append(digests)
        if project in self.before:
            await self.before[project]()
        pages = self.indexes[index] if index else self.pages
        if project not in pages:
            raise NotFound(f"no {project}")
        return pages[project]

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> PlainTransfer:
        self.asked.append(url)
        if url in self.before:
            await self.before[url]()
        if url not in self.files:
            raise NotFound(f"no {url}")
        content = self.files[url]
        first = max(0, len(content) + start) if start < 0 else start
        current = f'"{sha256(content).hexdigest()}"' if self.etags else None
        if not self.ranges or (etag is not None and etag != current):
            first, stop = 0, None
        size = len(content) if self.sizes else None
        return PlainTransfer(size, first, content[first:stop], self.step, self.between.get(url), etag=current)

    def denies(self, lock: Lock) -> tuple[Defect, ...]:
        return self.refused if self.policy is None else self.policy.denies(lock)

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        return () if self.policy is None else self.policy.notes(lock)

    def indexes_for(self, pin: Pin) -> Indexes:
        return Indexes(pin.indexes or ("",)) if self.policy is None else self.policy.indexes_for(pin)

    def reveals(self, index: str) -> bool:
        return self.policy is None or self.policy.reveals(index)

    def uses(self, pin: Pin) -> tuple[UpstreamUse, ...]:
        return () if self.policy is None else self.policy.uses(pin)

    def allow(self, pin: Pin, source: Archive | Git) -> None:
        if self.policy is not None:
            self.policy.allow(pin, source)
