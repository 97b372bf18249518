"""Tokens: random texts that identify a client.

A token is ``reqpi_NAME_SECRET``. The name finds its entry without a search, and shows which token to revoke if one has
leaked. The secret has 256 random bits, so a plain sha256 of the token is stored: no one can try all secrets,
however fast the hash is, and a slow hash would let anyone keep the server busy with wrong tokens. A salt would protect
equal tokens from being recognized; the name is part of what is hashed, and no two entries have the same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from attrs import field, frozen

from reqpi.core.access.clients import AccessScope, Client

__all__ = ["NAME", "SECRET_BYTES", "Token", "Tokens", "digest_of", "token_text"]

SECRET_BYTES = 32
"""Random bytes of a secret."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")
"""The name of a token. An underscore ends it."""

_TOKEN = re.compile(rf"reqpi_({NAME.pattern})_[A-Za-z0-9_-]{{43}}")

_NO_DIGEST = "0" * 64
"""Compared with an unknown token, which takes as long as a known one."""


def token_text(name: str, secret: str) -> str:
    """Return a token.

    :param secret: :data:`SECRET_BYTES` random bytes in base64 for URLs, without padding.
    """
    return f"reqpi_{name}_{secret}"


def digest_of(text: str) -> str:
    """Return the sha256 of a token in hex."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()


@frozen
class Token:
    """A token, as it is stored.

    :param digest: its sha256 in hex.
    :param upstreams: see :class:`~reqpi.core.access.clients.Client`.
    :param projects: likewise.
    :param quota: the bytes that its locks may bring into the store; ``None``: any number.
    :param expires: the time from which on it is not valid, with a zone; ``None``: it is valid until it is revoked.
    """

    name: str
    digest: str = field(repr=False)
    scopes: frozenset[AccessScope]
    upstreams: frozenset[str] | None = None
    projects: frozenset[str] | None = None
    expires: datetime | None = None
    quota: int | None = None

    def is_valid(self, now: float) -> bool:
        """Return whether the token has not expired.

        :param now: seconds since the epoch.
        """
        return self.expires is None or now < self.expires.timestamp()

    @property
    def client(self) -> Client:
        """The client that has the token."""
        return Client(self.name, self.scopes, upstreams=self.upstreams, projects=self.projects)


class Tokens:
    """The tokens of a server.

    :param tokens: with different names.
    """

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._by_name = {token.name: token for token in tokens}

    @property
    def is_empty(self) -> bool:
        """Whether there is no token."""
        return not self._by_name

    def find(self, text: str, now: float) -> Token | None:
        """Return the token with this text; ``None`` if there is none, or it has expired.

        :param text: from a client.
        :param now: seconds since the epoch.
        """
        match = _TOKEN.fullmatch(text)
        token = None if match is None else self._by_name.get(match[1])
        same = compare_digest(digest_of(text), _NO_DIGEST if token is None else token.digest)
        return token if token is not None and same and token.is_valid(now) else None

    def quota(self, name: str) -> int | None:
        """Return the quota of the token with this name; ``None`` if there is none."""
        token = self._by_name.get(name)
        return None if token is None else token.quota

    def next_expiry(self, now: float) -> float | None:
        """Return when the next token expires, in seconds since the epoch; ``None`` if none does."""
        times = (token.expires.timestamp() for token in self._by_name.values() if token.expires is not None)
        return min((time for time in times if time > now), default=None)
