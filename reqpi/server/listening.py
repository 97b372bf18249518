"""The errors of a port that cannot be opened, with advice for the operator; and the mode of a Unix socket."""

from __future__ import annotations

import errno
import re

from reqpi.core.errors import Misconfigured

__all__ = ["CannotListen", "cannot_listen", "private_socket"]

_REASONS = {
    errno.EADDRINUSE: ("The port is in use.", "Specify another one with --http or REQPI_HTTP."),
    errno.EADDRNOTAVAIL: ("This machine does not have that address.", "Specify another one with --http or REQPI_HTTP."),
    errno.EACCES: (
        "This user may not open that port.",
        "Specify one above 1023 with --http or REQPI_HTTP, or start twistd as root with --uid.",
    ),
}


_UNIX = re.compile(r"unix:(?!.*(?<!\\):mode=)")
"""The beginning of a Unix socket without a mode. A colon in its path is written with a backslash."""


def private_socket(description: str) -> str:
    """Return the description of an endpoint, with mode 600 if it is a Unix socket without a mode; Twisted's is 666."""
    return f"{description}:mode=600" if _UNIX.match(description) else description


class CannotListen(Misconfigured):
    """A server cannot open one of its ports.

    :ivar advice: the option to change; only commands that have the option show it.
    """

    advice = ""


def cannot_listen(description: str, error: Exception) -> CannotListen:
    """Return the error for an endpoint that cannot be opened.

    :param description: the endpoint, as the operator wrote it.
    :param error: an :class:`OSError`, Twisted's ``CannotListenError``, or an error of an endpoint's parser.
    """
    cause = getattr(error, "socketError", error)
    reason, advice = _REASONS.get(getattr(cause, "errno", None) or 0, (_sentence(cause), ""))
    found = CannotListen(f"cannot listen on {description}", reason)
    found.advice = advice
    return found


def _sentence(error: Exception) -> str:
    return f"{getattr(error, 'strerror', None) or error}".rstrip(".") + "."
