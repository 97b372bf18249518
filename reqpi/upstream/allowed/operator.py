"""The operator's settings for upstreams: indexes, hosts, passwords, certificates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, reduce
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

from reqpi.core.access.token_file import DEFAULT_UPSTREAM
from reqpi.core.errors import Misconfigured
from reqpi.core.proxies import BadProxy, Proxies, read_proxies
from reqpi.core.shown_urls import as_shown
from reqpi.upstream.allowed.credentials import Keyring, UpstreamLogin, split_credentials
from reqpi.upstream.allowed.hosts import Hosts, host_and_port
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.allowed.permits import IndexLogins, Permit, Permits
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.allowed.urls import index_key, origin_of

if TYPE_CHECKING:  # it imports OpenSSL, which is needed for connections only
    from reqpi.upstream.http.client_certificate import ClientCertificate

__all__ = ["AllowedUpstreams", "proxies_of", "read_upstreams"]

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@frozen(slots=False)
class AllowedUpstreams:
    """All of these settings, parsed.

    :param default: the URL of the index for locks that name none; it may contain a password.
    :param upstreams: the URLs of further indexes by name; they may contain passwords.
    :param built_in: the URL of the index that is built into pip.
    :param hosts: the hosts from which archives and repositories may be taken.
    :param file_hosts: the hosts that have the files of an upstream, by its name, which is empty for the default one.
    :param unverified: hosts whose certificates are not verified.
    :param logins: an ``Authorization`` for each host.
    :param certificates: authorities in addition to the platform's, in PEM.
    :param client_certificate: for upstreams that request one in TLS.
    :param proxies: the proxies to use for upstreams.
    :param here: the URLs of the server itself.
    :param local: whether the user is the operator: see :class:`~reqpi.upstream.allowed.policy.Policy`.
    :param require_hashes: whether each pin of a lock must have a digest.
    """

    default: str | None = field(default=None, repr=False)
    upstreams: Mapping[str, str] = field(factory=dict, repr=False)
    built_in: str | None = None
    hosts: Hosts = field(factory=Hosts)
    file_hosts: Mapping[str, Hosts] = field(factory=dict)
    unverified: Hosts = field(factory=Hosts)
    logins: Mapping[str, str] = field(factory=dict, repr=False)
    certificates: bytes = field(default=b"", repr=False)
    client_certificate: ClientCertificate | None = field(default=None, repr=False)
    proxies: Proxies = field(factory=Proxies)
    here: Here = field(factory=Here)
    local: bool = False
    require_hashes: bool = False

    def check(self) -> None:
        """Check that the URL of every upstream is valid.

        :raises reqpi.core.errors.Misconfigured: one is not.
        """
        for url in self._urls:
            # Split by hand: even an invalid URL may contain a password.
            bare = url.rpartition("@")[2]
            try:
                sound = urlsplit(url).scheme in ("http", "https") and bool(host_and_port(url))
            except ValueError:
                sound = False
            if not sound:
                bare = url.partition("://")[0] + "://" + bare if "@" in url else bare
                raise Misconfigured(
                    f"the upstream {bare} is not a valid http or https URL", "Name an index with --upstream URL."
                )

    @cached_property
    def policy(self) -> Policy:
        """The policy on what a lock may name."""
        labels: dict[str, str] = {}
        names: dict[str, str] = {}
        for name, url in [("", self.default), *self.upstreams.items()]:
            if url is not None:
                bare, _ = split_credentials(url)
                shown = as_shown(bare)
                names.setdefault(index_key(bare), name or DEFAULT_UPSTREAM)
                labels.setdefault(index_key(bare), f"{name} ({shown})" if name else shown)
        built_in = None if self.built_in is None or self.default is None else index_key(self.built_in)
        return Policy(
            labels,
            built_in,
            self.hosts,
            self.indexes,
            self.here,
            self.local,
            self.require_hashes,
            self.with_login,
            names,
            lambda url: self.client_certificate is not None or self._keyring.for_url(url) is not None,
        )

    @cached_property
    def indexes(self) -> Mapping[str, str]:
        """The URL of each upstream without userinfo, by its key in :attr:`policy`; the default one first."""
        bare = [split_credentials(url)[0] for url in self._urls]
        return {index_key(url): url for url in reversed(bare)}

    @cached_property
    def named(self) -> Hosts:
        """The hosts that the operator named, in any option."""
        upstreams = Hosts(frozenset(host_and_port(url) for url in self._urls))
        return reduce(Hosts.__or__, self.file_hosts.values(), self.hosts | upstreams)

    @cached_property
    def permits(self) -> Permits:
        """The permit of each index and source."""
        named = [("", self.default), *self.upstreams.items()]
        permits = [self._permit(name, url) for name, url in named if url is not None]
        return Permits(dict(reversed(permits)), self._keyring, self.named, self.hosts)

    @property
    def with_login(self) -> frozenset[str]:
        """The keys of the upstreams with a login. With a client certificate, each of them may require it."""
        logins = ((key, self.permits.of_index(key).login_for(url)) for key, url in self.indexes.items())
        return frozenset(key for key, login in logins if login is not None or self.client_certificate is not None)

    @property
    def _keyring(self) -> Keyring:
        parts = [split_credentials(url) for url in self._urls]
        own: tuple[UpstreamLogin, ...] = tuple(credentials for _, credentials in parts if credentials is not None)
        plain = frozenset(origin_of(urlsplit(bare)) for bare, _ in parts if bare.startswith("http://"))
        return Keyring(own, self.logins, self.named, plain)

    def _permit(self, name: str, url: str) -> tuple[str, Permit]:
        """Return the key of an upstream, and its permit."""
        bare, own = split_credentials(url)
        files, (host, port) = self.file_hosts.get(name, Hosts()), host_and_port(bare)
        logins = IndexLogins(origin_of(urlsplit(bare)), None if own is None else own.header, self.logins, files)
        # An index on another port or over http may redirect to https.
        home = Hosts(frozenset({(host, port), (host, 443)})) | files
        reach = Hosts(frozenset({(host, port)})) | files | self.hosts
        return index_key(bare), Permit(logins, home, reach)

    @property
    def _urls(self) -> list[str]:
        return [url for url in (self.default, *self.upstreams.values()) if url is not None]


def read_upstreams(words: Iterable[str]) -> tuple[str | None, Mapping[str, str], Mapping[str, Hosts]]:
    """Read the values of ``--upstream``: the default index, the others by name, and the hosts that have their files.

    :param words: each ``URL`` or ``NAME=URL``, with ``,files=HOST`` behind it for each host that has files of the index
        and is sent its login.
    :raises reqpi.core.errors.Misconfigured: two are the default, two have the same name, or a host is not valid.
    """
    default: str | None = None
    named: dict[str, str] = {}
    files: dict[str, Hosts] = {}
    for word in words:
        upstream, *hosts = word.split(",files=")
        name, equals, url = upstream.partition("=")
        if not equals or not _NAME.issuperset(name):
            name = ""
            if default is not None and default != upstream:
                raise Misconfigured(
                    "--upstream names two default indexes", "Give one of them a name: --upstream NAME=URL."
                )
            default = upstream
        elif not name or named.get(name, url) != url:
            raise Misconfigured(f"--upstream {name}=…: that name is {'taken' if name else 'empty'}", "Write NAME=URL.")
        else:
            named[name] = url
        if hosts:
            files[name] = files.get(name, Hosts()) | Hosts.read(hosts, "--upstream …,files=")
    return default, named, files


def proxies_of(option: str | None, environ: Mapping[str, str]) -> Proxies:
    """Return the proxies that ``--proxy`` or the environment names.

    :param option: the value of ``--proxy``, if given.
    :param environ: the environment variables.
    :raises reqpi.core.errors.Misconfigured: one of them cannot be used.
    """
    try:
        return read_proxies(option, environ)
    except BadProxy as error:
        advice = (
            "Write it like --proxy http://USER:PASSWORD@proxy.example.org:3128, or ignore the environment: --proxy off"
        )
        raise Misconfigured(f"{error.where} does not name a usable proxy: {error.problem}", f"{advice}.") from None
