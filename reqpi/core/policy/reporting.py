"""Verdicts on a lock as its defects and warnings: each at the line of its pin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from reqpi.core.crates.reading import crates_of
from reqpi.core.denials import crate_name
from reqpi.core.locks.findings import LIMIT
from reqpi.core.locks.tools.cargo import FORMAT
from reqpi.core.model import Lock
from reqpi.core.policy.denying import Allowed, is_allowed
from reqpi.core.policy.facts import Release
from reqpi.core.policy.verdicts import Verdict
from reqpi.core.report import Defect, Note

__all__ = ["ReportedPlace", "places_of", "reported"]

_RULE = "policy"
_ADVICE = "pin another release, or have the operator write an exception into the policy"
_TOLD = 5
_NAMED = 5
_CRATE_LINE = re.compile(r'(name|version) = "([^"]{1,200})"\s*')


@frozen
class ReportedPlace:
    """A line of a lock that pins a release.

    :param document: the path of the document, if several are committed together.
    """

    line: int
    text: str
    document: str = ""


def places_of(lock: Lock) -> Mapping[Release, Sequence[ReportedPlace]]:
    """Return each release that a lock names, with its lines. A pin of a source without a version names none."""
    places: dict[Release, list[ReportedPlace]] = {}
    for pin in lock.pins:
        if pin.version:
            place = ReportedPlace(pin.line, pin.text, pin.document)
            places.setdefault(Release(str(pin.project), pin.version), []).append(place)
    lines = _crate_lines(lock)
    for crate in (crate for each in crates_of(lock) for crate in each.crates):
        release = Release(f"crate:{crate_name(crate.name)}", crate.version)
        places[release] = [lines.get((crate.name, crate.version), ReportedPlace(0, crate.folder))]
    return places


def reported(
    places: Mapping[Release, Sequence[ReportedPlace]],
    found: Iterable[Verdict],
    allowed: Allowed,
    unknown: Sequence[str] = (),
) -> tuple[tuple[Defect, ...], tuple[Note, ...]]:
    """Return the defects and the warnings that verdicts give a lock.

    :param allowed: a denial that the operator has revoked is a warning.
    :param unknown: the projects of which an index did not answer in time.
    """
    denied: dict[Release, list[Verdict]] = {}
    warned: dict[Release, list[Verdict]] = {}
    for verdict in found:
        of = denied if verdict.denies and not is_allowed(verdict, allowed) else warned
        of.setdefault(verdict.fact.release, []).append(verdict)
    defects = [
        Defect(
            place.line,
            place.text,
            f"the policy denies {_named(release)}: {_said(group)}",
            _ADVICE,
            _RULE,
            place.document,
        )
        for release, group in denied.items()
        for place in places.get(release, ())
    ]
    notes = [
        Note(place.line, place.text, f"the policy warns about {_named(release)}: {_said(group)}", place.document)
        for release, group in warned.items()
        for place in places.get(release, ())
    ]
    return tuple(defects[:LIMIT]), (*notes[:LIMIT], *_unknown(unknown))


def _unknown(projects: Sequence[str]) -> Iterator[Note]:
    if projects:
        more = f" and {len(projects) - _NAMED} more" if len(projects) > _NAMED else ""
        named = f"{', '.join(projects[:_NAMED])}{more}"
        message = (
            f"the indexes did not say in time what the policy asks about {named}: it decides when a page is requested"
        )
        yield Note(0, "", message)


def _named(release: Release) -> str:
    return f"{release.project} {release.version}"


def _said(group: Sequence[Verdict]) -> str:
    """Return the reasons, each once: of several young files the first one is named."""
    distinct = list({verdict.cause: verdict for verdict in reversed(group)}.values())[::-1]
    more = f"; and {len(distinct) - _TOLD} more" if len(distinct) > _TOLD else ""
    return "; ".join(verdict.in_words for verdict in distinct[:_TOLD]) + more


def _crate_lines(lock: Lock) -> Mapping[tuple[str, str], ReportedPlace]:
    """Return the line of each crate in the Cargo.locks: that of its name, which cargo writes above its version."""
    places: dict[tuple[str, str], ReportedPlace] = {}
    for document in lock.documents:
        name, line = "", 0
        for number, text in enumerate(document.data.decode("utf-8", "replace").split("\n"), 1):
            found = _CRATE_LINE.fullmatch(text) if document.format == FORMAT else None
            if found is not None and found[1] == "name":
                name, line = found[2], number
            elif found is not None:
                places.setdefault((name, found[2]), ReportedPlace(line, f"{name} {found[2]}", document.path))
    return places
