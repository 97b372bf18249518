"""The reasons of a failed request, in words: Twisted wraps them in one error, whose own message shows its internals."""

from __future__ import annotations

from OpenSSL.SSL import Error as TLSError
from twisted.python.failure import Failure
from twisted.web.http import PotentialDataLoss, _DataLoss

__all__ = ["ENDED_EARLY", "reasons_of"]

_LONGEST = 500

ENDED_EARLY = "the connection closed before the whole response arrived"


def reasons_of(failure: Failure) -> str:
    """Return each reason of a failure once, in one line of at most 500 characters."""
    reasons = getattr(failure.value, "reasons", None) or [failure]
    return "; ".join(dict.fromkeys(filter(None, map(_words, reasons))))[:_LONGEST]


def _words(reason: Failure) -> str:
    if reason.check(PotentialDataLoss, _DataLoss):
        return ENDED_EARLY
    if isinstance(reason.value, TLSError):
        return "; ".join(text for *_, text in reason.value.args[0]) if reason.value.args else "TLS failed"
    return reason.getErrorMessage().rstrip(".")
