"""The outside of a server: the upstreams, hosts, logins, authorities and proxies that its settings allow."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reqpi.core.errors import Misconfigured
from reqpi.core.proxies import Proxies
from reqpi.server.host_defaults import builtin_index, default_upstream
from reqpi.server.settings import Settings
from reqpi.upstream.allowed.credentials import read_logins, read_own_logins
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams, proxies_of
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.http.client_certificate import read_client_certificate
from reqpi.upstream.http.tls import read_certificates

__all__ = ["outside_of"]


def outside_of(settings: Settings) -> AllowedUpstreams:
    """Return what the operator allows of the outside; the files that settings name are read.

    :raises reqpi.core.errors.Misconfigured: a setting or a file cannot be used.
    """
    outside = AllowedUpstreams(
        default=settings.upstream or _default_upstream(settings.offline),
        upstreams=settings.upstreams,
        built_in=builtin_index(),
        hosts=Hosts.read(settings.allow_hosts, "--allow-host"),
        file_hosts=settings.file_hosts,
        unverified=Hosts.read(settings.trusted_hosts, "--trusted-host", every_port=True),
        logins=_logins(settings),
        certificates=b"" if settings.ca is None else read_certificates(settings.ca),
        client_certificate=None if settings.client_cert is None else read_client_certificate(settings.client_cert),
        proxies=Proxies() if settings.offline else proxies_of(settings.proxy, os.environ),
        here=Here(settings.url, loopback=settings.local),
        local=settings.local,
        require_hashes=settings.require_hashes,
    )
    outside.check()
    return outside


def _logins(settings: Settings) -> Mapping[str, str]:
    """Return the logins of ``--netrc``, or otherwise those of the user's own netrc file."""
    if settings.netrc is not None:
        return read_logins(settings.netrc)
    return {} if settings.own_netrc is None else read_own_logins(settings.own_netrc)


def _default_upstream(offline: bool) -> str | None:
    try:
        return default_upstream()
    except Misconfigured:
        if offline:
            return None
        raise
