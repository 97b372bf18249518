"""The check of a lock in one environment: which requirements of its releases no pin meets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from reqpi.core.closed.environments import SingleTarget
from reqpi.core.closed.releases import LockedRelease, Requirements
from reqpi.core.closed.report import UnmetRequirement
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.model import Pin, Project
from reqpi.core.requires_dist import RequiresDist, may_hold, walk

__all__ = ["Checking"]

_EFFORT = 15_000_000
"""The work for one report, unless it is limited otherwise. A lock of 1,000 pins needs about half of it."""

_STEP, _EVALUATION = 2, 20
"""The work for each requirement that is looked at; for each marker that is evaluated, in addition to its characters."""

_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_CHOICES = re.compile(r"\b(?:extras?|dependency_groups)\b")
_MOST_CHOICES = 20


class Checking:
    """The check of one lock in any number of environments.

    :param local: the projects that the lock takes from folders of the user's machine: a requirement on one is met.
    :param effort: the work to do at most, in microseconds, as an estimate; ``None``: that of a report.
    :ivar unknown: sentences about markers that could not be read.
    :ivar exhausted: the lock takes more work than is done, so that the result is incomplete.
    """

    def __init__(
        self, releases: Sequence[LockedRelease], local: Collection[Project] = (), effort: int | None = None
    ) -> None:
        self.local = local
        self.unknown: dict[str, None] = {}
        self.exhausted = False
        self._releases = releases
        self._by_project: dict[Project, list[LockedRelease]] = {}
        for release in releases:
            self._by_project.setdefault(release.project, []).append(release)
        self._markers = Markers()
        self._parsed: dict[str, Marker | None] = {}
        self._specifiers: dict[str, SpecifierSet] = {}
        self._may_hold: dict[tuple[str, frozenset[str]], bool] = {}
        self._left = _EFFORT if effort is None else effort

    def needed(self, environments: Iterable[SingleTarget]) -> list[LockedRelease]:
        """Return the releases whose requirements matter: they are pinned in some environment, and have a file there."""
        found: dict[LockedRelease, None] = {}
        for environment in environments:
            found |= dict.fromkeys(self.applying(environment.values))
        return [release for release in found if release.described is not None]

    def unmet_in(
        self, environment: SingleTarget, requires: Mapping[LockedRelease, Requirements]
    ) -> list[UnmetRequirement]:
        """Return everything that is not met in one environment.

        :param requires: the requirements of those releases that are :meth:`needed`.
        """
        return _InOne(self, environment).unmet(requires)

    def unusable_in(self, environment: SingleTarget) -> list[UnmetRequirement]:
        """Return the releases of which no file can be used in one environment, each with the reason."""
        return _InOne(self, environment).unusable()

    def projects(self, project: Project) -> Sequence[LockedRelease]:
        """Return the pinned releases of a project."""
        return self._by_project.get(project, ())

    def applying(self, values: Mapping[str, str]) -> dict[LockedRelease, list[Pin]]:
        """Return the releases that are pinned in an environment, with the pins that apply there."""
        known: dict[str, bool] = {"": True}
        found: dict[LockedRelease, list[Pin]] = {}
        for release in self._releases:
            for pin in release.pins:
                marker = pin.marker or ""
                if marker not in known:
                    known[marker] = self._applies(marker, values)
                if known[marker]:
                    found.setdefault(release, []).append(pin)
        return found

    def may_count(self, requirement: RequiresDist, extras: set[str]) -> bool:
        """Return whether a requirement may count with these extras, in whatever environment."""
        if not self._spend(_STEP):
            return False
        key = (requirement.marker, requirement.under & extras)
        known = self._may_hold.get(key)
        if known is None:
            known = self._may_hold[key] = self._spend(len(key[0])) and may_hold(*key)
        return known

    def holds(self, marker: str, values: Mapping[str, str]) -> bool:
        """Return whether a marker of core metadata holds. One that cannot be read does not, and is noted."""
        parsed = self._marker(marker)
        return parsed is not None and parsed.evaluate(dict(values))

    def meets(self, release: LockedRelease, requirement: RequiresDist) -> bool:
        """Return whether a pinned release meets a requirement. A source meets one that names a URL."""
        if requirement.by_url:
            return any(pin.source is not None for pin in release.pins)
        if release.version is None:
            return True
        text = requirement.specifier
        asked = self._specifiers.get(text)
        if asked is None:
            asked = self._specifiers[text] = SpecifierSet(text)
        return asked.contains(release.version, prereleases=True)

    def _applies(self, marker: str, values: Mapping[str, str]) -> bool:
        """Return whether a pin applies. One that depends on an extra or group of the project may apply."""
        choices = list(_choices(marker)) if _CHOICES.search(marker) else []
        parsed = self._marker(marker, len(choices) or 1)
        if parsed is None:
            return True
        if not choices:
            return parsed.evaluate({**values, "extra": ""})
        return any(parsed.evaluate({**values, **choice}, context="lock_file") for choice in choices)

    def _spend(self, work: int) -> bool:
        self._left -= work
        self.exhausted = self._left < 0
        return not self.exhausted

    def _marker(self, text: str, times: int = 1) -> Marker | None:
        if not self._spend((len(text) + _EVALUATION) * times):
            return None
        if text not in self._parsed:
            try:
                self._markers.check(text)
            except Refused as refused:
                self.unknown[f"a marker cannot be read: {refused.problem}"] = None
                self._parsed[text] = None
            else:
                self._parsed[text] = Marker(text)
        return self._parsed[text]


def _choices(marker: str) -> Iterator[dict[str, str | frozenset[str]]]:
    """Yield values for the extras and groups that a marker names: none of them, each of them, all of them."""
    named = list(dict.fromkeys(one or other for one, other in _QUOTED.findall(marker)))[:_MOST_CHOICES]
    for chosen in (frozenset[str](), *(frozenset({each}) for each in named), frozenset(named)):
        yield {"extra": next(iter(chosen), ""), "extras": chosen, "dependency_groups": chosen}


class _InOne:
    """The check in one environment."""

    def __init__(self, checking: Checking, environment: SingleTarget) -> None:
        self._checking = checking
        self._environment = environment
        self._applying = checking.applying(environment.values)
        self._held: dict[tuple[str, str], bool] = {}
        self._runs: dict[str | None, bool] = {}
        self._unmet: dict[UnmetRequirement, None] = {}

    def unmet(self, requires: Mapping[LockedRelease, Requirements]) -> list[UnmetRequirement]:
        """Return everything that is not met, in the order in which it is found."""
        self._unmet.update(dict.fromkeys(self.unusable()))
        asked = {each: sorted({extra for pin in pins for extra in pin.extras}) for each, pins in self._applying.items()}
        known = {each: requires[each].known for each in self._applying if each in requires}
        walk(known, asked, self._follow)
        return list(self._unmet)

    def unusable(self) -> list[UnmetRequirement]:
        """Return the reason for each release of which no file can be used."""
        return [found for release in self._applying for found in self._unusable(release)]

    def _unusable(self, release: LockedRelease) -> Iterator[UnmetRequirement]:
        """Yield the reason why none of the files of a release can be used."""
        target = self._environment.target
        running = [file for file in release.files if self._is_run(file.requires_python)]
        if not running:
            said = sorted({str(file.requires_python).replace(" ", "") for file in release.files})
            reason = f"not Python {self._environment.values['python_version']}"
            yield self._of(release, release.name(), f"Python{' or '.join(said)}", reason, "python")
        elif release.described is None or (self._environment.named and not any(map(target.takes, running))):
            yield self._of(release, release.name(), "a file for this target", "the lock admits no such file", "file")

    def _is_run(self, requires_python: str | None) -> bool:
        """Return whether the environment has such a Python; most files of a lock ask for one of a few."""
        known = self._runs.get(requires_python)
        if known is None:
            known = self._runs[requires_python] = self._environment.target.runs(requires_python)
        return known

    def _follow(
        self, release: LockedRelease, requirement: RequiresDist, extras: set[str]
    ) -> list[tuple[LockedRelease, str]]:
        """Look at a requirement, if it counts; return the releases that meet it, each with an extra that it requests.

        :param extras: the requested extras of the release, and the empty text for the release itself.
        """
        extra = self._under(requirement, extras)
        if extra is None:
            return []
        pinned = self._checking.projects(requirement.project)
        meeting = [each for each in pinned if self._checking.meets(each, requirement)]
        applying = [each for each in meeting if each in self._applying]
        if not applying and requirement.project not in self._checking.local:
            reason = self._reason(pinned, meeting)
            found = self._of(release, release.name(extra), str(requirement), reason, "requirement")
            self._unmet[found] = None
        return [(each, requested) for each in applying for requested in requirement.extras]

    def _under(self, requirement: RequiresDist, extras: set[str]) -> str | None:
        """Return the extra with which a requirement counts, the empty text if it always does; otherwise ``None``."""
        marker = requirement.marker
        if not self._checking.may_count(requirement, extras):
            return None
        if not marker:
            return ""
        return next((each for each in ("", *sorted(requirement.under & extras)) if self._holds(marker, each)), None)

    def _holds(self, marker: str, extra: str) -> bool:
        known = self._held.get((marker, extra))
        if known is None:
            known = self._checking.holds(marker, {**self._environment.values, "extra": extra})
            self._held[marker, extra] = known
        return known

    def _reason(self, pinned: Sequence[LockedRelease], meeting: Sequence[LockedRelease]) -> str:
        if not pinned:
            return "not pinned"
        if meeting:
            markers = dict.fromkeys(pin.marker for each in meeting for pin in each.pins if pin.marker)
            return f"pinned only where {' or '.join(map(str, markers))}"
        here = [each for each in pinned if each in self._applying] or pinned
        versions = ", ".join(str(each.version) for each in here if each.version is not None)
        return f"pinned to {versions}, which does not satisfy it"

    @staticmethod
    def _of(release: LockedRelease, name: str, requirement: str, reason: str, kind: str) -> UnmetRequirement:
        pin = release.pins[0]
        return UnmetRequirement(name, requirement, reason, kind, pin.line, pin.text, pin.document)
