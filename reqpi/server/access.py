"""The clients of a server: its tokens, which are read again when their file changes, and what anyone may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from reqpi.core.access.clients import AccessScope, anonymous_client
from reqpi.core.access.oidc_file import BadOidcFile, read_oidc
from reqpi.core.access.token_file import LARGEST, BadTokenFile, read_tokens
from reqpi.core.access.tokens import Tokens
from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for
from reqpi.server.file_identity import identity_of_file
from reqpi.server.own_names import beyond_loopback
from reqpi.server.settings import Settings
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import SignedClients, TokenAccess

__all__ = ["TokensOfFile", "anonymous_of", "check_reach", "clients_of", "followed"]


def anonymous_of(settings: Settings) -> str:
    """Return what a client without a token may do: by default to read, on a server without tokens everything."""
    return settings.anonymous or ("all" if settings.tokens is None and settings.oidc is None else "read")


def clients_of(settings: Settings, now: Callable[[], float]) -> Access | None:
    """Return the clients of a server; ``None`` if anyone may do everything.

    :raises reqpi.core.errors.Misconfigured: the file of tokens cannot be used.
    """
    if settings.only is not None:
        return settings.only
    if settings.tokens is None and settings.oidc is None and anonymous_of(settings) == "all":
        return None
    tokens = Tokens() if settings.tokens is None else _read(settings.tokens)
    signed = None if settings.oidc is None else _signed(settings.oidc, now)
    return TokenAccess(tokens, anonymous_of(settings), now, signed)


def followed(
    settings: Settings, access: Access | None, changed: Callable[[], None], now: Callable[[], float]
) -> Iterator[Callable[[], Awaitable[None]]]:
    """Yield what has to be done every second, so that the clients are those of the files.

    :param access: the result of :func:`clients_of`.
    :param changed: is called when connections have to be checked again.
    """
    if isinstance(access, TokenAccess):
        if settings.tokens is not None:
            yield TokensOfFile(settings.tokens, access, changed, now).refresh
        if access.signed is not None:
            access.signed.changed = changed
            yield access.signed.refresh


def check_reach(settings: Settings, addresses: Iterable[Any], *, with_login: bool) -> None:
    """Check that not everyone gets what the logins of this server open, unless the operator wants that.

    :param addresses: the Twisted addresses that the server listens on.
    :param with_login: it has a login for an upstream that is not a registry of crates.
    :raises reqpi.core.errors.Misconfigured: other machines can reach it, and anyone may commit a lock.
    """
    with_login = with_login or bool(settings.crates.tokens) or any("@" in url for url in _registries(settings))
    if not with_login or settings.offline or settings.only is not None or settings.anonymous == "commit":
        return
    anyone_commits = anonymous_client(anonymous_of(settings)).may(AccessScope.COMMIT)
    if anyone_commits and (settings.trust_proxy or beyond_loopback(addresses)):
        raise Misconfigured(
            "other machines can reach this server, and anyone could use its login for an upstream by committing a lock",
            "Make tokens with reqpi token and specify their file with --tokens, or let anyone commit with "
            "--anonymous commit.",
        )


def _registries(settings: Settings) -> Iterable[str]:
    """Return the URLs of the registries of crates, which may contain logins."""
    return filter(None, (settings.crates.default, *settings.crates.registries.values()))


class TokensOfFile:
    """The tokens of a running server, which follow their file.

    :param access: gets the tokens; it has those that the file had at the start.
    :param changed: is called when a token was added, was removed or has expired.
    :param now: seconds since the epoch.
    """

    _log = Logger()

    def __init__(self, path: Path, access: TokenAccess, changed: Callable[[], None], now: Callable[[], float]) -> None:
        self._path = path
        self._access = access
        self._changed = changed
        self._now = now
        self._seen = identity_of_file(path)
        self._expiry = access.tokens.next_expiry(now())

    async def refresh(self) -> None:
        """Read the file if it has changed. While it cannot be read, the tokens that it had are valid."""
        identity = identity_of_file(self._path)
        if identity != self._seen:
            self._seen = identity
            try:
                self._access.tokens = _read(self._path)
            except Misconfigured as error:
                self._log.error("{error} The tokens are those that it had before.", error=error)
            else:
                self._log.info("the file of tokens has changed, and was read again")
                self._renew()
        elif self._expiry is not None and self._now() >= self._expiry:
            self._renew()

    def _renew(self) -> None:
        self._expiry = self._access.tokens.next_expiry(self._now())
        self._changed()


def _signed(path: Path, now: Callable[[], float]) -> SignedClients:
    try:
        from reqpi.server.oidc import SignedTokens  # noqa: PLC0415  # joserfc is an extra
    except ImportError:
        raise Misconfigured("--oidc needs joserfc", advice_for("oidc")) from None
    try:
        with path.open("rb") as file:
            return SignedTokens(read_oidc(file.read(LARGEST + 1)), now)
    except OSError as error:
        raise Misconfigured(f"--oidc {path} cannot be read", f"{error.strerror or error}.") from None
    except BadOidcFile as bad:
        raise Misconfigured(f"--oidc {path} cannot be used", f"{bad}.") from None


def _read(path: Path) -> Tokens:
    try:
        with path.open("rb") as file:
            return Tokens(read_tokens(file.read(LARGEST + 1)))
    except OSError as error:
        raise Misconfigured(f"--tokens {path} cannot be read", f"{error.strerror or error}.") from None
    except BadTokenFile as bad:
        raise Misconfigured(f"--tokens {path} cannot be used", f"{bad}.") from None
