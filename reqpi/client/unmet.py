"""The unmet requirements of a lock, in words."""

from __future__ import annotations

from collections.abc import Mapping

from reqpi.client.json_members import number, objects, text, texts
from reqpi.core.report import Defect

__all__ = ["unmet_in"]

_SHOWN = 2
"""Environments that are named for one requirement."""


def unmet_in(found: Mapping[str, object]) -> tuple[Defect, ...]:
    """Return the unmet requirements of a report in words."""
    return tuple(
        Defect(number(each, "line"), "", _in_words(each), "", document=text(each, "document"))
        for each in objects(found, "unmet")
    )


def _in_words(unmet: Mapping[str, object]) -> str:
    verb = "is built with" if text(unmet, "kind") == "build" else "requires"
    where = texts(unmet, "environments")
    shown = (
        f" ({', '.join(where[:_SHOWN])}{f' and {len(where) - _SHOWN} more' if len(where) > _SHOWN else ''})"
        if where
        else ""
    )
    return f"{text(unmet, 'release')} {verb} {text(unmet, 'requirement')}: {text(unmet, 'reason')}{shown}"
