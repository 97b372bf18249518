"""Pins that cannot be completed: the lines of the lock that an upstream's answer is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from reqpi.core.errors import NothingUpstream, UpstreamTrouble
from reqpi.core.model import Pin
from reqpi.core.report import Defect

__all__ = ["all_lacking", "lines_of", "named"]

_SHOWN = 1000
"""Lines that one error names, as for the defects of a lock."""


@contextmanager
def named(pins: Iterable[Pin]) -> Iterator[None]:
    """Have an error that says something about ``pins`` carry their lines."""
    try:
        yield
    except UpstreamTrouble as error:
        if error.of_a_pin and not error.defects:
            error.defects = tuple(
                Defect(pin.line, pin.text, error.title, error.detail, "upstream", pin.document) for pin in pins
            )
        raise


def lines_of(errors: Iterable[UpstreamTrouble]) -> tuple[Defect, ...]:
    """The lines of all of them, in the order of the lock, each once."""
    defects = dict.fromkeys(defect for error in errors for defect in error.defects)
    return tuple(sorted(defects, key=lambda defect: (defect.document, defect.line)))


def all_lacking(errors: Sequence[UpstreamTrouble]) -> UpstreamTrouble:
    """One error for all of them; a single one as it is."""
    if len(errors) == 1:
        return errors[0]
    defects = lines_of(errors)
    first = f"{defects[0].problem}; and so on: see the lines."
    error = NothingUpstream(f"{len(defects)} pins of the lock cannot be completed", first)
    error.defects = defects[:_SHOWN]
    return error
