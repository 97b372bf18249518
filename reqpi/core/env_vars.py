"""The variables that point installers at one index, and at no other.

Each of them is either set or taken away, for what is left over from the caller would be a second index: an index flag
alone leaves pip's extra indexes and find-links in force, and a configuration file adds more. What has nothing to do
with where files come from (PIP_REQUIRE_VIRTUALENV, PIP_CERT, caches) is the caller's and stays.

Not every door can be closed from here: ``pip --isolated`` reads no variable, ``--index-url`` on a command line wins,
pants reads its indexes from the project alone, poetry too where its mirror plug-in is not installed, and a ``pex``
needs ``--no-pypi --index "$PIP_INDEX_URL"``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

__all__ = ["changes", "changes_to_folder", "is_loopback", "pointed_at", "trusted_host"]

_TAKEN_AWAY = frozenset(
    {
        # pip: other indexes and places, the index option by its other name, and hosts that need not prove who they are.
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_NO_INDEX",
        "PIP_PYPI_URL",
        "PIP_TRUSTED_HOST",
        # uv: the same, with the older names beside the newer; a torch backend is an index of its own.
        "UV_CONFIG_FILE",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_INSECURE_HOST",
        "UV_NO_INDEX",
        "UV_TORCH_BACKEND",
        # pdm: its index's JSON API, and a login that is meant for another index.
        "PDM_PYPI_JSON_API",
        "PDM_PYPI_PASSWORD",
        "PDM_PYPI_USERNAME",
        "PDM_PYPI_VERIFY_SSL",
    }
)

_NO_FILE = "/dev/null"  # os.devnull where the command runs, which may be another machine: POSIX alone, as we are
_PIPS_PROXY = frozenset({"PIP_PROXY"})  # with it, pip asks the proxy for everything, whatever NO_PROXY says
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def pointed_at(index_url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ``, changed so that pip, uv, pdm, pipenv, hatch and poetry see the index at ``index_url`` and no other.

    :param index_url: absolute; with a login where the index wants one and netrc has none.
    :param environ: is not changed.
    """
    set_to, taken_away = changes(index_url)
    kept = {name: value for name, value in environ.items() if name.upper() not in taken_away}
    direct = dict(_no_proxy(kept)) if is_loopback(urlsplit(index_url).hostname or "") else {}
    return kept | set_to | direct


def changes(index_url: str) -> tuple[dict[str, str], frozenset[str]]:
    """The variables to set for the index at ``index_url``, and the names of those to take away."""
    here = is_loopback(urlsplit(index_url).hostname or "")
    set_to = _pip(index_url) | _uv(index_url) | _pdm(index_url) | _pipenv(index_url) | _poetry(index_url)
    return set_to, (_TAKEN_AWAY | _PIPS_PROXY if here else _TAKEN_AWAY) - set_to.keys()


def changes_to_folder(folder: str) -> tuple[dict[str, str], frozenset[str]]:
    """The variables to set for a folder of files and no index at all, and the names of those to take away.

    :param folder: absolute.
    """
    # pip takes several places, with spaces between them.
    links = folder if not any(char.isspace() or char == "%" for char in folder) else f"file://{quote(folder)}"
    set_to = {
        "PIP_CONFIG_FILE": _NO_FILE,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": links,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        # uv has no variable for no index; a folder in which no project has a page is one of nothing.
        "UV_DEFAULT_INDEX": f"file://{quote(folder)}",
        "UV_FIND_LINKS": links,
    }
    indexes = {"PIP_INDEX_URL", "PDM_PYPI_URL", "PIPENV_PYPI_MIRROR", "POETRY_PYPI_MIRROR_URL"}
    return set_to, (_TAKEN_AWAY | _PIPS_PROXY | indexes) - set_to.keys()


def _pip(index_url: str) -> dict[str, str]:
    """pip, and what runs pip: hatch, build, tox, nox, pip-tools."""
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
    """uv, and hatch where it uses uv."""
    return {"UV_DEFAULT_INDEX": index_url, "UV_NO_CONFIG": "1"}


def _pdm(index_url: str) -> dict[str, str]:
    """pdm; its own check for a newer pdm goes elsewhere."""
    return {"PDM_PYPI_URL": index_url, "PDM_CONFIG_FILE": _NO_FILE, "PDM_CHECK_UPDATE": "0"}


def _pipenv(index_url: str) -> dict[str, str]:
    """For pipenv: it takes the place of the public index in every Pipfile; other sources there stay."""
    return {"PIPENV_PYPI_MIRROR": index_url}


def _poetry(index_url: str) -> dict[str, str]:
    """For poetry with its plug-in poetry-plugin-pypi-mirror: in place of the public index; other sources stay."""
    return {"POETRY_PYPI_MIRROR_URL": index_url}


def _no_proxy(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """No proxy may stand between a command and an index on its own machine."""
    if not any(name.lower() in _PROXIES and value for name, value in environ.items()):
        return
    # Clients differ in which of the two they read, and in which wins.
    for name, other in (("no_proxy", "NO_PROXY"), ("NO_PROXY", "no_proxy")):
        before = environ.get(name) or environ.get(other) or ""
        if before.strip() != "*":
            yield name, ",".join(filter(None, [before, *_LOOPBACK]))


def trusted_host(url: str) -> str | None:
    """Return the value that pip's ``--trusted-host`` needs before pip uses an index at ``url``.

    :param url: absolute; a login in it is left out of the value.
    :returns: ``HOST`` or ``HOST:PORT``; ``None`` for an index behind TLS or on loopback, which pip uses anyway.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    # pip knows localhost and the numbers of loopback; a name below .localhost is any other host to it.
    if parts.scheme != "http" or (is_loopback(host) and not host.endswith(".localhost")):
        return None
    return parts.netloc.rpartition("@")[2]


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by its name alone (RFC 6761, section 6.3) or by its number."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
