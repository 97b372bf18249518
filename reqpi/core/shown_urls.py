"""The one way in which URLs are shown to people and to clients: without anything that could be a secret."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

__all__ = ["as_shown"]


def as_shown(url: str) -> str:
    """Return ``url`` as it may be shown: without its query, which can be a signature, and without its userinfo.

    A fragment is removed too, except from the URL of a git repository, where it names no secret (``#submodules``).
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    fragment = parts.fragment if parts.scheme.startswith("git+") else ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=fragment))
