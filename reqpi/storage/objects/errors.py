"""Errors of an object store's client -> the errors of :mod:`reqpi.core.errors`.

Titles and details reach HTTP clients, so they name no bucket, endpoint or key. The store's own message is kept as
``__cause__``, for the operator's log, without the client's dump of its internals.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from reqpi.core.errors import StoreFull, StoreTrouble

__all__ = ["ClientMessage", "ErrorKind", "kind_of", "said", "trouble"]


class ErrorKind(Enum):
    """The kinds of errors that are distinguished."""

    ABSENT = auto()
    NO_BUCKET = auto()
    NO_CREDENTIALS = auto()
    WRONG_CREDENTIALS = auto()
    FORBIDDEN = auto()
    WRONG_REGION = auto()
    UNREACHED = auto()
    UNSUPPORTED = auto()
    FULL = auto()
    OTHER = auto()


class ClientMessage(Exception):
    """The message of the store or of its client, which may have several lines.

    :param reason: why the store was not reached, in a few words that name no host; empty if that is not known.
    """

    def __init__(self, text: str, kind: ErrorKind = ErrorKind.OTHER, reason: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.reason = reason

    @property
    def gist(self) -> str:
        """The code and message of S3's error document, or otherwise the first line; as a sentence."""
        found = re.search(r"<Code>(.*?)</Code>(?:.*?<Message>(.*?)</Message>)?", str(self), re.DOTALL)
        text = ": ".join(filter(None, found.groups())) if found else str(self).partition("\n")[0]
        return text.rstrip(". ") + "."


_DUMP = "\n\nDebug source:"
_LONGEST = 1000

_MARKS: tuple[tuple[ErrorKind, tuple[str, ...]], ...] = (
    (ErrorKind.NO_BUCKET, ("NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist")),
    # If no credentials are configured, the client asks the machine's metadata service, and names its address.
    (
        ErrorKind.NO_CREDENTIALS,
        (
            *("169.254.169.254", "/latest/api/token", "/latest/meta-data", "metadata.google.internal"),
            *("token request", "MissingCredentials"),
        ),
    ),
    (
        ErrorKind.WRONG_CREDENTIALS,
        (
            *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthenticationFailed"),
            *("InvalidSecurity", "TokenRefreshRequired", "RequestTimeTooSkewed", "401 Unauthorized"),
        ),
    ),
    (ErrorKind.WRONG_REGION, ("incorrectly configured region", "AuthorizationHeaderMalformed", "PermanentRedirect")),
    (ErrorKind.FORBIDDEN, ("403 Forbidden", "AccessDenied", "AuthorizationFailure")),
    (
        ErrorKind.FULL,
        ("507 Insufficient Storage", "StorageFull", "QuotaExceeded", "InsufficientStorage", "No space left on device"),
    ),
    (ErrorKind.UNSUPPORTED, ("501 Not Implemented", "not yet implemented by")),
    (ErrorKind.UNREACHED, ("HTTP error:", "timed out", "connection closed")),
)
"""Marks of each kind in messages of S3, Google and Azure; the first kind with a match applies."""

_BY_CLASS = {
    "UnauthenticatedError": ErrorKind.WRONG_CREDENTIALS,
    "PermissionDeniedError": ErrorKind.FORBIDDEN,
    "FileNotFoundError": ErrorKind.ABSENT,
    "NotFoundError": ErrorKind.ABSENT,
}

_REASONS = (
    ("InvalidCertificate", "its certificate is not trusted"),
    ("InvalidContentType", "it does not speak TLS"),
    ("dns error", "its name is not known"),
    ("Connection refused", "it refuses connections"),
    ("TimedOut", "it does not answer in time"),
)
"""Marks in the client's dump, and what they mean."""

_DETAILS = {
    ErrorKind.NO_BUCKET: "Its bucket is gone.",
    ErrorKind.NO_CREDENTIALS: "No credentials are available.",
    ErrorKind.WRONG_CREDENTIALS: "It rejects the credentials.",
    ErrorKind.FORBIDDEN: "It does not permit that.",
    ErrorKind.UNREACHED: "It does not answer.",
}


def said(error: BaseException) -> ClientMessage:
    """Return the message of an error, without the client's dump of its internals."""
    text, _, dump = str(error).partition(_DUMP)
    reason = next((reason for mark, reason in _REASONS if mark in dump), "")
    return ClientMessage(text[:_LONGEST], kind_of(error), reason)


def kind_of(error: BaseException) -> ErrorKind:
    """Return the kind of an error of the client."""
    text = str(error).partition(_DUMP)[0]
    for kind, marks in _MARKS:
        if any(mark in text for mark in marks):
            return kind
    return _BY_CLASS.get(type(error).__name__, ErrorKind.OTHER)


def trouble(doing: str, what: ClientMessage) -> StoreTrouble:
    """Return the error to raise from ``what``.

    :param doing: the participle of the operation that failed: ``read``, ``written``.
    """
    if what.kind is ErrorKind.FULL:
        return StoreFull("the store is full", "The operator of this index has to make room; then try again.")
    why = _DETAILS.get(what.kind, "It answers with an error.")
    return StoreTrouble(
        f"the store cannot be {doing}", f"{why} Try again; the log of this index has more for its operator."
    )
