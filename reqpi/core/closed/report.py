"""The report on whether a lock is closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import asdict, evolve, frozen

from reqpi.core.build_requirements import BuildReport
from reqpi.core.report import Note

__all__ = ["ClosedReport", "UnmetRequirement", "report_on"]

_MOST = 1000
"""Unmet requirements, and sentences, that one report lists."""


@frozen
class UnmetRequirement:
    """One requirement that no pin meets.

    :param release: what has it: ``requests 2.31.0``, ``requests[socks] 2.31.0``, the filename of an sdist.
    :param requirement: without its marker: ``urllib3<3,>=1.21.1``.
    :param reason: ``not pinned``; ``pinned to 1.20, which does not satisfy it``; ``pinned only where …``.
    :param kind: ``requirement``; ``python``: the release does not run on the Python; ``file``: no file of the release
        is for the target; ``build``: the sdist must be built, and this is needed for it.
    :param line: of the pin that has it.
    :param text: of that pin.
    :param document: of that pin.
    :param environments: the names of the environments in which it is not met; empty for a build requirement.
    """

    release: str
    requirement: str
    reason: str
    kind: str
    line: int = 0
    text: str = ""
    document: str = ""
    environments: tuple[str, ...] = ()

    def __str__(self) -> str:
        verb = "is built with" if self.kind == "build" else "requires"
        return f"{self.release} {verb} {self.requirement}: {self.reason}"


@frozen
class ClosedReport:
    """Whether a lock contains everything that it needs.

    :param basis: what gave the environments: ``target``, ``lock``, or ``common``.
    :param environments: the names of those in which it was checked.
    :param unmet: in the order of the lock.
    :param unknown: sentences about requirements that reading the files cannot determine.
    :param troubles: sentences about data that could not be obtained now.
    """

    basis: str
    environments: tuple[str, ...]
    unmet: tuple[UnmetRequirement, ...]
    unknown: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Everything that is known to be needed is pinned, and nothing failed to be read."""
        return not self.unmet and not self.troubles

    def notes(self) -> tuple[Note, ...]:
        """Return a warning for each unmet requirement; build requirements have warnings of their own."""
        return tuple(
            Note(each.line, each.text, str(each), each.document) for each in self.unmet if each.kind != "build"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "closed": self.closed,
            "basis": self.basis,
            "environments": self.environments,
            "unmet": [asdict(each) for each in self.unmet],
            "unknown": self.unknown,
            "troubles": self.troubles,
        }


def report_on(
    basis: str,
    found: Sequence[tuple[str, Sequence[UnmetRequirement]]],
    building: BuildReport,
    *,
    unknown: Iterable[str] = (),
    troubles: Iterable[str] = (),
) -> ClosedReport:
    """Put together what was found in each environment.

    Without a target, an environment in which a pinned release does not run does not count: the lock is not for it.

    :param found: the name of each environment, and what is not met there.
    :param building: the build requirements of the lock's sdists, for the same target.
    """
    counting = found
    if basis != "target":
        counting = [one for one in found if not any(each.kind == "python" for each in one[1])] or found
    if basis == "common":
        counting = [min(counting, key=lambda one: len(one[1]))] if counting else []
    unmet = [*_merged(counting), *_lacking(building)]
    unmet.sort(key=lambda each: (each.document, each.line, str(each)))
    troubles = list(troubles)
    if not found:
        troubles.append("the lock describes none of the common environments: specify a platform and a Python version")
    return ClosedReport(
        basis,
        tuple(dict.fromkeys(name for name, _ in counting)),
        tuple(unmet[:_MOST]),
        tuple(dict.fromkeys(unknown))[:_MOST],
        tuple(dict.fromkeys(troubles))[:_MOST],
    )


def _merged(found: Iterable[tuple[str, Sequence[UnmetRequirement]]]) -> Iterable[UnmetRequirement]:
    """Yield each unmet requirement once, with the environments in which it is not met."""
    where: dict[UnmetRequirement, dict[str, None]] = {}
    for name, unmet in found:
        for each in unmet:
            where.setdefault(each, {})[name] = None
    return (evolve(each, environments=tuple(names)) for each, names in where.items())


def _lacking(building: BuildReport) -> Iterable[UnmetRequirement]:
    """Yield the build requirements that the lock lacks, once for each sdist that must be built, or release, with it."""
    pins = {sdist.file.filename: sdist.pin for sdist in building.sdists if sdist.must_be_built}
    others = {sdist.file.filename for sdist in building.sdists} - pins.keys()
    first = next(iter(pins.values()), None)
    for wanted in building.wanted:
        reasons = {
            "missing": "not pinned",
            "elsewhere": "it names a URL",
            "differs": f"pinned to {', '.join(wanted.versions)}, which does not satisfy it",
        }
        for by in wanted.wanted_by if wanted.lacking else ():
            pin = pins.get(by, first)
            if pin is not None and by not in others:
                place = (pin.line, pin.text, pin.document)
                yield UnmetRequirement(by, wanted.requirement, reasons[wanted.state], "build", *place)
