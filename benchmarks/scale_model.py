"""A model of many locks and many installs: from constants, which were measured or are assumed, to what a year needs.

Everything here is a function of values; :mod:`benchmarks.scale` measures them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import frozen

from benchmarks.scale_catalogue import Catalogue
from benchmarks.scale_requests import Costs, Counted

__all__ = ["Assumed", "Constants", "Predicted", "Prices", "distinct_releases", "monthly", "predicted"]

_MINUTES = 30 * 24 * 60  # of a month
_LISTED = 1000  # keys in a response to LIST
_OLDEST = 40  # releases older than that are pinned by nothing that counts


@frozen
class Assumed:
    """What is assumed of the locks and the clients.

    :param days: after which a lock that is not used is removed; so many days' new locks are there.
    :param uv: the share of installs by uv; pip does the others.
    :param empty: the share of installs by a client whose own cache is empty, as in CI.
    :param known: the share of installs whose lock the process has in memory, with its pages.
    :param releases: distinct releases that all locks pin.
    :param platforms: different files of a release that clients take.
    :param file: bytes of a file that clients take.
    :param busy: the share of a core that is used, at most, so that a burst finds room.
    :param latency: seconds that a request to the object store takes.
    :param blobs_stored: the share of the files that a page names which are in the store.
    """

    locks: int = 1_000_000
    pins: int = 100
    installs: int = 10_000
    days: int = 90
    uv: float = 0.5
    empty: float = 0.7
    known: float = 0.8
    releases: int = 1_000_000
    platforms: float = 2.0
    file: float = 1.2e6
    busy: float = 0.5
    latency: float = 0.02
    blobs_stored: float = 0.15


@frozen
class Prices:
    """Prices of an object store and of machines, in one currency.

    :param write: of a thousand PUT, POST or LIST.
    :param read: of a thousand GET or HEAD.
    :param stored: of a billion bytes for a month.
    :param sent: of a billion bytes to clients.
    :param core: of a processor core for a month.
    """

    write: float = 0.005
    read: float = 0.0004
    stored: float = 0.023
    sent: float = 0.05
    core: float = 25.0


@frozen
class Constants:
    """What was measured.

    :param costs: requests to the object store, by operation.
    :param cpu: seconds of the server for a pin of a warm install, by client and cache.
    :param cold: seconds of the server for a pin of the first install of a lock in a process.
    :param record: bytes of the frozen page of a pin; ``document``: bytes of a lock, for each pin.
    :param files: that a lock names for each pin.
    :param memory: bytes of a lock in memory, for each pin.
    :param swept: seconds of a core for each page that a sweep reads; ``verified`` and ``surveyed`` likewise.
    :param idle: bytes of an idle server.
    """

    costs: Costs
    cpu: Mapping[tuple[str, str], float]
    cold: float
    record: float
    document: float
    files: float
    memory: float
    swept: float
    verified: float
    surveyed: float
    idle: float


@frozen
class Predicted:
    """What a store of some locks has, and what walks over it take.

    :param records: how many there are; ``bytes`` of them all.
    :param blobs: how many files and metadata files there are.
    :param sweep: seconds of a core; ``verify`` and ``survey`` likewise.
    :param cold: seconds of the server for the first install of a lock.
    """

    records: float
    bytes: float
    blobs: float
    sweep: float
    verify: float
    survey: float
    cold: float


def predicted(constants: Constants, locks: int, pins: int, distinct: float) -> Predicted:
    """Predict a store.

    :param distinct: releases that the locks pin; one file of each is stored, with its metadata.
    """
    pages = locks * pins
    return Predicted(
        records=locks + pages + distinct,
        bytes=pages * (constants.record + constants.document),
        blobs=2 * distinct,
        sweep=pages * constants.swept,
        verify=pages * constants.verified,
        survey=(locks + pages + 3 * distinct) * constants.surveyed,
        cold=pins * constants.cold,
    )


def distinct_releases(catalogue: Catalogue, locks: int, pins: int) -> float:
    """Return how many different releases the locks of a catalogue pin, to be expected."""
    weights = [1 / (rank + 1) ** catalogue.steepness for rank in range(catalogue.projects)]
    drawn = _draws(weights, pins)
    ages = [catalogue.newest * (1 - catalogue.newest) ** age for age in range(_OLDEST)]
    total = 0.0
    for weight in weights:
        pinned = -math.expm1(-drawn * weight)
        total += sum(-math.expm1(locks * math.log1p(-min(pinned * age, 1 - 1e-12))) for age in ages)
    return total


def _draws(weights: list[float], pins: int) -> float:
    """Return the factor with which a lock pins ``pins`` different projects, each with ``1 - exp(-factor * weight)``."""
    low, high = 0.0, 1.0
    while sum(-math.expm1(-high * weight) for weight in weights) < pins:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        few = sum(-math.expm1(-middle * weight) for weight in weights) < pins
        low, high = (middle, high) if few else (low, middle)
    return high


@frozen
class Month:
    """What the assumed locks and installs need in a month.

    :param requests: to the object store, by what causes them.
    :param objects: in the object store, marks of use included; ``bytes`` of all.
    :param sent: bytes to clients.
    :param cores: that serve installs, at :attr:`Assumed.busy`.
    :param cost: by what it is for.
    """

    requests: Mapping[str, Counted]
    objects: float
    bytes: float
    sent: float
    cores: float
    cost: Mapping[str, float]


def monthly(assumed: Assumed, constants: Constants, prices: Prices, processes: int) -> Month:
    """Return what a month needs.

    :param processes: servers' processes.
    """
    objects = 2 * assumed.locks * (1 + assumed.pins) + 6 * assumed.releases * assumed.platforms
    sizes = assumed.locks * assumed.pins * (constants.record + constants.document)
    sizes += assumed.releases * assumed.platforms * assumed.file
    requests = _requests(assumed, constants, objects, processes)
    sent = assumed.installs * _MINUTES * assumed.empty * assumed.pins * assumed.file
    cores = assumed.installs / 60 * install_cpu(assumed, constants) / assumed.busy
    cost = {
        f"requests: {name}": each.writes / 1e3 * prices.write + each.reads / 1e3 * prices.read
        for name, each in requests.items()
    }
    cost |= {
        "bytes stored": sizes / 1e9 * prices.stored,
        "cores": cores * prices.core,
        "bytes sent": sent / 1e9 * prices.sent,
    }
    return Month(requests, objects, sizes, sent, cores, cost)


def install_cpu(assumed: Assumed, constants: Constants) -> float:
    """Return the seconds of a core that an install takes on average."""
    shares = {"pip": 1 - assumed.uv, "uv": assumed.uv}
    caches = {"empty cache": assumed.empty, "full cache": 1 - assumed.empty}
    warm = sum(
        share * part * constants.cpu[client, cache]
        for client, share in shares.items()
        for cache, part in caches.items()
    )
    return assumed.pins * (assumed.known * warm + (1 - assumed.known) * (warm + constants.cold))


def _requests(assumed: Assumed, constants: Constants, objects: float, processes: int) -> dict[str, Counted]:
    costs, others = constants.costs, constants.files - 1
    new = assumed.locks / assumed.days * 30
    named = costs["each further file on it"] * others
    stored = costs["its file and metadata, if they are stored"] * assumed.blobs_stored
    frozen = costs["a commit"] + (costs["a page that is frozen"] + named + stored) * assumed.pins
    page = costs["a page that another process has frozen"] + costs["each further file on that"] * others + stored
    cold = assumed.installs * _MINUTES * (1 - assumed.known)
    warm = assumed.installs * _MINUTES * assumed.known
    files = assumed.releases * assumed.platforms * 30 / assumed.days
    listed = objects / 2 / _LISTED
    return {
        "new locks": frozen * new,
        "files, stored the first time": (costs["a file, first asked for"] + costs["its metadata, then"]) * files,
        "installs of a lock that the process has": costs["a lock, every ten seconds of use"] * warm,
        "installs of another lock, pages": page * assumed.pins * cold,
        "installs of another lock, files": costs["a warm file"] * assumed.pins * cold * assumed.empty,
        "idle processes": costs["an idle process, for each second"] * (processes * _MINUTES * 60),
        "a sweep a day": (Counted(3 * listed, assumed.locks * (assumed.pins + 3))) * 30,
        "a survey of each process, every ten minutes": Counted(listed, 0) * (processes * _MINUTES / 10),
    }
