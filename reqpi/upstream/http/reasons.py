"""Why a request broke off, in words: Twisted packs the reasons into one error, whose own words show its insides."""

from __future__ import annotations

from OpenSSL.SSL import Error as TLSError
from twisted.python.failure import Failure
from twisted.web.http import PotentialDataLoss, _DataLoss

__all__ = ["reasons_of"]

_LONGEST = 500


def reasons_of(failure: Failure) -> str:
    """Each reason once, in one line."""
    reasons = getattr(failure.value, "reasons", None) or [failure]
    return "; ".join(dict.fromkeys(filter(None, map(_words, reasons))))[:_LONGEST]


def _words(reason: Failure) -> str:
    if reason.check(PotentialDataLoss, _DataLoss):
        return "it ended before its end"
    if isinstance(reason.value, TLSError):
        return "; ".join(text for *_, text in reason.value.args[0]) if reason.value.args else "TLS failed"
    return reason.getErrorMessage().rstrip(".")
