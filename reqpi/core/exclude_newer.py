"""``--exclude-newer``: the time from which on uploads are not seen, in uv's notation.

The value is a timestamp (:rfc:`3339`), a date, or an age: ``30 days``, ``2 weeks 12 hours``, ``P30D``, ``PT36H``. A
date includes all of that day, in UTC. uv uses the time zone of the machine, so that the same value means a different
time on another machine.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from attrs import evolve

from reqpi.core.model import File, Page

__all__ = ["BadExcludeNewer", "before", "has_no_times", "read_duration", "read_exclude_newer"]

_LONGEST = 64
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
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
    """A text is not a valid value of ``--exclude-newer``."""


def read_exclude_newer(text: str, now: datetime) -> datetime:
    """Return the time that ``text`` specifies, in UTC.

    :param now: the time that an age is counted back from, with a zone.
    :raises BadExcludeNewer: ``text`` is not a valid value.
    """
    value = text.strip()
    if len(value) <= _LONGEST:
        try:
            if _DATE.fullmatch(value):
                return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC) + timedelta(days=1)
            if _TIMESTAMP.fullmatch(value):
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
            age = read_duration(value)
            if age is not None:
                return (now - age).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadExcludeNewer(
        f"{value[:_LONGEST]!r} is not a valid time: write a date (2026-11-01), a timestamp with its zone "
        "(2026-11-01T12:00:00Z), or an age (30 days, P30D; a month has no fixed length)"
    )


def before(page: Page, exclude_newer: datetime) -> Page:
    """Return the page with only the files uploaded before ``exclude_newer``.

    A file whose upload time is unknown is left out.
    """
    return evolve(page, files=tuple(file for file in page.files if _uploaded_before(file, exclude_newer)))


def has_no_times(page: Page) -> bool:
    """Return whether the page has files, and the upload time of all of them is unknown."""
    return bool(page.files) and not any(file.upload_time for file in page.files)


def _uploaded_before(file: File, exclude_newer: datetime) -> bool:
    # The times of a page were checked when it was read: they are valid timestamps with a zone.
    return file.upload_time is not None and datetime.fromisoformat(file.upload_time) < exclude_newer


def read_duration(text: str) -> timedelta | None:
    """Return the age that ``text`` specifies; ``None`` if it is not an age.

    :raises OverflowError: it is longer than any time that can be written.
    """
    iso = _ISO.fullmatch(text)
    if iso is not None:
        found = {unit: int(count) for unit, count in iso.groupdict().items() if count}
        return timedelta(**found) if found else None
    words = re.sub(r"\s+ago\Z", "", text, flags=re.IGNORECASE | re.ASCII)
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
