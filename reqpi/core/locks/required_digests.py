"""The check behind ``--require-hashes``: every pin must determine the bytes of its files.

A pin without a digest commits to a version. Which bytes that is, the server decides that sees its files first: a client
cannot check it.
"""

from __future__ import annotations

from reqpi.core.locks.findings import LIMIT
from reqpi.core.locks.rules.requirements import MORE_DEFECTS, Rule, shown
from reqpi.core.model import Lock, Pin
from reqpi.core.report import Defect

__all__ = ["missing_digests"]

REQUIRED_DIGEST = Rule(
    "required-digest",
    "{name} has no digest, and --require-hashes requires one",
    "add its `--hash=sha256:…` (pip-compile and uv pip compile write them with --generate-hashes), "
    "or lock again from an index that provides sha256 digests",
)


def missing_digests(lock: Lock) -> tuple[Defect, ...]:
    """Return a defect for each pin that is trusted on first use, in the order of the document.

    A git commit needs no digest, because it is one.
    """
    pins = [pin for pin in lock.pins if pin.trusted_on_first_use]
    more = len(pins) - LIMIT
    if more <= 0:
        return tuple(map(_defect, pins))
    rest = Defect(0, "", MORE_DEFECTS.problem.format(what=more), MORE_DEFECTS.advice, MORE_DEFECTS.name)
    return (*map(_defect, pins[:LIMIT]), rest)


def _defect(pin: Pin) -> Defect:
    problem = REQUIRED_DIGEST.problem.format(name=pin.project)
    return Defect(pin.line, shown(pin.text), problem, REQUIRED_DIGEST.advice, REQUIRED_DIGEST.name, pin.document)
