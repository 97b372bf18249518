"""One request and its answer, within bounds of time and size.

:mod:`http.client` rather than :mod:`urllib.request`: a redirect must be seen and not followed, and an answer that
comes while the body is still on its way (413) must be read though the sending failed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from reqpi import __version__
from reqpi.client.environment import ClientProxy, credentials_for, proxy_for, tls_context
from reqpi.client.errors import ServerTrouble
from reqpi.client.target import BasicLogin, ServerTarget

__all__ = ["ServerResponse", "ask", "begun"]

LONGEST = 16 * 1024 * 1024  # bytes of an answer; a lock of 8 MiB whose every line is a defect stays below
TO_CONNECT = 10.0  # seconds
SILENCE = 120.0  # seconds without a byte; a server may ask its upstream before it answers
WHOLE = 600.0  # seconds for everything, against a server that sends a byte a minute


class ServerResponse(NamedTuple):
    """What a server answers.

    :param content_type: lower case, without parameters.
    :param location: where a redirect points, as the server spells it.
    """

    status: int
    reason: str
    content_type: str
    location: str | None
    body: bytes


def ask(
    target: ServerTarget,
    method: str,
    path: str,
    body: bytes | None = None,
    content_type: str = "",
    *,
    longest: int | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
    silence: float | None = None,
) -> ServerResponse:
    """Ask ``target`` for ``path``, which begins with a slash and is below its prefix.

    :param content_type: of the body.
    :param longest: bytes of an answer; ``None``: 16 MiB.
    :param headers: beside our own.
    :param silence: seconds without a byte, after which nothing more is awaited; ``None``: two minutes.
    :raises ServerTrouble: there is no answer, or one without end.
    :raises reqpi.client.errors.BadUsage: the environment names a proxy or a certificate bundle that cannot be used.
    """
    proxy = proxy_for(target)
    connection = _connection(target, proxy)
    overdue = threading.Event()
    opened: list[socket.socket] = []
    watchdog = threading.Timer(WHOLE, _hang_up, (connection, opened, overdue))
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.connect()
        opened.append(connection.sock)
        connection.sock.settimeout(SILENCE if silence is None else silence)
        url, sent, own = _request(target, path, body, content_type, proxy)
        answer = _answer(target, _send(connection, method, url, sent, own | dict(headers)), longest or LONGEST)
        if overdue.is_set():  # an answer without a length ends, as it seems, where we hang up
            raise TimeoutError
        return answer
    except (OSError, http.client.HTTPException) as error:
        raise _unanswered(target, error, overdue=overdue.is_set()) from error
    finally:
        watchdog.cancel()
        connection.close()


def begun(target: ServerTarget, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """The beginning of an answer to GET, whose body the caller reads, however long it is, and closes.

    :param headers: beside our own.
    :raises ServerTrouble: there is no answer.
    :raises reqpi.client.errors.BadUsage: as for :func:`ask`.
    """
    proxy = proxy_for(target)
    connection = _connection(target, proxy)
    try:
        connection.connect()
        connection.sock.settimeout(SILENCE)
        url, body, own = _request(target, path, None, "", proxy)
        return _send(connection, "GET", url, body, own | {"Accept": "*/*"} | headers)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise _unanswered(target, error, overdue=False) from error


def _connection(target: ServerTarget, proxy: ClientProxy | None) -> http.client.HTTPConnection:
    """A connection to ``target``, or through ``proxy``; not yet opened."""
    host, port = (proxy.host, proxy.port) if proxy else (target.host, target.port)
    if target.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TO_CONNECT)
    secure = http.client.HTTPSConnection(host, port, timeout=TO_CONNECT, context=tls_context())
    if proxy:
        secure.set_tunnel(target.host, target.port, headers=_login("Proxy-Authorization", proxy.credentials))
    return secure


def _request(
    target: ServerTarget, path: str, body: bytes | None, content_type: str, proxy: ClientProxy | None
) -> tuple[str, bytes | None, dict[str, str]]:
    """What to send: the URL of the request line, the body, the headers."""
    headers = {"Accept": "application/json", "User-Agent": f"reqpi/{__version__}", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = content_type
    headers |= _login("Authorization", target.credentials or credentials_for(target.host))
    if proxy and target.scheme == "http":
        # A proxy is given the whole URL (RFC 9112, section 3.2.2), and its own login beside the server's.
        return target.url + path, body, headers | _login("Proxy-Authorization", proxy.credentials)
    return target.prefix + path, body, headers | {"Host": target.authority}


def _login(header: str, credentials: BasicLogin | None) -> dict[str, str]:
    """The header that logs in, or none."""
    if credentials is None:
        return {}
    return {header: "Basic " + b64encode(f"{credentials.login}:{credentials.password}".encode()).decode("ascii")}


def _send(
    connection: http.client.HTTPConnection, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """Send the request, and begin to read the answer."""
    try:
        connection.request(method, url, body=body, headers=headers)
    except OSError as broken:
        # A server may answer early, 413 above all, and stop to listen (RFC 9112, section 9.3): its answer is the news.
        try:
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise broken from None
    return connection.getresponse()


def _answer(target: ServerTarget, response: http.client.HTTPResponse, longest: int) -> ServerResponse:
    """Read the answer to its end."""
    body = response.read(longest + 1)
    if len(body) > longest:
        raise ServerTrouble(f"{target.url} answers without end", f"More than {longest} bytes came; no ReqPI does that.")
    return ServerResponse(
        response.status,
        response.reason,
        response.headers.get_content_type(),
        response.getheader("Location"),
        body,
    )


def _hang_up(connection: http.client.HTTPConnection, opened: list[socket.socket], overdue: threading.Event) -> None:
    """Wake whoever waits on ``connection``, with an error.

    :param opened: its socket, which it forgets as soon as it has read the headers of a last answer.
    """
    overdue.set()
    for each in opened or [connection.sock]:
        with suppress(OSError, AttributeError):  # where it ended by itself in this moment, or has not begun
            each.shutdown(socket.SHUT_RDWR)


def _unanswered(target: ServerTarget, error: Exception, *, overdue: bool) -> ServerTrouble:
    """What to tell the user where no answer came."""
    if overdue:
        return ServerTrouble(f"{target.url} did not finish its answer within {WHOLE:.0f} seconds", "Try again later.")
    if isinstance(error, TimeoutError):
        return ServerTrouble(f"{target.url} does not answer in time", "Try again later, or look at the server's log.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerTrouble(
            f"the certificate of {target.url} is not trusted: {error.verify_message}",
            "Name the certificate of the authority that signed it in SSL_CERT_FILE or REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, ssl.SSLError):
        return ServerTrouble(f"{target.url} does not speak TLS as it should: {error.reason}", "Is it http, not https?")
    if isinstance(error, http.client.HTTPException):
        return ServerTrouble(
            f"{target.url} does not speak HTTP as it should: {type(error).__name__}",
            "Is the port right, and is it https, not http?",
        )
    return ServerTrouble(
        f"{target.url} cannot be reached: {getattr(error, 'strerror', None) or error}",
        "Start a server with 'reqpi server', or name another with --url or REQPI_URL.",
    )
