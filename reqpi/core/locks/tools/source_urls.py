"""The sources that the URLs in a tool's lock denote, by the rules for a requirements.txt.

Each source is written as a requirement and parsed as one, so its pin has the same meaning as that requirement.
"""

from __future__ import annotations

import re

from packaging.utils import NormalizedName

from reqpi.core.locks import urls
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.pip import sources
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules import sources as source_rules
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.model import Archive, Digest, Git

__all__ = ["archive", "git", "has_password", "index", "is_local"]

_COMMIT = re.compile(r"[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?")
_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+://)([^/?#@]*+)@")
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]++:|[^/\\:@]*+@[^/\\:]++:")
_PLAIN = re.compile(r"[!-~]++")


def index(url: str, name: str) -> tuple[str, bool]:
    """Return the URL of an index as pins have it, and whether it had a user name.

    The user name, the query, the fragment and a trailing slash are removed.

    :param name: the package or source, for messages.
    :raises reqpi.core.locks.rules.requirements.Refused: it is not on http or https, or has a password.
    """
    if not url.lower().startswith(("https://", "http://")):
        raise Refused(rules.LOCAL_INDEX, url, name)
    if has_password(url):
        raise Refused(rules.CREDENTIALS, _hidden(url), name)
    bare = re.split(r"[?#]", _USER.sub(r"\1", url, count=1), maxsplit=1)[0]
    return urls.index(bare), bool(_USER.match(url))


def archive(url: str, digests: frozenset[Digest], subdirectory: str | None, name: NormalizedName) -> Archive:
    """Return the archive at a URL. The fragment may name its subdirectory as well, because uv's export puts it there.

    :raises reqpi.core.locks.rules.requirements.Refused: it has no digest, or the URL is not supported.
    """
    bare, _, fragment = url.partition("#")
    keys = [key for key in fragment.split("&") if key and key != f"subdirectory={subdirectory}"]
    if subdirectory:
        keys.append(f"subdirectory={subdirectory}")
    if not digests:
        raise Refused(rules.SOURCE_DIGEST, name=name)
    source = _read(name, bare, keys, digests)
    if not isinstance(source, Archive):
        raise Refused(source_rules.SCHEME, url, name)
    return source


def git(url: str, commit: str, subdirectory: str | None, name: NormalizedName) -> Git:
    """Return a commit of the git repository at a URL.

    :param commit: 40 or 64 hex digits.
    :raises reqpi.core.locks.rules.requirements.Refused: it is not a whole commit, or the URL is not supported.
    """
    if not _COMMIT.fullmatch(commit):
        raise Refused(rules.COMMIT, commit, name)
    if "#" in url:
        raise Refused(source_rules.FRAGMENT, "the URL of a git repository has a fragment", name)
    where = f"git+{url}@{commit}" if "://" in url else url
    source = _read(name, where, [f"subdirectory={subdirectory}"] if subdirectory else [], frozenset())
    if not isinstance(source, Git):
        raise Refused(source_rules.SCHEME, url, name)
    return source


def is_local(url: str) -> bool:
    """Return whether ``url`` is a path on the machine that locked: a ``file:`` URL, or not a URL."""
    return url[:5].lower() == "file:" or not _REMOTE.match(url)


def has_password(url: str) -> bool:
    """Return whether a URL has a password."""
    found = _USER.match(url) if "@" in url else None
    return bool(found and ":" in found[2])


def _read(name: NormalizedName, url: str, keys: list[str], digests: frozenset[Digest]) -> Archive | Git | None:
    if not _PLAIN.fullmatch(url) or not all(_PLAIN.fullmatch(key) for key in keys):
        raise Refused(source_rules.URL, f"`{url[:60]}` cannot be written in a requirement", name)
    fragment = f"#{'&'.join(keys)}" if keys else ""
    return sources.parse(f"{name} @ {url}{fragment}", digests, Markers()).source


def _hidden(url: str) -> str:
    return _USER.sub(r"\1…@", url, count=1)
