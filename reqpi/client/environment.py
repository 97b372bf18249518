"""The proxy between here and a server: the one in the environment, and never one for this machine."""

from __future__ import annotations

import netrc
import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reqpi.client.errors import BadUsage
from reqpi.client.target import BasicLogin, ServerTarget
from reqpi.core.env_vars import is_loopback

__all__ = ["ClientProxy", "credentials_for", "netrc_of_user", "proxy_for", "tls_context"]


class ClientProxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    credentials: BasicLogin | None


def proxy_for(target: ServerTarget) -> ClientProxy | None:
    """The proxy that the environment names for ``target``: ``http_proxy``, ``https_proxy``, ``no_proxy``.

    :raises BadUsage: what it names is not an HTTP proxy.
    """
    if is_loopback(target.host):
        return None
    # Imported here because a server on this machine needs none of it.
    from reqpi.core.proxies import BadProxy, proxy_in  # noqa: PLC0415

    try:
        found = proxy_in(_environment(), target.scheme, target.host, target.port)
    except BadProxy as error:
        raise _unusable(error.where, error.problem) from None
    if found is None:
        return None
    if found.scheme != "http":
        raise _unusable(f"{target.scheme}_proxy", "a proxy that is reached over TLS is not supported here")
    credentials = None if found.user is None else BasicLogin(found.user, found.password)
    return ClientProxy(found.host, found.port, credentials)


def _environment() -> Mapping[str, str]:
    """The variables, or on a Mac what takes their place in its settings."""
    if sys.platform != "darwin":
        return os.environ
    from urllib.request import getproxies  # noqa: PLC0415

    return {f"{name}_proxy": value for name, value in getproxies().items()}


def _unusable(where: str, problem: str) -> BadUsage:
    return BadUsage(
        f"the proxy that {where} names cannot be used: {problem}",
        "Write it like http://proxy.example.org:3128, or add the server's host to no_proxy.",
    )


def credentials_for(host: str) -> BasicLogin | None:
    """What netrc says of ``host``, or of its ``default``.

    The file is the one that the variable NETRC names, else ``.netrc`` in the home directory, else ``_netrc`` there.
    A file that is missing or cannot be read is as good as none, as it is to pip: it may be about other hosts.
    """
    for path in _candidates():
        try:
            entry = netrc.netrc(str(path)).authenticators(host)
        except FileNotFoundError:
            continue
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            return None
        return BasicLogin(entry[0], entry[2] or "") if entry else None
    return None


def netrc_of_user() -> Path | None:
    """The netrc file of this user, where there is one."""
    return next((path for path in _candidates() if path.is_file()), None)


def _candidates() -> list[Path]:
    """Where netrc may be."""
    named = os.environ.get("NETRC")
    if named:
        return [Path(named)]
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without a home
        return []
    return [home / ".netrc", home / "_netrc"]


# The variables by which pip is told of a private authority. SSL_CERT_FILE and SSL_CERT_DIR are OpenSSL's own.
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def tls_context() -> ssl.SSLContext:
    """Python's defaults, and beside them the authorities that pip was told of, so that what works for pip works here.

    They are added to the defaults where pip puts them in their place: nobody is believed who would not be without
    these variables, but for those whom the user names.

    :raises BadUsage: a bundle is named that cannot be read.
    """
    context = ssl.create_default_context()
    for name in _BUNDLES:
        bundle = os.environ.get(name)
        if not bundle:
            continue
        try:
            if Path(bundle).is_dir():
                context.load_verify_locations(capath=bundle)
            else:
                context.load_verify_locations(cafile=bundle)
        except OSError as error:  # ssl.SSLError is one
            raise BadUsage(
                f"{name} names {bundle}, which is no certificate bundle: {error.strerror or error}",
                "Name a file of PEM certificates, or unset the variable.",
            ) from None
    return context
