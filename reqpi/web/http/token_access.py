"""Clients with tokens: the token that an ``Authorization`` has, and what a client without one may do."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from typing import Protocol

from attrs import evolve

from reqpi.core.access.clients import Client, anonymous_client
from reqpi.core.access.tokens import Tokens

__all__ = ["SignedClients", "TokenAccess", "token_in"]

_LONGEST = 16384
"""Characters of an ``Authorization`` that are looked at."""


class SignedClients(Protocol):
    """The clients with tokens that others have signed.

    :ivar changed: is called when connections have to be checked again.
    """

    changed: Callable[[], None]

    def client_of(self, text: str) -> Client | None:
        """Return the client that a token identifies; ``None`` if it is not valid."""

    def quota(self, account: str) -> int | None:
        """Return the quota of the client with this account; ``None`` if there is none."""

    async def refresh(self) -> None:
        """Look for changes; this is called every second."""


class TokenAccess:
    """The access of clients with tokens: an :class:`~reqpi.web.http.access.Access`.

    :param allowed: what a client without a token may do, one of :data:`reqpi.core.access.clients.ANONYMOUS`.
    :param now: seconds since the epoch.

    :param signed: the clients with tokens that others have signed; ``None``: there are none.

    :ivar tokens: those that are valid now; they are replaced when their file changes.
    """

    advice = (
        "Send a token that the operator of this server gave you: as the password of any user, in the URL or in netrc; "
        "reqpi reads REQPI_TOKEN. It may have been revoked, or have expired."
    )

    def __init__(
        self, tokens: Tokens, allowed: str, now: Callable[[], float], signed: SignedClients | None = None
    ) -> None:
        self.tokens = tokens
        self.signed = signed
        self._anonymous = anonymous_client(allowed)
        self._now = now

    def client_of(self, authorization: str) -> Client | None:
        """See :class:`~reqpi.web.http.access.Access`. A token takes nothing away from what anyone may do."""
        if not authorization or (self.tokens.is_empty and self.signed is None):
            return self._anonymous
        text = token_in(authorization)
        token = self.tokens.find(text, self._now())
        client = None if token is None else token.client
        if client is None and self.signed is not None:
            client = self.signed.client_of(text)
        return None if client is None else evolve(client, scopes=client.scopes | self._anonymous.scopes)

    def quota(self, account: str) -> int | None:
        """Return how many bytes the locks of a client may bring into the store; ``None``: any number."""
        quota = self.tokens.quota(account)
        return quota if quota is not None or self.signed is None else self.signed.quota(account)

    def offers(self, address: str) -> bool:
        """See :class:`~reqpi.web.http.access.Access`."""
        return True


def token_in(authorization: str) -> str:
    """Return the token in an ``Authorization``; empty if it has none.

    It is the Bearer token (:rfc:`6750`); with Basic (:rfc:`7617`) the password, or the user if there is no password;
    without a scheme, as cargo sends it, the whole value.
    """
    scheme, space, rest = authorization[:_LONGEST].partition(" ")
    if not space:
        return scheme
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        user, _, password = b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (Error, ValueError):
        return ""
    return password or user
