"""The value of ``--hash=algorithm:digest`` -> :class:`~reqpi.core.model.Digest`."""

from __future__ import annotations

import re

from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.model import ALGORITHMS, Digest

__all__ = ["parse", "usual"]

_USUAL = re.compile(r"(?:[ \t]++--hash=(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))++")
_EACH = re.compile(r"=(sha[0-9]++):([0-9a-f]++)")

_HEX = re.compile(r"[0-9a-f]*+")
_WEAK = frozenset(["md5", "sha1", "sha224"])


def parse(value: str) -> Digest:
    """Return the digest that ``value`` spells, in any letter case.

    :param value: ``algorithm:digits``, such as ``sha256:`` and 64 hex digits.
    :raises reqpi.core.locks.rules.requirements.Refused: it is not a digest, or one that is too weak.
    """
    algorithm, colon, digits = value.partition(":")
    algorithm, digits = algorithm.lower(), digits.lower()
    if not colon or not algorithm:
        raise Refused(requirements.DIGEST, f"`--hash={value[:60]}` has no algorithm before its digits")
    if algorithm in _WEAK:
        raise Refused(requirements.WEAK_DIGEST, algorithm)
    length = ALGORITHMS.get(algorithm)
    if not length:
        raise Refused(requirements.ALGORITHM, algorithm)
    if not _HEX.fullmatch(digits):
        raise Refused(requirements.DIGEST, f"the {algorithm} digest has characters that are not hex digits")
    if len(digits) != length:
        raise Refused(requirements.DIGEST, f"the {algorithm} digest has {len(digits)} digits instead of {length}")
    return Digest(algorithm, digits)


def usual(options: str) -> frozenset[Digest] | None:
    """Return the digests of ``options``, or ``None`` if these are not purely digests as lock tools write them.

    The result is what :func:`parse` finds word by word, several times faster.

    :param options: all options of one requirement, with the white space before each.
    """
    if not _USUAL.fullmatch(options):
        return None
    return frozenset([Digest(algorithm, digits) for algorithm, digits in _EACH.findall(options)])
