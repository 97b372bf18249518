"""The errors of a port that cannot be opened, with advice for the operator; and the mode of a Unix socket."""

from __future__ import annotations

import errno
import re

from reqpi.core.errors import Misconfigured

__all__ = ["CannotListen", "cannot_listen", "endpoint_of", "private_socket"]

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


_HOST_AND_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,255})):([0-9]{1,5})")

_KINDS = ("tcp", "tcp6", "ssl", "tls", "unix", "systemd", "haproxy")
"""Beginnings of endpoints, which are no hosts."""


def endpoint_of(where: str) -> str:
    """Return the endpoint string for a port that is not for everyone: a port alone is one of loopback.

    :param where: ``PORT``, ``HOST:PORT``, the path of a Unix socket, or an endpoint string.
    :raises reqpi.core.errors.Misconfigured: it is none of these.
    """
    if where.startswith("/"):
        return private_socket("unix:" + where.replace("\\", "\\\\").replace(":", "\\:"))
    match = _HOST_AND_PORT.fullmatch(where if ":" in where else f"127.0.0.1:{where}")
    host = "" if match is None else match[1] or match[2]
    if match is not None and host not in _KINDS and int(match[3]) <= 65535:
        escaped = host.replace(":", "\\:")
        return f"tcp:{match[3]}:interface={escaped}"
    if where.partition(":")[0] not in _KINDS or ":" not in where:
        advice = "Write HOST:PORT, such as 127.0.0.1:9464, or unix:PATH."
        raise Misconfigured(f"{where!r:.100} is not an endpoint", advice)
    return private_socket(where)


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
