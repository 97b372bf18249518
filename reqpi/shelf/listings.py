"""Listings of a project on indexes: which indexes are asked for which pins, and which parts of their pages count.

The files of a pin with digests may come from any index, because the digests decide. The files of a pin without digests
come from one index: the first, in the order of the lock, that has its version. Files of that version on a later index
never count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from attrs import evolve, field, frozen
from packaging.version import Version

from reqpi.core import admission
from reqpi.core.errors import NotFound, NothingUpstream, UpstreamTrouble
from reqpi.core.interfaces import Indexes, Upstream
from reqpi.core.model import Digest, File, Page, Pin, Project
from reqpi.core.releases import newest
from reqpi.core.shown_urls import as_shown
from reqpi.shelf.lacking_pins import named

__all__ = ["PinListing", "PinListings", "wanted"]

_WITH_LOGIN = "not shown, as it requires a login"


@frozen
class PinListing:
    """The listed files for some pins of a project.

    :param pins: pins that name the same indexes; either all of them have digests or none has.
    :param pages: for each index that has the project, the part of its page that counts.
    :param asked: every index that was asked.
    :param refused: files without a digest in the lock, to which a page that came over https links over plain http.
    """

    pins: tuple[Pin, ...]
    pages: dict[str, Page] = field(factory=dict)
    asked: tuple[str, ...] = ()
    refused: tuple[File, ...] = ()

    @property
    def files(self) -> list[File]:
        """The files that count, of all pages."""
        return [file for page in self.pages.values() for file in page.files]


class PinListings:
    """The project pages of an upstream, for the pins of a lock."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def of(self, project: Project, pins: Iterable[Pin]) -> list[PinListing]:
        """Return the listings for those of ``pins`` that are taken from indexes.

        :raises reqpi.core.errors.NothingUpstream: for some pin, none of its indexes has the project.
        :raises reqpi.core.errors.UpstreamTrouble: an index cannot be asked.
        """
        return [await self._of(project, group) for group in _groups(pins)]

    async def _of(self, project: Project, pins: tuple[Pin, ...]) -> PinListing:
        indexes, versions = self._upstream.indexes_for(pins[0]), admission.versions(pins)
        if all(pin.digests for pin in pins):
            listing = await self._by_digest(project, pins, indexes, versions)
        else:
            listing = await self._by_order(project, pins, indexes, versions)
        with named(pins):
            # Whether an index with a login has a project is not told: the caller reports only that no file is admitted.
            if not listing.pages and all(map(self._upstream.reveals, listing.asked)):
                asked = f"Indexes asked: {self._names(listing.asked)}."
                raise NothingUpstream(f"the upstream has no project {project}", asked)
        return listing

    async def _by_digest(
        self, project: Project, pins: tuple[Pin, ...], indexes: Indexes, versions: Collection[Version]
    ) -> PinListing:
        digests = frozenset(digest for pin in pins for digest in pin.digests)
        listing = PinListing(pins)
        for number, index in enumerate((*indexes.named, *indexes.further)):
            if number >= len(indexes.named) and _missing(digests, listing.files) == frozenset():
                break
            listing = await self._and(listing, project, index, versions, digests)
        return listing

    async def _by_order(
        self, project: Project, pins: tuple[Pin, ...], indexes: Indexes, versions: Collection[Version]
    ) -> PinListing:
        listing, settled = PinListing(pins), set[Version]()
        for index in indexes.named:
            listing = await self._and(listing, project, index, versions)
            page = listing.pages.get(index)
            if page is not None:
                files = tuple(file for file in page.files if file.version not in settled)
                refused = tuple(file for file in files if file.downgraded)
                listing.pages[index] = evolve(page, files=tuple(file for file in files if not file.downgraded))
                listing = evolve(listing, refused=listing.refused + refused)
                # A refused file settles its version too: otherwise a later index could supply it.
                settled.update(file.version for file in files)
            if settled.issuperset(versions):
                break
        return listing

    async def _and(
        self,
        listing: PinListing,
        project: Project,
        index: str,
        versions: Collection[Version],
        digests: frozenset[Digest] = frozenset(),
    ) -> PinListing:
        """Return the listing with the page of one more index added, if that index has the project."""
        asked = (*listing.asked, index)
        try:
            page = await self._upstream.page(project, index, versions, digests)
        except NotFound:
            return evolve(listing, asked=asked)
        return evolve(listing, pages={**listing.pages, index: _of(index, page)}, asked=asked)

    def indexes(self, pins: Iterable[Pin]) -> list[str]:
        """Return all indexes that may be asked for some pins, each once."""
        return list(dict.fromkeys(index for group in _groups(pins) for index in self._all(group[0])))

    async def why_none(self, project: Project, pins: Sequence[Pin], reveals: Callable[[str], bool]) -> str:
        """Describe which versions each index has, since none has a file of the versions that the lock pins.

        :param reveals: whether the one who is told may know what an index has.
        """
        found: dict[str, str] = {}
        for index in self.indexes(pins):
            found[index] = await self._described(project, index) if reveals(index) else _WITH_LOGIN
        if list(found.values()) == [_WITH_LOGIN]:
            return (
                f"The lock pins {wanted(pins)}. {self._names(found)} requires a login, so its versions are not shown."
            )
        if len(found) == 1:
            return f"The lock pins {wanted(pins)}; the newest versions upstream: {', '.join(found.values())}."
        has = "; ".join(f"{self._name(index)} ({versions})" for index, versions in found.items())
        return f"The lock pins {wanted(pins)}. The indexes asked, with the newest versions of each: {has}."

    async def _described(self, project: Project, index: str) -> str:
        """Return which versions an index has, or why that is not known."""
        try:
            page = await self._upstream.page(project, index)
        except NotFound:
            return "no such project"
        except UpstreamTrouble as trouble:
            return trouble.title
        return ", ".join(newest({file.version for file in page.files})) or "no releases"

    def _all(self, pin: Pin) -> tuple[str, ...]:
        indexes = self._upstream.indexes_for(pin)
        return (*indexes.named, *indexes.further)

    def _names(self, indexes: Iterable[str]) -> str:
        return " and ".join(dict.fromkeys(map(self._name, indexes)))

    def _name(self, index: str) -> str:
        return as_shown(index) or self._upstream.name


def wanted(pins: Iterable[Pin]) -> str:
    """Return the versions of the pins that are taken from an index, as text for people."""
    return ", ".join(sorted({pin.version for pin in pins if pin.source is None}))


def _groups(pins: Iterable[Pin]) -> list[tuple[Pin, ...]]:
    """Return the pins that are taken from indexes, in groups that are looked up in the same way."""
    groups: dict[tuple[tuple[str, ...], bool], list[Pin]] = {}
    for pin in pins:
        if pin.source is None:
            groups.setdefault((pin.indexes, bool(pin.digests)), []).append(pin)
    return [tuple(group) for group in groups.values()]


def _missing(digests: Collection[Digest], files: Iterable[File]) -> frozenset[Digest]:
    """Return the digests that none of the files is claimed to have."""
    return frozenset(digests) - {digest for file in files for digest in file.digests}


def _of(index: str, page: Page) -> Page:
    """Return the page with ``index`` recorded in each of its files."""
    return evolve(page, files=tuple(evolve(file, index=index) for file in page.files)) if index else page
