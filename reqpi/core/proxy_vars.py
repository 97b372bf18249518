"""The environment variables that send everything a command asks for to one proxy, and have it trust one authority.

The proxy ends TLS itself, with certificates of its own authority. The command trusts no other one, so that a program
that reaches a host in another way cannot complete a handshake with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from reqpi.core.env_vars import is_loopback

__all__ = ["through_proxy"]

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

_BUNDLES = (
    "SSL_CERT_FILE",  # OpenSSL, uv, Go
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",  # requests: poetry, pipenv
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PDM_PYPI_CA_CERTS",
)

_UNSET = frozenset(
    {
        # Further authorities, or none at all.
        "SSL_CERT_DIR",
        "GIT_SSL_CAPATH",
        "GIT_SSL_NO_VERIFY",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        # Proxies of single programs, which take precedence over those of all.
        "PIP_PROXY",
        "CARGO_HTTP_PROXY",
        "NPM_CONFIG_PROXY",
        "NPM_CONFIG_HTTPS_PROXY",
        "UV_HTTP_PROXY",
        "UV_HTTPS_PROXY",
        "UV_NO_PROXY",
        "NPM_CONFIG_NOPROXY",
        "CARGO_HTTP_SSL_CERTIFICATE",
    }
)

_THIS_MACHINE = "localhost,127.0.0.1,::1"


def through_proxy(
    environ: Mapping[str, str], proxy_url: str, bundle: str, default_indexes: Sequence[str] = ()
) -> dict[str, str]:
    """Return ``environ`` changed so that a command asks ``proxy_url`` for everything that is not on this machine.

    The index is on this machine, and a command may have other servers there: a database, the one that it tests.

    :param proxy_url: with its login.
    :param bundle: the path of the certificates to trust.
    :param default_indexes: the URLs for which the proxy answers as the default index.
    """
    replaced = {"NO_PROXY", *_PROXIES, *_BUNDLES} | _UNSET
    others = {name: value for name, value in environ.items() if name.upper() not in replaced}
    proxies = dict.fromkeys((*_PROXIES, *map(str.lower, _PROXIES)), proxy_url)
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), _THIS_MACHINE)
    return others | proxies | direct | dict.fromkeys(_BUNDLES, bundle) | _pdm(default_indexes)


def _pdm(default_indexes: Sequence[str]) -> dict[str, str]:
    """Return the index for pdm: pdm asks all hosts in the way in which it asks its default index.

    With one on this machine it would use no proxy for the URLs in its lock.
    """
    elsewhere = (url for url in default_indexes if not is_loopback(urlsplit(url).hostname or ""))
    index = next(elsewhere, None)
    return {} if index is None else {"PDM_PYPI_URL": index}
