"""Signed tokens of CI jobs: the keys of their issuers, and the client that a token identifies (OpenID Connect)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field
from joserfc import jwk, jwt
from joserfc.errors import BadSignatureError, JoseError
from twisted.logger import Logger

from reqpi.client.errors import ClientError
from reqpi.client.exchange import ask
from reqpi.client.target import target_of
from reqpi.core.access.clients import Client
from reqpi.core.access.oidc_file import OidcIssuer
from reqpi.core.errors import Misconfigured
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread

__all__ = ["SignedTokens", "read_keys"]

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones: with the others, a public key could be taken for a secret."""

_KINDS = ("RSA", "EC", "OKP")

_LEEWAY = 30
"""Seconds by which the clocks of issuer and server may differ."""

_FRESH = 300.0
"""Seconds after which keys are read again."""

_AGAIN = 30.0
"""Seconds until keys that could not be read, or that lacked one, are read again."""

_LARGEST = 1 << 20
"""Bytes of a JWKS."""

_MOST_KEYS = 100
_REMEMBERED = 1000
"""Tokens whose client is known."""

_FORGED = 1 << 20
"""Characters of tokens that are known to be signed by another than their issuer."""


@define
class _Keys:
    """The keys of one issuer.

    :ivar due: when they are read again, in seconds since the epoch.
    :ivar latest: when they were read, or the attempt failed.
    :ivar forged: tokens that none of these keys has signed. To check a signature takes 0.2 ms.
    """

    issuer: OidcIssuer
    known: jwk.KeySet | None = None
    due: float = 0.0
    latest: float = 0.0
    trouble: str = ""
    text: bytes = field(default=b"", repr=False)
    forged: LruCache[str, bool] = field(factory=lambda: LruCache(_FORGED))


class SignedTokens:
    """The clients with signed tokens.

    :param now: seconds since the epoch.

    :ivar changed: is called when keys have changed, or a token has expired: connections have to be checked again.
    """

    _log = Logger()

    def __init__(self, issuers: Iterable[OidcIssuer], now: Callable[[], float]) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._now = now
        self._keys = [_Keys(issuer) for issuer in issuers]
        self._clients: LruCache[str, tuple[Client, float]] = LruCache(_REMEMBERED)
        self._expiry = float("inf")
        for each in self._keys:
            if not _is_url(each.issuer):
                self._use(each, _file(each.issuer))

    def client_of(self, text: str) -> Client | None:
        """Return the client whose signed token this is; ``None`` if it is not valid, or no rule matches it."""
        known = self._clients.get(text)
        if known is not None and self._now() < known[1]:
            return known[0]
        if text.count(".") != 2:
            return None
        for keys in self._keys:
            claims = self._verified(keys, text)
            client = None if claims is None else keys.issuer.client_of(claims)
            if claims is not None and client is not None:
                end = float(claims["exp"]) + _LEEWAY
                self._clients.put(text, (client, end), 1)
                self._expiry = min(self._expiry, end)
                return client
        return None

    def quota(self, account: str) -> int | None:
        """Return the quota of the client with this account; ``None`` if there is none."""
        quotas = (keys.issuer.quota(account) for keys in self._keys)
        return next((quota for quota in quotas if quota is not None), None)

    async def refresh(self) -> None:
        """Read the keys that are due, and note the tokens that have expired."""
        if self._now() >= self._expiry:
            self._renew()
        for keys in self._keys:
            if self._now() >= keys.due:
                keys.latest, keys.due = self._now(), self._now() + _FRESH
                try:
                    self._use(keys, await in_thread(_read, keys.issuer))
                except (Misconfigured, ClientError) as error:
                    self._failed(keys, f"{error.title}: {error.detail}")

    def _verified(self, keys: _Keys, text: str) -> Mapping[str, Any] | None:
        """Return the claims of a token that this issuer has signed, for this server and the present."""
        if keys.known is None or keys.forged.get(text):
            return None
        registry = jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": keys.issuer.url},
            aud={"essential": True, "values": list(keys.issuer.audiences)},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(text, keys.known, algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except BadSignatureError:
            keys.forged.put(text, value=True, weight=len(text))
            return None
        except JoseError as error:
            if "key" in error.error and keys.latest + _AGAIN <= self._now():  # the issuer may have a new one
                keys.due = self._now()
            return None
        except Exception:  # the bytes are a stranger's: whatever the library makes of them, they are no token
            return None
        return claims

    def _use(self, keys: _Keys, data: bytes) -> None:
        if data != keys.text:
            keys.known, keys.text = read_keys(data, keys.issuer.keys), data
            keys.forged.clear()
            self._renew()
        keys.trouble = ""

    def _failed(self, keys: _Keys, trouble: str) -> None:
        keys.due = self._now() + _AGAIN
        if trouble != keys.trouble:
            keys.trouble = trouble
            self._log.error("the keys of {url} are those of before: {trouble}", url=keys.issuer.url, trouble=trouble)

    def _renew(self) -> None:
        self._clients.clear()
        self._expiry = float("inf")
        self.changed()


def read_keys(data: bytes, where: str) -> jwk.KeySet:
    """Return the public keys in a JWKS (:rfc:`7517`); those of other kinds are left out.

    :param where: its path or URL.
    :raises reqpi.core.errors.Misconfigured: it has no key that can be used.
    """
    try:
        listed = json.loads(data).get("keys") if len(data) <= _LARGEST else None
    except (ValueError, AttributeError, RecursionError):
        listed = None
    keys = [key for each in (listed if isinstance(listed, list) else [])[:_MOST_KEYS] if (key := _key(each))]
    if not keys:
        raise Misconfigured(f"{where} has no key", 'Name the JWKS of the issuer: {"keys": […]}.')
    return jwk.KeySet(keys)


def _key(value: Any) -> Any:
    if not isinstance(value, dict) or value.get("kty") not in _KINDS or value.get("use", "sig") != "sig":
        return None
    try:
        return jwk.import_key(value)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_url(issuer: OidcIssuer) -> bool:
    return issuer.keys.startswith("https://")


def _read(issuer: OidcIssuer) -> bytes:
    """Return a JWKS. No login is sent for it, and no redirect is followed."""
    if not _is_url(issuer):
        return _file(issuer)
    response = ask(target_of(issuer.keys)._replace(anonymous=True), "GET", "", longest=_LARGEST)
    if response.status != 200:
        raise Misconfigured(f"{issuer.keys} cannot be read", f"The answer is {response.status}.")
    return response.body


def _file(issuer: OidcIssuer) -> bytes:
    try:
        with Path(os.path.abspath(issuer.keys)).open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        raise Misconfigured(f"{issuer.keys} cannot be read", f"{error.strerror or error}.") from None
