"""The index URL that a client uses: below the URL that the user requested, whatever the server reports.

The address makes sure that an index belongs to the lock, not that it is on the right host. A server that could choose
the host could send an installer, and its login, anywhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from reqpi.client.answers import Committed
from reqpi.client.errors import BadUsage, IndexElsewhere
from reqpi.client.target import ServerTarget, target_of
from reqpi.core.env_vars import is_loopback

__all__ = ["index_to_use"]


def index_to_use(base_url: str, lock: Committed, *, follow: bool = False) -> str:
    """Return the index URL of a lock: below ``base_url``, or the server's own if ``follow`` is set.

    :param base_url: the URL that the lock was committed to.
    :param follow: use the URL that the server reports, also if it has another host, but never http for https.
    :raises IndexElsewhere: the server reports another host, a login, or http for https.
    """
    if not lock.reported_index:
        return lock.index_url
    requested, reported = target_of(base_url), _reported(base_url, lock)
    if requested.scheme == "https" and reported.scheme == "http":
        raise _elsewhere(
            requested,
            lock,
            "It is http, and https was requested. The operator of the server can correct it: start the server with "
            f"--url {requested.url}",
        )
    if follow:
        return lock.reported_index
    if _host(requested) != _host(reported):
        base = reported.url.removesuffix(f"/{lock.address}/simple")
        raise _elsewhere(
            requested,
            lock,
            f"It is on another host. If that is the right one, write --url {base}, or accept what the server reports "
            f"with --follow-index. If it is not, start the server with --url {requested.url}",
        )
    return lock.index_url


def _reported(base_url: str, lock: Committed) -> ServerTarget:
    """Parse the URL that the server reports.

    :raises IndexElsewhere: it has a login, or cannot be used.
    """
    try:
        reported = target_of(lock.reported_index)
    except BadUsage as unusable:
        raise _elsewhere(target_of(base_url), lock, f"{unusable.title}. Do not use it.") from None
    if "@" in urlsplit(lock.reported_index).netloc:
        raise _elsewhere(
            target_of(base_url), lock, "It has a login, which only the user of a server may choose. Do not use it."
        )
    return reported


def _host(target: ServerTarget) -> str:
    """Return the host and the port, without the default port of the scheme; all names of this machine are one."""
    return (target._replace(host="localhost") if is_loopback(target.host) else target).authority


def _elsewhere(requested: ServerTarget, lock: Committed, detail: str) -> IndexElsewhere:
    scheme, _, rest = lock.reported_index.partition("://")
    authority, slash, path = rest.partition("/")
    _, at, host = authority.rpartition("@")
    shown = f"{scheme}://{at and '***@'}{host}{slash}{path}"
    return IndexElsewhere(f"{requested.url} reports an index elsewhere: {shown}", detail)
