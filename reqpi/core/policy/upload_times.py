"""Upload times that a lock contains itself: uv.lock and pylock.toml have one for each file.

They are the word of the lock: the page of an index decides later. They are looked for in the lines of a pin, so that
nothing is parsed twice; a lock that is written in another way has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from reqpi.core.model import Lock, Pin, Project
from reqpi.core.policy.facts import Fact, Release
from reqpi.core.policy.model import MIN_AGE

__all__ = ["facts_of_pins", "untimed"]

_TIME = re.compile(
    r"upload[-_]time\s*=\s*\"?(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)?)", re.ASCII
)


def facts_of_pins(lock: Lock, known: Collection[Project] = ()) -> Iterator[Fact]:
    """Yield the upload time of the latest file of each pin that has one.

    :param known: projects whose indexes have said more.
    """
    for pin, time in _times(lock):
        if time is not None and pin.project not in known:
            release = Release(str(pin.project), pin.version)
            yield Fact(MIN_AGE, release, f"a file of {pin.project} {pin.version}", uploaded=time)


def untimed(lock: Lock) -> frozenset[Project]:
    """Return the projects that an index has to be asked about, because a pin of them has no upload time."""
    return frozenset(pin.project for pin, time in _times(lock) if time is None and pin.source is None)


def _times(lock: Lock) -> Iterator[tuple[Pin, datetime | None]]:
    lines = {document.path: document.data.decode("utf-8", "replace").split("\n") for document in lock.documents}
    for pin in lock.pins:
        own = lines.get(pin.document, [])[max(pin.line - 1, 0) : pin.last_line] if pin.line else []
        times = filter(None, map(_read, _TIME.findall("\n".join(own)) if pin.version else ()))
        yield pin, max(times, default=None)


def _read(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError:  # the 31st of February
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
