"""Settings from environment variables and netrc: the proxy, the login and the certificates for a server.

A server on this machine is never reached through a proxy.
"""

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
from reqpi.core.certificate_causes import CertificateRemedy
from reqpi.core.env_vars import is_loopback

__all__ = ["CERTIFICATE_ADVICE", "ClientProxy", "credentials_for", "netrc_of_user", "proxy_for", "tls_context"]


class ClientProxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    credentials: BasicLogin | None


def proxy_for(target: ServerTarget) -> ClientProxy | None:
    """Return the proxy for ``target`` by ``http_proxy``, ``https_proxy`` and ``no_proxy``.

    :raises BadUsage: a variable names something that is not an HTTP proxy.
    """
    if is_loopback(target.host):
        return None
    # Imported here because it is not needed for a server on this machine.
    from reqpi.core.proxies import BadProxy, proxy_in  # noqa: PLC0415

    try:
        found = proxy_in(_variables(), target.scheme, target.host, target.port)
    except BadProxy as error:
        raise _unusable(error.where, error.problem) from None
    if found is None:
        return None
    if found.scheme != "http":
        raise _unusable(f"{target.scheme}_proxy", "proxies over TLS are not supported")
    credentials = None if found.user is None else BasicLogin(found.user, found.password)
    return ClientProxy(found.host, found.port, credentials)


def _variables() -> Mapping[str, str]:
    """Return the environment variables; on macOS, the proxies of the system settings if no variable is set."""
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
    """Return the login for ``host`` in netrc, or that of its ``default`` entry.

    The file is the one that the variable NETRC names, otherwise ``.netrc`` or ``_netrc`` in the home directory.
    A file that is missing or cannot be read is ignored, as pip does: it may be about other hosts.
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
    """Return the netrc file of this user; ``None`` if there is none."""
    # Not Path.is_file: before Python 3.14 it raises if a folder on the way may not be read.
    return next((path for path in _candidates() if os.path.isfile(path)), None)


def _candidates() -> list[Path]:
    """Return the paths at which netrc is looked for."""
    named = os.environ.get("NETRC")
    if named:
        return [Path(named)]
    try:
        home = Path.home()
    except RuntimeError:  # a user of a container, without a home directory
        return []
    return [home / ".netrc", home / "_netrc"]


# The variables that name a private certificate authority to pip. OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR.
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_NAME_A_FILE = "Set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to a file with"

CERTIFICATE_ADVICE: Mapping[CertificateRemedy, str] = {
    CertificateRemedy.AUTHORITY: f"{_NAME_A_FILE} the certificate of the authority that signed it.",
    CertificateRemedy.CERTIFICATE: f"If you trust it: {_NAME_A_FILE[0].lower()}{_NAME_A_FILE[1:]} it.",
    CertificateRemedy.TIME: "The operator of the server has to renew it, unless the clock of this machine is wrong.",
    CertificateRemedy.NAME: "Write the name in the URL that the certificate is for.",
    CertificateRemedy.OTHER: "The operator of the server has to replace it.",
}
"""Advice for the user of a client, by what helps against the cause for which a certificate is not accepted."""


def tls_context() -> ssl.SSLContext:
    """Return a context with Python's defaults and the certificate authorities that the user configured for pip.

    They are added to the defaults, while pip replaces the defaults by them: whatever works for pip works here, and the
    only additional authorities that are trusted are those that the user names.

    :raises BadUsage: a variable names a bundle that cannot be read.
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
                f"{name} names {bundle}, which is not a certificate bundle: {error.strerror or error}",
                "Name a file of PEM certificates, or unset the variable.",
            ) from None
    return context
