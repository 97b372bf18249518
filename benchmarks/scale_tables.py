"""The tables of the model and of the simulation, from what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import asdict, evolve, frozen

from benchmarks.figures import number
from benchmarks.outcomes import Outcome, Table
from benchmarks.scale_catalogue import Catalogue
from benchmarks.scale_clients import Install
from benchmarks.scale_counted import InMemory
from benchmarks.scale_model import (
    Assumed,
    Constants,
    Month,
    Prices,
    distinct_releases,
    install_cpu,
    monthly,
    predicted,
)
from benchmarks.scale_requests import Costs
from benchmarks.scale_sharing import Shares
from benchmarks.scale_simulation import Content, Installs
from benchmarks.scale_walks import Walk

__all__ = ["Found", "Simulated", "tables"]

_Row = tuple[str, float, float]

_SHARES = (0.0, 0.5, 0.8, 0.95, 0.99, 0.999)


@frozen
class Simulated:
    """A store that was generated, and what was measured of it."""

    locks: int
    pins: int
    catalogue: Catalogue
    content: Content
    installs: Installs
    walks: Mapping[str, Walk]


@frozen
class Found:
    """Everything that was measured.

    :param small: the store that the constants come from.
    :param stores: the stores of the simulation.
    """

    common: Shares
    asked: Mapping[tuple[str, str], Install]
    costs: Costs
    constants: Constants
    small: Simulated
    stores: Sequence[Simulated]
    memory: InMemory


def tables(found: Found) -> Outcome:
    """Return the tables of this part."""
    assumed, prices = Assumed(), Prices()
    cores = assumed.installs / 60 * install_cpu(assumed, found.constants) / assumed.busy
    processes = max(3, round(cores + 0.5))
    month = monthly(assumed, found.constants, prices, processes)
    shown = [
        *_measured(found),
        _assumed(assumed, prices),
        *_month(assumed, found.constants, month, processes),
        _known(assumed, found.constants, prices, processes),
        *(_compared(found, each) for each in found.stores),
        _requests(found),
    ]
    errors = sum(each.errors for one in (found.small, *found.stores) for each in (one.installs.cold, one.installs.warm))
    notes = [
        f"The replayed installs had {errors} errors.",
        f"The constants come from a store of {found.small.locks:,} locks of {found.small.pins} pins.",
    ]
    return Outcome("scale", "Scale", shown, notes=notes, page="scale.md")


def _measured(found: Found) -> Iterator[Table]:
    common, constants = found.common, found.constants
    rows = [
        ["files that a lock has digests of, for each pin", number(common.files_of_pin)],
        ["bytes of a lock, for each pin", number(common.document)],
        ["bytes of a lock in memory, for each pin", number(common.memory)],
        ["share of its projects that another of these locks has", number(common.projects)],
        ["share of its releases", number(common.releases)],
        ["share of its files", number(common.files)],
        ["distinct files, of all that are named", number(common.distinct)],
    ]
    yield Table(f"Measured: {common.locks} real locks with digests, of {common.pins:,} pins together:", ("", ""), rows)
    kinds = sorted({kind for each in found.asked.values() for kind in each.requests})
    rows = [
        [
            f"{client}, {cache}",
            *(number(each.requests.get(kind, 0)) for kind in kinds),
            number(each.cpu * 1e3),
            number(each.bytes / 1e3),
        ]
        for (client, cache), each in found.asked.items()
    ]
    head = ("", *kinds, "CPU of the server, ms", "KB sent")
    yield Table("Measured: what a client asks for when it installs a warm lock, for each pin:", head, rows)
    rows = [[name, number(each.writes), number(each.reads), number(each.deletes)] for name, each in found.costs.items()]
    head = ("", "PUT, LIST", "GET, HEAD", "DELETE")
    yield Table("Measured: requests to the object store, counted in front of SeaweedFS:", head, rows)
    rows = [
        ["bytes of a frozen page", number(constants.record)],
        [
            "CPU for a pin of the first install of a lock in a process, beyond a warm one's, ms",
            number(constants.cold * 1e3),
        ],
        ["CPU of a sweep, for each page, ms", number(constants.swept * 1e3)],
        ["CPU of a verification, for each page, ms", number(constants.verified * 1e3)],
        ["CPU of a survey, for each file of a directory, ms", number(constants.surveyed * 1e3)],
        ["memory of a server that was just started, MB", number(constants.idle / 1e6)],
        ["memory of it after the installs, MB", number(found.small.installs.warm.memory / 1e6)],
    ]
    yield Table("Measured: the small store, in a directory:", ("", ""), rows)


def _assumed(assumed: Assumed, prices: Prices) -> Table:
    rows = [[f"`{name}`", number(value)] for each in (assumed, prices) for name, value in asdict(each).items()]
    caption = (
        "Assumed: parameters of `Assumed` and `Prices` in `benchmarks/scale_model.py`, which says what each means:"
    )
    return Table(caption, ("", ""), rows)


def _month(assumed: Assumed, constants: Constants, month: Month, processes: int) -> Iterator[Table]:
    rows = [
        [name, number(each.writes / 1e6), number(each.reads / 1e6), number(month.cost[f"requests: {name}"])]
        for name, each in month.requests.items()
    ]
    head = ("", "PUT, LIST, millions", "GET, HEAD, millions", "cost")
    yield Table("The model: requests to the object store in a month:", head, rows)
    listed = month.objects / 2 / 1000
    rows = [
        ["objects in the store, millions", number(month.objects / 1e6)],
        ["bytes in the store, TB", number(month.bytes / 1e12)],
        ["cost of the bytes stored", number(month.cost["bytes stored"])],
        ["bytes sent to clients, TB", number(month.sent / 1e12)],
        ["network, GB/s", number(month.sent / 30 / 86400 / 1e9)],
        ["cost of the bytes sent", number(month.cost["bytes sent"])],
        ["CPU of an install, s", number(install_cpu(assumed, constants))],
        ["cores", number(month.cores)],
        ["processes, of one core each", str(processes)],
        ["cost of the cores", number(month.cost["cores"])],
        ["locks of 100 pins that a process keeps in memory", number((32 << 20) / constants.memory / assumed.pins)],
        ["a survey of the store, minutes", number(listed * assumed.latency / 60)],
        ["a sweep, one request after the other, days", number(assumed.locks * assumed.pins * assumed.latency / 86400)],
        ["a sweep, CPU, hours", number(assumed.locks * assumed.pins * constants.swept / 3600)],
        ["inodes of a directory store, millions", number(assumed.locks * (1 + assumed.pins) / 1e6)],
    ]
    yield Table("The model: a month of everything else:", ("", ""), rows)


def _known(assumed: Assumed, constants: Constants, prices: Prices, processes: int) -> Table:
    """Show how much depends on whether clients meet a process that has their lock."""
    rows = []
    for share in _SHARES:
        at = evolve(assumed, known=share)
        month = monthly(at, constants, prices, processes)
        requests = sum(cost for name, cost in month.cost.items() if name.startswith("requests: installs"))
        rows.append([f"{share:.1%}", number(requests), number(month.cores)])
    caption = (
        "The model: by the share of installs that a CDN answers, or a process that has the lock in memory (`known`):"
    )
    return Table(caption, ("", "cost of the requests of installs, a month", "cores"), rows)


def _compared(found: Found, store: Simulated) -> Table:
    rows = [
        [name, number(model), number(simulation), number(simulation and model / simulation)]
        for name, model, simulation in _rows(found, store)
    ]
    return Table(
        f"The model and the simulation: {store.locks:,} locks of {store.pins} pins in a directory:",
        ("", "model", "simulation", "ratio"),
        rows,
    )


def _rows(found: Found, store: Simulated) -> Iterator[_Row]:
    distinct = distinct_releases(store.catalogue, store.locks, store.pins)
    model, has, served = predicted(found.constants, store.locks, store.pins, distinct), store.content, store.installs
    yield "distinct releases", distinct, has.blobs / 2
    yield "records", model.records, has.records
    yield "bytes of the records, MB", model.bytes / 1e6, has.record_bytes / 1e6
    for what, name, cpu in (
        ("sweep", "a sweep", model.sweep),
        ("verify", "a verification", model.verify),
        ("survey", "a survey", model.survey),
    ):
        if what in store.walks:
            yield f"{name}, CPU, s", cpu, store.walks[what].cpu
    cold = served.cold.cpu - served.warm.cpu
    yield "the first install of a lock, CPU beyond a warm one's, ms", model.cold * 1e3, cold * 1e3
    yield "memory of an idle server, MB", found.constants.idle / 1e6, served.idle / 1e6
    idle = found.constants.idle
    after = idle + (found.small.installs.warm.memory - idle) * store.pins / found.small.pins
    yield "memory after installs of twenty locks, MB", after / 1e6, served.warm.memory / 1e6
    if "sweep" in store.walks:
        grown = 250 * (store.locks + 3 * distinct)
        few = found.small.walks["sweep"].memory
        yield "memory of a sweep, MB", (few + grown) / 1e6, store.walks["sweep"].memory / 1e6


def _requests(found: Found) -> Table:
    memory, costs = found.memory, found.costs
    page = costs["a page that is frozen"] + costs["each further file on it"] * (found.common.files_of_pin - 1)
    files = costs["a file, first asked for"] + costs["its metadata, then"]
    model = (costs["a commit"] + page * memory.pins) * memory.locks + files * memory.distinct
    pages = memory.locks * memory.pins
    swept = memory.locks * 3 + pages + memory.distinct
    rows = [
        [name, number(one), number(other), number(one / other)]
        for name, one, other in (
            ("commits, frozen pages and files: writes", model.writes, memory.filled.writes),
            ("commits, frozen pages and files: reads", model.reads, memory.filled.reads),
            ("a sweep: all requests", swept, memory.swept.all),
        )
    ]
    size = f"{memory.locks:,} locks of {memory.pins} pins"
    return Table(
        f"The same for requests to the store: {size} in an object store in memory:",
        ("", "model", "simulation", "ratio"),
        rows,
    )
