"""The file of ``--oidc``: whose signed tokens identify a CI job, and which claims of a job give it which scopes.

::

    [[issuer]]
    url = "https://ci.example.org"                   # the claim iss, as it is in the tokens
    audiences = ["reqpi"]
    keys = "https://ci.example.org/oauth/keys"       # or the path of a file

    [[issuer.rule]]
    claims = { repository = "acme/web", ref = "refs/heads/main" }
    scopes = ["read", "commit", "hold"]
    quota = "20GB"                                   # optional, as for a token

The first rule counts whose claims a token has, all of them. A value may end in ``/*`` or ``:*``, and then matches
everything that begins so.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NoReturn

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core.access.clients import BY_RULE, AccessScope, Client
from reqpi.core.sizes import BadSize, read_size

__all__ = ["BadOidcFile", "OidcIssuer", "OidcRule", "read_oidc"]

LARGEST = 1 << 20
"""Bytes of the file."""

_LONGEST_NAME = 200
_SHORT = 32
"""Hex digits of a digest: enough that no second text with the same ones can be found."""


class BadOidcFile(ValueError):
    """The file cannot be used. The text names the place, and what to write there."""


@frozen
class OidcRule:
    """The scopes of the jobs with some claims.

    :param claims: the values of claims, or the beginnings of values that end in ``*``.
    :param upstreams: see :class:`~reqpi.core.access.clients.Client`.
    :param projects: likewise.
    :param quota: the bytes that the locks of one subject may bring into the store; ``None``: any number.
    """

    claims: Mapping[str, str]
    scopes: frozenset[AccessScope]
    upstreams: frozenset[str] | None = None
    projects: frozenset[str] | None = None
    quota: int | None = None

    def matches(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token with these claims is meant."""
        return all(_matches(pattern, claims.get(name)) for name, pattern in self.claims.items())


@frozen
class OidcIssuer:
    """An issuer of signed tokens.

    :param url: the claim ``iss``.
    :param audiences: of which a token must have one in ``aud``.
    :param keys: the URL or the path of its JWKS.
    """

    url: str
    audiences: tuple[str, ...]
    keys: str
    rules: tuple[OidcRule, ...]

    def client_of(self, claims: Mapping[str, Any]) -> Client | None:
        """Return the client whose token has these verified claims; ``None`` if no rule matches it."""
        rule = next((rule for rule in self.rules if rule.matches(claims)), None)
        if rule is None:
            return None
        subject = claims.get("sub")
        name = subject if isinstance(subject, str) and subject.isascii() and subject.isprintable() else self.url
        limits = {"upstreams": rule.upstreams, "projects": rule.projects}
        account = f"{_shortened(name or self.url)}{self._rule_text(rule)}"
        return Client(name[:_LONGEST_NAME] or self.url, rule.scopes, **limits, issuer=self.url, account=account)

    def quota(self, account: str) -> int | None:
        """Return the quota of the client with this account; ``None`` if there is none, or it is of another issuer.

        An account names its rule, so that its quota is known without the claims, also in another process.
        """
        return next((rule.quota for rule in self.rules if account.endswith(self._rule_text(rule))), None)

    def _rule_text(self, rule: OidcRule) -> str:
        """Return the end of the accounts of a rule."""
        return f"{BY_RULE}{_short_digest(json.dumps([self.url, sorted(rule.claims.items())]))}"


def read_oidc(data: bytes) -> tuple[OidcIssuer, ...]:
    """Return the issuers in a file.

    :raises BadOidcFile: it cannot be used.
    """
    if len(data) > LARGEST:
        raise BadOidcFile(f"the file is larger than {LARGEST} bytes")
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadOidcFile(f"it is not TOML: {error}") from None
    top = _Table(document, "the file", ("issuer",))
    issuers = tuple(_issuer(table) for table in top.tables("issuer"))
    if len({issuer.url for issuer in issuers}) < len(issuers):
        raise BadOidcFile("two issuers have the same url: write the rules of both below one")
    return issuers


class _Table:
    """A table of the file, whose errors name it."""

    def __init__(self, values: Any, where: str, known: tuple[str, ...]) -> None:
        self.where = where
        if not isinstance(values, dict):
            raise BadOidcFile(f"{where} is not a table")
        self.values: dict[str, Any] = values
        unknown = next((key for key in values if key not in known), None)
        if unknown is not None:
            raise BadOidcFile(f"{where} has {ascii(unknown)[:80]}: write some of {', '.join(known)}")

    def fail(self, what: str) -> NoReturn:
        raise BadOidcFile(f"{self.where}: {what}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            self.fail(f"write {key} as a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(each, str) and each for each in value):
            self.fail(f"write {key} as a list of texts")
        return tuple(value)

    def tables(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if not isinstance(value, list) or not value:
            self.fail(f"write one or more [[{key if self.where == 'the file' else f'issuer.{key}'}]]")
        return value


def _issuer(values: Any) -> OidcIssuer:
    table = _Table(values, "an issuer", ("url", "audiences", "keys", "rule"))
    table.where = f"issuer {ascii(table.text('url'))[:200]}"
    keys = table.text("keys")
    if keys.startswith("http://"):
        table.fail("keys are not read over plain http: write an https URL or the path of a file")
    rules = tuple(_rule(each, f"{table.where}, rule {number}") for number, each in enumerate(table.tables("rule"), 1))
    return OidcIssuer(table.text("url"), table.texts("audiences"), keys, rules)


def _rule(values: Any, where: str) -> OidcRule:
    table = _Table(values, where, ("claims", "scopes", "upstreams", "projects", "quota"))
    scopes = table.texts("scopes")
    wrong = next((scope for scope in scopes if scope not in tuple(map(str, AccessScope))), None)
    if wrong is not None:
        table.fail(f"{ascii(wrong)[:80]} is not a scope: write some of {', '.join(AccessScope)}")
    projects = frozenset(map(canonicalize_name, table.texts("projects"))) if "projects" in table.values else None
    upstreams = frozenset(table.texts("upstreams")) if "upstreams" in table.values else None
    return OidcRule(_claims(table), frozenset(map(AccessScope, scopes)), upstreams, projects, _quota(table))


def _quota(table: _Table) -> int | None:
    try:
        return read_size(table.text("quota")) if "quota" in table.values else None
    except BadSize:
        table.fail(f"quota {ascii(table.values['quota'])[:80]}: write a size, such as 20GB")


def _claims(table: _Table) -> Mapping[str, str]:
    """Return the claims of a rule. There is one at least: an issuer may sign tokens for all the world."""
    claims = table.values.get("claims")
    if not isinstance(claims, dict) or not claims:
        table.fail('write claims, such as { repository = "acme/web" }: without any, every job of the issuer is meant')
    for name, value in claims.items():
        if not isinstance(value, str) or not value:
            table.fail(f"write the claim {ascii(name)[:80]} as a text")
        if "*" in value[:-1] or (value.endswith("*") and value[-2:-1] not in ("/", ":")):
            table.fail(f"{ascii(value)[:80]}: a * stands at the end, behind a slash or a colon")
    return claims


def _short_digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_SHORT]


def _shortened(name: str) -> str:
    """Return a name of bounded length that no other name has."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - _SHORT - 1]}~{_short_digest(name)}"


def _matches(pattern: str, value: object) -> bool:
    if not isinstance(value, str):
        return False
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
