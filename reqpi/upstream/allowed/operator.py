"""What an operator says of the outside: upstreams, hosts, passwords, certificates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from reqpi.core.errors import Misconfigured
from reqpi.core.proxies import BadProxy, Proxies, read_proxies
from reqpi.upstream.allowed.credentials import Keyring, UpstreamLogin, split_credentials
from reqpi.upstream.allowed.hosts import Hosts, host_and_port
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.allowed.urls import index_key, origin_of

if TYPE_CHECKING:  # it brings OpenSSL along, which only those who connect need
    from reqpi.upstream.http.client_certificate import ClientCertificate

__all__ = ["AllowedUpstreams", "proxies_of", "read_upstreams"]

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@frozen(slots=False)
class AllowedUpstreams:
    """All of it, read and sound.

    :param default: the URL of the index that is asked where a lock names none; there may be a password in it.
    :param upstreams: the URLs of further ones, by name; likewise.
    :param built_in: the URL of the index that pip has built in.
    :param hosts: where archives and repositories may be taken from.
    :param unverified: hosts whose TLS is not verified.
    :param logins: an ``Authorization`` for each host.
    :param certificates: authorities beside the platform's, in PEM.
    :param client_certificate: who we are to upstreams that ask in TLS.
    :param proxies: what upstreams are asked through.
    :param here: the addresses of the server itself.
    :param local: the user is the operator: see :class:`~reqpi.upstream.allowed.policy.Policy`.
    """

    default: str | None = field(default=None, repr=False)
    upstreams: Mapping[str, str] = field(factory=dict, repr=False)
    built_in: str | None = None
    hosts: Hosts = field(factory=Hosts)
    unverified: Hosts = field(factory=Hosts)
    logins: Mapping[str, str] = field(factory=dict, repr=False)
    certificates: bytes = field(default=b"", repr=False)
    client_certificate: ClientCertificate | None = field(default=None, repr=False)
    proxies: Proxies = field(factory=Proxies)
    here: Here = field(factory=Here)
    local: bool = False

    def check(self) -> None:
        """See that every upstream is one.

        :raises reqpi.core.errors.Misconfigured: it is none.
        """
        for url in self._urls:
            # Split by hand: what is no URL may have a password in it all the same.
            bare = url.rpartition("@")[2]
            try:
                sound = urlsplit(url).scheme in ("http", "https") and bool(host_and_port(url))
            except ValueError:
                sound = False
            if not sound:
                bare = url.partition("://")[0] + "://" + bare if "@" in url else bare
                raise Misconfigured(
                    f"the upstream {bare} is no http or https URL", "Name an index with --upstream URL."
                )

    @cached_property
    def policy(self) -> Policy:
        """What a lock may name."""
        labels: dict[str, str] = {}
        for name, url in [("", self.default), *self.upstreams.items()]:
            if url is not None:
                bare, _ = split_credentials(url)
                labels.setdefault(index_key(bare), f"{name} ({bare})" if name else bare)
        built_in = None if self.built_in is None or self.default is None else index_key(self.built_in)
        return Policy(labels, built_in, self.hosts, self.indexes, self.here, self.local)

    @cached_property
    def indexes(self) -> Mapping[str, str]:
        """The URL of each upstream without userinfo, by its key in :attr:`policy`; the default one first."""
        bare = [split_credentials(url)[0] for url in self._urls]
        return {index_key(url): url for url in reversed(bare)}

    @cached_property
    def named(self) -> Hosts:
        """The hosts that the operator named, for whatever reason."""
        return Hosts(self.hosts.named | {host_and_port(url) for url in self._urls})

    @cached_property
    def keyring(self) -> Keyring:
        """Who we are to whom."""
        parts = [split_credentials(url) for url in self._urls]
        own: tuple[UpstreamLogin, ...] = tuple(credentials for _, credentials in parts if credentials is not None)
        plain = frozenset(origin_of(urlsplit(bare)) for bare, _ in parts if bare.startswith("http://"))
        return Keyring(own, self.logins, self.named, plain)

    def with_logins_of_named(self, logins: Mapping[str, str]) -> AllowedUpstreams:
        """The same, with those of ``logins`` that are for a host of an upstream or one that the operator named."""
        named = {host for host, _ in self.named.named}
        return evolve(self, logins={host: login for host, login in logins.items() if host in named})

    @property
    def _urls(self) -> list[str]:
        return [url for url in (self.default, *self.upstreams.values()) if url is not None]


def read_upstreams(words: Iterable[str]) -> tuple[str | None, Mapping[str, str]]:
    """What was said with ``--upstream``: the default index, and others by name.

    :raises reqpi.core.errors.Misconfigured: two are the default, or have one name.
    """
    default: str | None = None
    named: dict[str, str] = {}
    for word in words:
        name, equals, url = word.partition("=")
        if not equals or not _NAME.issuperset(name):
            if default is not None and default != word:
                raise Misconfigured(
                    "--upstream names two default indexes", "Give one of them a name: --upstream NAME=URL."
                )
            default = word
        elif not name or named.get(name, url) != url:
            raise Misconfigured(f"--upstream {name}=…: that name is {'taken' if name else 'empty'}", "Write NAME=URL.")
        else:
            named[name] = url
    return default, named


def proxies_of(option: str | None, environ: Mapping[str, str]) -> Proxies:
    """The proxies that ``--proxy`` or the environment names.

    :raises reqpi.core.errors.Misconfigured: one of them cannot be used.
    """
    try:
        return read_proxies(option, environ)
    except BadProxy as error:
        advice = (
            "Write it like --proxy http://USER:PASSWORD@proxy.example.org:3128, or ignore the environment: --proxy off"
        )
        raise Misconfigured(f"{error.where} names no proxy that can be used: {error.problem}", f"{advice}.") from None
