"""The URLs in a lock: what a source of a package may be, and what nobody should be sent to."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from reqpi.locks import entry_rules as rules
from reqpi.locks.rules import Refused
from reqpi.model import Archive, Digest, Git

__all__ = ["archive", "fragment", "git", "has_password", "index", "is_local", "split", "without"]

_LENGTH = 2048

# Printable ASCII without what ends a URL elsewhere: quotes and brackets, and pip's ${VARIABLES}.
_SOUND = re.compile(r"[A-Za-z0-9%._~:/?#@!$&()*+,;=\[\]-]++")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*+(?<=[A-Za-z0-9.]))?|\[[0-9A-Fa-f:.]++\]")
_SUBDIRECTORY = re.compile(r"[A-Za-z0-9._+@~-]++(?:/[A-Za-z0-9._+@~-]++)*+")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

# What clients unpack; pip knows a few more that nobody writes.
_KINDS = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def split(url: str, name: str) -> SplitResult:
    """The parts of ``url``.

    :param name: the project that has it, for what is said of it.
    :raises reqpi.locks.rules.Refused: it is none, or has a password.
    """
    try:
        parts = urlsplit(url) if len(url) <= _LENGTH and _SOUND.fullmatch(url) else None
        host = parts.netloc.rpartition("@")[2] if parts else ""
        if parts and parts.port is not None:
            host = host.rpartition(":")[0]
    except ValueError:
        parts = None
    if not parts or not parts.scheme:
        raise Refused(rules.SOURCE_URL, url, name)
    if parts.password is not None:
        raise Refused(rules.CREDENTIALS, _hidden(parts), name)
    if parts.scheme != "file" and not _HOST.fullmatch(host):
        raise Refused(rules.SOURCE_URL, url, name)
    if ".." in unquote(parts.path).split("/"):
        raise Refused(rules.SOURCE_URL, url, name)
    return parts


def index(url: str, name: str) -> tuple[str, bool]:
    """An index's URL as a pin has it, without userinfo, query, fragment and trailing slash; whether it had a user.

    :raises reqpi.locks.rules.Refused: it is no index that a server could ask.
    """
    if "://" not in url:
        raise Refused(rules.LOCAL_INDEX, url, name)
    parts = split(url, name)
    if parts.scheme not in ("http", "https"):
        raise Refused(rules.LOCAL_INDEX, url, name)
    return without(parts).rstrip("/"), parts.username is not None


def archive(url: str, digests: frozenset[Digest], subdirectory: str | None, name: str) -> Archive:
    """An archive at a URL. A subdirectory may also stand in its fragment: ``#subdirectory=…``.

    :raises reqpi.locks.rules.Refused: it is none that is read here.
    """
    parts = _https(url, name)
    bare = without(parts, query=parts.query)
    if not unquote(parts.path).lower().endswith(_KINDS):
        raise Refused(rules.ARCHIVE_KIND, bare, name)
    if not digests:
        raise Refused(rules.NO_DIGEST, name=name)
    within = fragment(parts).get("subdirectory")
    if subdirectory and within and subdirectory != within:
        raise Refused(rules.SUBDIRECTORY, f"{subdirectory}` and `{within}", name)
    return Archive(bare, digests, _subdirectory(subdirectory or within, name))


def git(url: str, commit: str, subdirectory: str | None, name: str) -> Git:
    """A commit of a git repository at a URL, whose query and fragment the caller has taken off.

    :raises reqpi.locks.rules.Refused: it is none that is read here.
    """
    parts = _https(url, name)
    if parts.query or parts.fragment:
        raise Refused(rules.SOURCE_URL, url, name)
    if not _COMMIT.fullmatch(commit.lower()):
        raise Refused(rules.COMMIT, commit, name)
    return Git(without(parts), commit.lower(), _subdirectory(subdirectory, name))


def is_local(url: str) -> bool:
    """Whether ``url`` is a path on the machine that made the lock: a ``file:`` URL, or none at all."""
    return url[:5].lower() == "file:" or bool(_DRIVE.match(url)) or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*+:|git@", url)


def has_password(url: str) -> bool:
    """Whether there is a password in it; quick where there is none."""
    if "@" not in url:
        return False
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False


def fragment(parts: SplitResult) -> dict[str, str]:
    """What the fragment says: ``#egg=foo&subdirectory=bar``. Where a key is repeated, the last counts."""
    return dict(parse_qsl(parts.fragment)[:20])


def without(parts: SplitResult, query: str = "") -> str:
    """The URL without userinfo and fragment, and with no query but this."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="").geturl()


def _https(url: str, name: str) -> SplitResult:
    if re.match(r"(?:git\+)?ssh:|git@", url):
        raise Refused(rules.SCHEME, url, name)
    parts = split(url, name)
    if parts.scheme != "https":
        raise Refused(rules.SCHEME, without(parts), name)
    if parts.username is not None:
        raise Refused(rules.CREDENTIALS, _hidden(parts), name)
    return parts


def _subdirectory(said: str | None, name: str) -> str | None:
    if said is None or said in ("", "."):
        return None
    bare = said.strip("/") if not said.startswith("/") else said
    if len(bare) > 512 or not _SUBDIRECTORY.fullmatch(bare) or ".." in bare.split("/") or bare.startswith("-"):
        raise Refused(rules.SUBDIRECTORY, said, name)
    return bare


def _hidden(parts: SplitResult) -> str:
    return f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}{parts.path}"
