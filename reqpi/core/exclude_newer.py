"""``--exclude-newer``: the moment from which on what was uploaded is not seen, as uv takes it.

A moment (:rfc:`3339`), a date, or how long ago: ``30 days``, ``2 weeks 12 hours``, ``P30D``, ``PT36H``. A date means
all of that day, in UTC: uv takes the time zone of the machine, so that the same words mean another moment elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from attrs import evolve

from reqpi.core.model import File, Page

__all__ = ["BadExcludeNewer", "before", "has_no_times", "read_exclude_newer"]

_LONGEST = 64
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_ISO = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE | re.ASCII,
)
_UNITS = {
    "weeks": ("w", "wk", "wks", "week", "weeks"),
    "days": ("d", "day", "days"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "seconds": ("s", "sec", "secs", "second", "seconds"),
}
_BY_WORD = {word: unit for unit, words in _UNITS.items() for word in words}
_PART = re.compile(r"(\d{1,9})\s*([a-z]+)(?:\s*,\s*|\s*)", re.IGNORECASE | re.ASCII)


class BadExcludeNewer(ValueError):
    """A text that says no moment."""


def read_exclude_newer(text: str, now: datetime) -> datetime:
    """The moment that ``text`` says, with a zone.

    :param now: what a duration is counted back from, with a zone.
    :raises BadCutoff: it says none.
    """
    said = text.strip()
    if len(said) <= _LONGEST:
        try:
            if _DATE.fullmatch(said):
                return datetime.combine(date.fromisoformat(said), datetime.min.time(), UTC) + timedelta(days=1)
            if _MOMENT.fullmatch(said):
                return datetime.fromisoformat(said.upper()).astimezone(UTC)
            ago = _duration(said)
            if ago is not None:
                return (now - ago).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadExcludeNewer(
        f"{said[:_LONGEST]!r} is no moment: write a date (2026-11-01), a moment with its zone (2026-11-01T12:00:00Z), "
        "or how long ago it was (30 days, P30D; a month has no fixed length)"
    )


def before(page: Page, exclude_newer: datetime) -> Page:
    """The page with the files that were uploaded before ``cutoff``. One of which that is not known is left out."""
    return evolve(page, files=tuple(file for file in page.files if _uploaded_before(file, exclude_newer)))


def has_no_times(page: Page) -> bool:
    """Whether there are files on the page, and of none it is known when it was uploaded."""
    return bool(page.files) and not any(file.upload_time for file in page.files)


def _uploaded_before(file: File, exclude_newer: datetime) -> bool:
    # A page's times were checked when it was read: they are moments, and have a zone.
    return file.upload_time is not None and datetime.fromisoformat(file.upload_time) < exclude_newer


def _duration(said: str) -> timedelta | None:
    """How long ago, where it says that; ``None`` where it does not."""
    iso = _ISO.fullmatch(said)
    if iso is not None:
        found = {unit: int(count) for unit, count in iso.groupdict().items() if count}
        return timedelta(**found) if found else None
    words = re.sub(r"\s+ago\Z", "", said, flags=re.IGNORECASE | re.ASCII)
    found = {}
    at = 0
    while at < len(words):
        part = _PART.match(words, at)
        unit = None if part is None else _BY_WORD.get(part[2].lower())
        if part is None or unit is None or unit in found:
            return None
        found[unit] = int(part[1])
        at = part.end()
    return timedelta(**found) if found else None
