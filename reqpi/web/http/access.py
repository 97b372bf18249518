"""The check whether a client may do what it requests: one place for all servers, whatever identifies their clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope, Client, anonymous_client
from reqpi.web.http.login_cookie import authorization_of
from reqpi.web.http.problems import LOGIN_REQUIRED, MISSING_SCOPE, NOT_OFFERED, Problem

__all__ = ["Access", "identity_of", "is_private", "may_read", "not_offered", "problem_of_client", "problem_of_scope"]

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="reqpi"'}

_OPEN = ("", "locks", "learn", "denials", "login", "logout", "operator")
"""First segments of a path that belong to no lock."""

_FOR_ANYONE = (b"login", b"logout")
"""First segments of paths that need no scope."""

_OPERATING = ([b"forget"], [b"refreeze"], [b"deny"], [b"revoke"])
"""Paths below an address that are for the operator."""

_QUERIES = ([b"osv", b"v1", b"query"], [b"osv", b"v1", b"querybatch"])
"""Paths below an address where a POST reads: its body is a question."""

_ANYONE = anonymous_client("all")
"""The client of a server that requires no login."""


class Access(Protocol):
    """The clients of a server.

    :ivar advice: what a client without a valid login should do.
    """

    @property
    def advice(self) -> str:
        """See the class."""

    def client_of(self, authorization: str) -> Client | None:
        """Return the client that sends this ``Authorization``; ``None`` if the login is not valid.

        :param authorization: empty if there is none.
        """

    def offers(self, address: str) -> bool:
        """Return whether the lock at this address can be committed and read at all."""


def may_read(access: Access, authorization: str) -> bool:
    """Return whether the client that sends this ``Authorization`` may read."""
    client = access.client_of(authorization)
    return client is not None and client.may(AccessScope.READ)


def is_private(access: Access | None) -> bool:
    """Return whether reading needs a login, so that no shared cache may keep what is read."""
    return access is not None and not may_read(access, "")


def identity_of(request: Request) -> Client:
    """Return the client of a request that :func:`problem_of_client` has checked."""
    client: Client = request.identity  # type: ignore[attr-defined]
    return client


def problem_of_client(request: Request, access: Access | None, segments: Sequence[bytes]) -> Problem | None:
    """Return the problem with the client of a request, or with the lock that its path is below.

    :param access: ``None``: the server requires no login.
    :param segments: of the path, decoded.
    """
    identified: Any = request
    identified.identity = _ANYONE
    if access is None:
        return None
    identified.identity = access.client_of(authorization_of(request))
    first = segments[0].decode("latin-1")
    if segments[0] in _FOR_ANYONE:
        return None
    problem = problem_of_scope(access, identified.identity, _scope_of(request.method, segments))
    if problem is not None:
        return problem
    return None if first in _OPEN or access.offers(first) else not_offered()


def problem_of_scope(access: Access, client: Client | None, scope: AccessScope) -> Problem | None:
    """Return the problem of a client that lacks a scope.

    :param client: ``None``: its login is not valid.
    """
    if client is None:
        return Problem(LOGIN_REQUIRED, "the login is not valid", access.advice, headers=_CHALLENGE)
    limited = scope is AccessScope.LEARN and client.is_limited
    if client.may(scope) and not limited:
        return None
    if client.may(scope):
        return Problem(MISSING_SCOPE, f"the token {client.name} is limited", "An open index has all of the upstream.")
    if not client.name:
        return Problem(LOGIN_REQUIRED, f"a login is required: {scope}", access.advice, headers=_CHALLENGE)
    detail = f"The token {client.name} has the scopes: {', '.join(sorted(client.scopes)) or 'none'}."
    return Problem(MISSING_SCOPE, f"the token lacks the scope {scope}", detail, {"scope": str(scope)})


def not_offered() -> Problem:
    """Return the problem of a lock, or a learn session, that is not the one of the command."""
    return Problem(NOT_OFFERED, "not offered here", "This server serves what its command is about, and nothing else.")


def _scope_of(method: bytes, segments: Sequence[bytes]) -> AccessScope:
    """Return the scope that a request needs, at least. A method that is not known to read is taken for one that writes.

    :param segments: of its path.
    """
    if segments[0] == b"learn":
        return AccessScope.LEARN
    if segments[0] in (b"denials", b"operator") or segments[1:] in _OPERATING:
        return AccessScope.OPERATE
    reads = method in (b"GET", b"HEAD") or (method == b"POST" and segments[1:] in _QUERIES)
    return AccessScope.READ if reads else AccessScope.COMMIT
