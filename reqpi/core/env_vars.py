"""The environment variables that point installers at one index, and at no other.

Each of them is either set or unset, because a value left over from the caller would be a second index: an index flag
alone leaves pip's extra indexes and find-links in force, and a configuration file adds more. Variables that do not
affect where files come from (PIP_REQUIRE_VIRTUALENV, PIP_CERT, caches) are the caller's and stay.

Variables do not cover everything: ``pip --isolated`` reads none, ``--index-url`` on a command line takes precedence,
pants reads its indexes only from the project, poetry does the same if its mirror plug-in is not installed, and a
``pex`` needs ``--no-pypi --index "$PIP_INDEX_URL"``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

__all__ = ["changes", "changes_to_folder", "is_loopback", "pointed_at", "trusted_host"]

_UNSET = frozenset(
    {
        # pip: other indexes and locations, the other name of the index option, and hosts that need not authenticate.
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_NO_INDEX",
        "PIP_PYPI_URL",
        "PIP_TRUSTED_HOST",
        # uv: the same, under the older and the newer names; a torch backend is an index of its own.
        "UV_CONFIG_FILE",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_INSECURE_HOST",
        "UV_NO_INDEX",
        "UV_TORCH_BACKEND",
        # pdm: the JSON API of its index, and a login for another index.
        "PDM_PYPI_JSON_API",
        "PDM_PYPI_PASSWORD",
        "PDM_PYPI_USERNAME",
        "PDM_PYPI_VERIFY_SSL",
    }
)

_NO_FILE = "/dev/null"  # os.devnull where the command runs, which may be another machine; POSIX only, like ReqPI
_PIPS_PROXY = frozenset({"PIP_PROXY"})  # with it, pip uses the proxy for everything, whatever NO_PROXY says
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def pointed_at(index_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` changed so that pip, uv, pdm, pipenv, hatch and poetry see only the index at ``index_url``.

    :param index_url: absolute; with a login if the index requires one and netrc has none.
    :param environ: is not modified.
    """
    set_to, unset = changes(index_url)
    others = {name: value for name, value in environ.items() if name.upper() not in unset}
    here = is_loopback(urlsplit(index_url).hostname or "")
    return others | set_to | (dict(_no_proxy(others)) | _cached_by_pip(index_url) if here else {})


def changes(index_url: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return the variables to set for the index at ``index_url``, and the names of the variables to unset."""
    here = is_loopback(urlsplit(index_url).hostname or "")
    set_to = _pip(index_url) | _uv(index_url) | _pdm(index_url) | _pipenv(index_url) | _poetry(index_url)
    return set_to, (_UNSET | _PIPS_PROXY if here else _UNSET) - set_to.keys()


def changes_to_folder(folder: str) -> tuple[dict[str, str], frozenset[str]]:
    """Return the variables to set for a folder of files without an index, and the names of the variables to unset.

    :param folder: absolute.
    """
    # pip accepts several locations, separated by spaces.
    links = folder if not any(char.isspace() or char == "%" for char in folder) else f"file://{quote(folder)}"
    set_to = {
        "PIP_CONFIG_FILE": _NO_FILE,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": links,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        # uv has no variable for "no index"; a folder without project pages is an empty index.
        "UV_DEFAULT_INDEX": f"file://{quote(folder)}",
        "UV_FIND_LINKS": links,
    }
    indexes = {"PIP_INDEX_URL", "PDM_PYPI_URL", "PIPENV_PYPI_MIRROR", "POETRY_PYPI_MIRROR_URL"}
    return set_to, (_UNSET | _PIPS_PROXY | indexes) - set_to.keys()


def _pip(index_url: str) -> dict[str, str]:
    """Return the variables for pip and the tools that run pip: hatch, build, tox, nox, pip-tools."""
    found = {
        "PIP_CONFIG_FILE": _NO_FILE,  # the one value with which pip reads no configuration file at all
        "PIP_INDEX_URL": index_url,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    trusted = trusted_host(index_url)
    if trusted is not None:
        found["PIP_TRUSTED_HOST"] = trusted
    return found


def _uv(index_url: str) -> dict[str, str]:
    """Return the variables for uv, and for hatch if it uses uv."""
    return {"UV_DEFAULT_INDEX": index_url, "UV_NO_CONFIG": "1"}


def _pdm(index_url: str) -> dict[str, str]:
    """Return the variables for pdm. Its check for a newer pdm, which would contact another host, is disabled."""
    return {"PDM_PYPI_URL": index_url, "PDM_CONFIG_FILE": _NO_FILE, "PDM_CHECK_UPDATE": "0"}


def _pipenv(index_url: str) -> dict[str, str]:
    """Return the variables for pipenv: the mirror replaces the public index in every Pipfile; other sources stay."""
    return {"PIPENV_PYPI_MIRROR": index_url}


def _poetry(index_url: str) -> dict[str, str]:
    """Return the variables for poetry with poetry-plugin-pypi-mirror, which replaces the public index.

    Other sources stay.
    """
    return {"POETRY_PYPI_MIRROR_URL": index_url}


def _no_proxy(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that keep proxies out between a command and an index on the same machine."""
    if not any(name.lower() in _PROXIES and value for name, value in environ.items()):
        return
    # Clients differ in which of the two they read, and in which takes precedence.
    for name, other in (("no_proxy", "NO_PROXY"), ("NO_PROXY", "no_proxy")):
        before = environ.get(name) or environ.get(other) or ""
        if before.strip() != "*":
            yield name, ",".join(filter(None, [before, *_LOOPBACK]))


def _cached_by_pip(index_url: str) -> dict[str, str]:
    """Return the variable that has pip cache what an http index on the same machine serves.

    pip caches nothing that came over http, unless the host is trusted. It leaves the login out of its cache's keys.
    """
    parts = urlsplit(index_url)
    return {"PIP_TRUSTED_HOST": parts.netloc.rpartition("@")[2]} if parts.scheme == "http" else {}


def trusted_host(url: str) -> str | None:
    """Return the value that pip's ``--trusted-host`` needs before pip uses an index at ``url``.

    :param url: absolute; a login in it does not become part of the value.
    :returns: ``HOST`` or ``HOST:PORT``; ``None`` for an index behind TLS or on loopback, which pip uses anyway.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    # pip knows localhost and the loopback addresses; it treats a name below .localhost as any other host.
    if parts.scheme != "http" or (is_loopback(host) and not host.endswith(".localhost")):
        return None
    return parts.netloc.rpartition("@")[2]


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is this machine, by name (RFC 6761, section 6.3) or by address, without a look-up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
