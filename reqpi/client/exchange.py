"""One request and its response, within bounds of time and size.

It uses :mod:`http.client` rather than :mod:`urllib.request` for two reasons: a redirect must be seen and not followed,
and a response that arrives while the body is still being sent (413) must be read although sending failed.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from time import sleep
from types import MappingProxyType
from typing import NamedTuple

from reqpi import __version__
from reqpi.client.environment import CERTIFICATE_ADVICE, ClientProxy, credentials_for, proxy_for, tls_context
from reqpi.client.errors import ServerTrouble, final_trouble
from reqpi.client.target import BasicLogin, ServerTarget
from reqpi.core.certificate_causes import cause_of_code

__all__ = ["ServerResponse", "ask", "basic", "begun"]

LONGEST = 16 * 1024 * 1024  # bytes of a response; less is needed for a lock of 8 MiB in which every line has a defect
TO_CONNECT = 10.0  # seconds
SILENCE = 120.0  # seconds without a byte; a server may ask its upstream before it responds
_NO_RESPONSE = (OSError, http.client.HTTPException, UnicodeError)  # the last: a name that DNS cannot have
PATIENT = 60.0  # seconds in total for which a server that limits its clients may have one wait
WHOLE = 600.0  # seconds for the whole request, against a server that sends a byte a minute


class ServerResponse(NamedTuple):
    """The response of a server.

    :param content_type: lower case, without parameters.
    :param location: the target of a redirect, as the server spells it; ``None`` for anything else.
    :param retry_after: the seconds after which a server that limits its clients wants another attempt; 0: it does not.
    """

    status: int
    reason: str
    content_type: str
    location: str | None
    body: bytes
    retry_after: int = 0


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
    """Send a request to ``target``, and return the response. Wait if the server limits its clients, and send it again.

    :param path: begins with a slash; the prefix of the target is put before it.
    :param content_type: of the body.
    :param longest: maximum size of the response in bytes; ``None``: 16 MiB.
    :param headers: in addition to the usual ones.
    :param silence: seconds without a byte after which the request fails; ``None``: two minutes.
    :raises ServerTrouble: there is no response, or it is too long or takes too long.
    :raises reqpi.client.errors.BadUsage: an environment variable names a proxy or a certificate bundle that cannot be
        used.
    """
    asked = partial(
        _asked,
        target,
        method,
        path,
        body,
        content_type=content_type,
        longest=longest or LONGEST,
        headers=headers,
        silence=silence or SILENCE,
    )
    answer, waited = asked(), 0
    while 0 < answer.retry_after <= PATIENT - waited:
        sleep(answer.retry_after)
        waited += answer.retry_after
        answer = asked()
    return answer


def _asked(
    target: ServerTarget,
    method: str,
    path: str,
    body: bytes | None,
    *,
    content_type: str,
    longest: int,
    headers: Mapping[str, str],
    silence: float,
) -> ServerResponse:
    """Send a request once; see :func:`ask`."""
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
        connection.sock.settimeout(silence)
        url, sent, own = _request(target, path, body, content_type, proxy)
        answer = _answer(target, _send(connection, method, url, sent, own | dict(headers)), longest)
        if overdue.is_set():  # a response without a length seems complete when the connection is shut down here
            raise TimeoutError
        return answer
    except _NO_RESPONSE as error:
        raise _unanswered(target, error, overdue=overdue.is_set()) from error
    finally:
        watchdog.cancel()
        connection.close()


def begun(target: ServerTarget, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """Send a GET, and return the response after its head; the caller reads the body, of any length, and closes it.

    :param headers: in addition to the usual ones.
    :raises ServerTrouble: there is no response.
    :raises reqpi.client.errors.BadUsage: as for :func:`ask`.
    """
    proxy = proxy_for(target)
    connection = _connection(target, proxy)
    try:
        connection.connect()
        connection.sock.settimeout(SILENCE)
        url, body, own = _request(target, path, None, "", proxy)
        return _send(connection, "GET", url, body, own | {"Accept": "*/*"} | headers)
    except _NO_RESPONSE as error:
        connection.close()
        raise _unanswered(target, error, overdue=False) from error


def _connection(target: ServerTarget, proxy: ClientProxy | None) -> http.client.HTTPConnection:
    """Return a connection to ``target``, or through ``proxy``, that is not open yet."""
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
    """Return the URL for the request line, the body and the headers."""
    headers = {"Accept": "application/json", "User-Agent": f"reqpi/{__version__}", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = content_type
    if not target.anonymous:
        headers |= _login("Authorization", target.credentials or credentials_for(target.host))
    if proxy and target.scheme == "http":
        # A proxy gets the whole URL (RFC 9112, section 3.2.2), and its own login in addition to the server's.
        return target.url + path, body, headers | _login("Proxy-Authorization", proxy.credentials)
    return target.prefix + path, body, headers | {"Host": target.authority}


def _login(header: str, credentials: BasicLogin | None) -> dict[str, str]:
    """Return the header with a login; an empty dictionary if there are no credentials."""
    if credentials is None:
        return {}
    return {header: basic(credentials)}


def basic(credentials: BasicLogin) -> str:
    """Return the value of a header with a login."""
    return "Basic " + b64encode(f"{credentials.login}:{credentials.password}".encode()).decode("ascii")


def _send(
    connection: http.client.HTTPConnection, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    """Send the request, and read the head of the response."""
    try:
        connection.request(method, url, body=body, headers=headers)
    except OSError as broken:
        # A server may respond early, mostly with 413, and stop reading (RFC 9112, section 9.3): the response says why.
        try:
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise broken from None
    return connection.getresponse()


def _answer(target: ServerTarget, response: http.client.HTTPResponse, longest: int) -> ServerResponse:
    """Read the whole response."""
    body = response.read(longest + 1)
    if len(body) > longest:
        raise ServerTrouble(
            f"{target.url} sent a response without end",
            f"More than {longest} bytes arrived; a ReqPI server never sends so many.",
        )
    return ServerResponse(
        response.status,
        response.reason,
        response.headers.get_content_type(),
        response.getheader("Location"),
        body,
        _retry_after(response, body),
    )


def _retry_after(response: http.client.HTTPResponse, body: bytes) -> int:
    """Return the seconds after which a server wants another attempt, if it has refused this one by a limit."""
    limited = response.status == 429 or (response.status == 503 and b'"limit"' in body)
    seconds = response.getheader("Retry-After", "") if limited else ""
    return int(seconds) if re.fullmatch(r"[0-9]{1,4}", seconds) else 0


def _hang_up(connection: http.client.HTTPConnection, opened: list[socket.socket], overdue: threading.Event) -> None:
    """Shut down ``connection``, so that the thread that waits for it gets an error.

    :param opened: its socket; the connection drops its reference once it has read the head of a last response.
    """
    overdue.set()
    for each in opened or [connection.sock]:
        with suppress(OSError, AttributeError):  # it may end by itself at the same time, or not be open yet
            each.shutdown(socket.SHUT_RDWR)


def _unanswered(target: ServerTarget, error: Exception, *, overdue: bool) -> ServerTrouble:
    """Return the error for a request without a response."""
    if overdue:
        return ServerTrouble(f"{target.url} did not finish its response within {WHOLE:.0f} seconds", "Try again later.")
    if isinstance(error, TimeoutError):
        return ServerTrouble(f"{target.url} does not answer in time", "Try again later, or look into the server's log.")
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = cause_of_code(error.verify_code, error.verify_message)
        return ServerTrouble(
            f"the certificate of {target.url} is not trusted: {cause.words}", CERTIFICATE_ADVICE[cause.remedy]
        )
    if isinstance(error, ssl.SSLError):
        return ServerTrouble(f"TLS with {target.url} failed: {error.reason}", "Is it http, not https?")
    if isinstance(error, http.client.HTTPException):
        return ServerTrouble(
            f"{target.url} does not speak HTTP: {type(error).__name__}",
            "Is the port right, and is it https, not http?",
        )
    return _unreachable(target, error)


def _unreachable(target: ServerTarget, error: Exception) -> ServerTrouble:
    """Return the error for a server to which there is no connection."""
    if isinstance(error, UnicodeError):
        return final_trouble(
            f"{target.url} cannot be reached: {target.host} is not a valid host name", "Check the URL."
        )
    return ServerTrouble(
        f"{target.url} cannot be reached: {getattr(error, 'strerror', None) or error}",
        "Start a server with 'reqpi server', or name another with --url or REQPI_URL.",
    )
