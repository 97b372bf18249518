"""Pins that cannot be completed: the lines of the lock to which an error of an upstream belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from reqpi.core.errors import NothingUpstream, UpstreamTrouble
from reqpi.core.model import Pin
from reqpi.core.report import Defect

__all__ = ["all_lacking", "lines_of", "named"]

_SHOWN = 1000
"""Lines that one error names at most, as for the defects of a lock."""


@contextmanager
def named(pins: Iterable[Pin]) -> Iterator[None]:
    """Add the lines of ``pins`` to an error that is about them."""
    try:
        yield
    except UpstreamTrouble as error:
        if error.of_a_pin and not error.defects:
            error.defects = tuple(
                Defect(pin.line, pin.text, error.title, error.detail, "upstream", pin.document) for pin in pins
            )
        raise


def lines_of(errors: Iterable[UpstreamTrouble]) -> tuple[Defect, ...]:
    """Return the lines of all ``errors``, in the order of the lock, each once."""
    defects = dict.fromkeys(defect for error in errors for defect in error.defects)
    return tuple(sorted(defects, key=lambda defect: (defect.document, defect.line)))


def all_lacking(errors: Sequence[UpstreamTrouble]) -> UpstreamTrouble:
    """Return one error for all ``errors``; a single one is returned as it is."""
    if len(errors) == 1:
        return errors[0]
    defects = lines_of(errors)
    first = f"The first: {defects[0].problem}. The lines name all of them."
    error = NothingUpstream(f"{len(defects)} pins of the lock cannot be completed", first)
    error.defects = defects[:_SHOWN]
    error.withheld = tuple(each for every in errors for each in every.withheld)
    return error
