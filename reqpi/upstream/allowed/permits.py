"""Permits: which logins a request may use, and which hosts on private addresses it may reach.

Each request is made for one index, or for one archive or repository that a lock names. Its permit holds for all of its
redirects, and the permit of an index for all links on its pages. So a page or a redirect gains nothing that its own
upstream does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from reqpi.upstream.allowed.credentials import Keyring, UpstreamLogins
from reqpi.upstream.allowed.hosts import Hosts, host_and_port
from reqpi.upstream.allowed.urls import origin_of

__all__ = ["NO_PERMIT", "IndexLogins", "Permit", "Permits"]


@frozen
class Permit:
    """The logins and the hosts that the requests for one index or one source may use.

    :param logins: the logins.
    :param home: the hosts of the index or the source. No other host is sent a login or a client certificate.
    :param reach: the hosts that may be on a private address.
    """

    logins: UpstreamLogins
    home: Hosts = field(factory=Hosts)
    reach: Hosts = field(factory=Hosts)

    @property
    def without_login(self) -> Permit:
        """The permit after a redirect has led to another host: that host chooses what is requested, so no login."""
        return evolve(self, home=Hosts())

    def login_for(self, url: str) -> str | None:
        """Return the ``Authorization`` for ``url``; ``None`` for none."""
        return self.logins.for_url(url) if self.is_home(url) else None

    def is_home(self, url: str) -> bool:
        """Return whether ``url`` is on a host of the index or the source."""
        return _has(self.home, url)

    def reaches(self, url: str) -> bool:
        """Return whether the host of ``url`` may be on a private address."""
        return _has(self.reach, url)


NO_PERMIT = Permit(Keyring())
"""The permit for hosts on the public internet, without a login."""


@frozen
class IndexLogins:
    """The logins for one index and for the hosts that have its files.

    :param origin: scheme, host and port of the index.
    :param own: the ``Authorization`` in its URL.
    :param netrc: an ``Authorization`` for each host.
    :param files: the hosts that have its files, as the operator declared them.
    """

    origin: tuple[str, str, int | None]
    own: str | None = field(default=None, repr=False)
    netrc: Mapping[str, str] = field(factory=dict, repr=False)
    files: Hosts = field(factory=Hosts)

    @property
    def login(self) -> str | None:
        """The login for the index itself. The one in its URL takes precedence."""
        return self.own or self.netrc.get(self.origin[1])

    def for_url(self, url: str) -> str | None:
        """See :class:`~reqpi.upstream.allowed.credentials.UpstreamLogins`.

        A login is sent over plain http only if the index itself is on plain http.
        """
        origin = scheme, host, port = origin_of(urlsplit(url))
        if origin == self.origin:
            return self.login
        known = self.netrc.get(host)
        if scheme in ("https", self.origin[0]) and self.files.has(host, port):
            return known or self.login
        return known if origin == ("https", self.origin[1], 443) else None


@frozen
class Permits:
    """The permits of all indexes and sources.

    :param indexes: the permit of each of the operator's upstreams, by its key.
    :param keyring: all logins.
    :param named: the hosts that the operator named.
    :param allowed: the hosts of ``--allow-host``.
    """

    indexes: Mapping[str, Permit] = field(factory=dict)
    keyring: Keyring = field(factory=Keyring)
    named: Hosts = field(factory=Hosts)
    allowed: Hosts = field(factory=Hosts)

    def of_index(self, key: str | None) -> Permit:
        """Return the permit of one of the operator's upstreams; one without logins for any other key."""
        found = None if key is None else self.indexes.get(key)
        return found or Permit(Keyring(), reach=self.allowed)

    def of_source(self, url: str) -> Permit:
        """Return the permit of an archive, a repository or an index that a lock names by its URL."""
        try:
            home = Hosts(frozenset({host_and_port(url)}))
        except ValueError:
            return NO_PERMIT
        own = home if self.named.has(*host_and_port(url)) else Hosts()
        return Permit(self.keyring, home, self.allowed | own)


def _has(hosts: Hosts, url: str) -> bool:
    try:
        return hosts.has(*host_and_port(url))
    except ValueError:
        return False
