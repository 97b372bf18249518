"""The table of the errors that a command can end with, and their exit statuses."""

from __future__ import annotations

from reqpi.cli.inputs.lock_files import LockHasDefects
from reqpi.cli.messages import tell_error
from reqpi.cli.statuses import ADDRESS_DIFFERS, CRATES_NOT_PINNED, DEFECTS, SERVER_TROUBLE, USAGE
from reqpi.client.errors import AddressDiffers, BadUsage, ClientError, CratesNotPinned, IndexElsewhere, LockRefused
from reqpi.client.fetching import FetchFailed
from reqpi.core import errors

__all__ = ["tell_failure"]

# The first matching row counts.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (BadUsage, USAGE),
    (LockRefused, DEFECTS),
    (CratesNotPinned, CRATES_NOT_PINNED),
    (AddressDiffers, ADDRESS_DIFFERS),
    (IndexElsewhere, ADDRESS_DIFFERS),
    (ClientError, SERVER_TROUBLE),
    (errors.BrokenLock, DEFECTS),
    (errors.UnreadableProject, USAGE),
    (errors.Misconfigured, USAGE),
    (errors.ReqPIError, SERVER_TROUBLE),
)


def tell_failure(error: Exception) -> int | None:
    """Report ``error`` to the user.

    :returns: the exit status; ``None`` if the error is not one of ReqPI's, so that its traceback is shown instead.
    """
    if isinstance(error, LockHasDefects):
        return DEFECTS
    if not isinstance(error, ClientError | errors.ReqPIError):
        return None
    tell_error(error.title, error.detail)
    if isinstance(error, FetchFailed):
        for name, failure in sorted(error.failures.items()):
            tell_error(f"missing: {name}: {failure.title}", failure.detail)
    return next(status for kind, status in _STATUSES if isinstance(error, kind))
