"""The crates of a lock at their original URLs, for a cargo that has no configuration, behind the proxy of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from attrs import define
from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from reqpi.core.crates.admission import AdmittedCrates
from reqpi.core.crates.model import Crate
from reqpi.core.crates.original_urls import (
    ConfigUrl,
    CrateUrl,
    IndexFileUrl,
    crates_by_place,
    index_of,
    may_have,
    meaning_below,
)
from reqpi.core.crates.source import RegistryPlace
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.core.original_urls import Place
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight, each, within
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.web.crate_answers import OF_FILES, OF_INDEX, CrateAnswers, CrateListener, outspoken, send_config

__all__ = ["OriginalCrates"]

_PATIENCE = 5.0
"""Seconds that a refusal waits for a registry that does not say where its crates are."""

_AGAIN = 60.0
"""Seconds until such a registry is asked again."""

_MOST = 32
"""Registries of one lock that are asked where their crates are."""

_AT_ONCE = 8


@define
class _Asked:
    """The answer of a registry.

    :ivar place: ``None``: it could not be asked.
    :ivar until: when it is asked again, in seconds.
    """

    place: RegistryPlace | None
    until: float = float("inf")


class OriginalCrates:
    """The crates of the lock of one run.

    The registries are those that the lock names. Which crates there are is decided as below an address: each request
    leads to the same methods of :class:`CratesOfLocks`.
    """

    def __init__(self, crates: CratesOfLocks, clock: IReactorTime) -> None:
        self._crates = crates
        self._clock = clock
        self._answers = CrateAnswers(crates)
        self._asked: dict[str, _Asked] = {}
        self._asking: SingleFlight[RegistryPlace | None] = SingleFlight()
        self._table: tuple[AdmittedCrates, RegistryPlace, Mapping[Place, tuple[Crate, ...]]] | None = None

    async def answer(self, request: Request, commitment: Commitment, url: str, listener: CrateListener) -> bool:
        """Answer a request for an original URL of a crate; return whether the lock has a registry with such a URL.

        :param listener: learns what is about to be sent, and of a refusal.
        """
        place = Place.of(url)
        if place is None:
            return False
        found = await self._meaning(commitment, place)
        match found:
            case None:
                return False
            case ConfigUrl():
                # Crates are below the index itself: cargo would ask a host of this machine without the proxy.
                send_config(request, f"{url.rpartition('/')[0]}/dl", login=False)
            case IndexFileUrl(key, path):
                work = partial(self._answers.index, request, commitment, key, path)
                await outspoken(request, work, OF_INDEX, listener)
            case CrateUrl(name, version, filename):
                work = partial(self._answers.file, request, commitment, (name, version, filename), listener)
                await outspoken(request, work, OF_FILES, listener)
        return True

    async def _meaning(self, commitment: Commitment, place: Place) -> ConfigUrl | IndexFileUrl | CrateUrl | None:
        found = meaning_below(place, index_of(""), "")
        if found is not None:  # A client may ask before it has taken an sdist: all of them are looked at.
            known = await self._crates.admitted.satisfying(commitment, _has_default)
            return found if _has_default(known.crates) or known.troubles else None
        known_now = await self._crates.admitted.at_hand(commitment)
        registries = known_now.registries
        for registry in registries:
            found = meaning_below(place, index_of(registry), registry)
            if found is not None:
                return found
        places = await each(registries[:_MOST], self._place, _AT_ONCE)
        for registry, asked in places.items():
            found = await self._at(commitment, known_now, place, registry, asked) if asked is not None else None
            if found is not None:
                return found
        return None

    async def _at(
        self, commitment: Commitment, known: AdmittedCrates, place: Place, registry: str, asked: RegistryPlace
    ) -> ConfigUrl | IndexFileUrl | CrateUrl | None:
        """Return the meaning of a place in a registry that has said where it is."""
        below = meaning_below(place, asked.index, registry)
        if below is not None or not may_have(asked.files, place):
            return below
        crates = (await self._by_place(known, registry, asked)).get(place, ())
        if not crates:
            everything = (await self._crates.admitted.satisfying(commitment, lambda _: False)).crates
            crates = (await self._by_place(everything, registry, asked)).get(place, ())
        if not crates:
            return None
        chosen = await self._crates.chosen(commitment, crates)
        return CrateUrl(chosen.name, chosen.version, f"{chosen.sha256}.crate")

    async def _by_place(
        self, crates: AdmittedCrates, registry: str, asked: RegistryPlace
    ) -> Mapping[Place, tuple[Crate, ...]]:
        if self._table is None or self._table[0] is not crates or self._table[1] is not asked:
            own = [crate for crate in crates.crates if crate.registry == registry]
            self._table = (crates, asked, await in_thread(crates_by_place, asked.files, own))
        return self._table[2]

    async def _place(self, registry: str) -> RegistryPlace | None:
        """Return where a registry is; ``None`` if it cannot be asked, or does not answer soon."""
        asked = self._asked.get(registry)
        if asked is None or asked.until <= self._clock.seconds():
            asked = self._asked[registry] = await self._ask(registry)
        return asked.place

    async def _ask(self, registry: str) -> _Asked:
        asking = self._asking.do(registry, partial(self._crates.place, registry))
        try:
            return _Asked(await within(_PATIENCE, self._clock, asking, "the configuration of the registry is"))
        except UpstreamTrouble:
            return _Asked(None, self._clock.seconds() + _AGAIN)


def _has_default(crates: AdmittedCrates) -> bool:
    return "" in crates.registries
