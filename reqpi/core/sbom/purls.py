"""Package URLs, the identifiers of releases and sources in an SBOM (ECMA-427, type ``pypi``).

========================  ======================================================================================
from the default index    ``pkg:pypi/six@1.17.0``
from another index        ``pkg:pypi/six@1.17.0?repository_url=https://index.example.org/simple``
from an archive           ``pkg:pypi/six@1.17.0?checksum=sha256:…&download_url=https://example.org/six.tar.gz``
from git                  ``pkg:pypi/six@1.17.0?vcs_url=git%2Bhttps://example.org/six.git%40<commit>``
========================  ======================================================================================
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from packageurl import PackageURL

from reqpi.core.model import Archive, File, Git
from reqpi.core.shown_urls import as_shown

__all__ = ["purl_of", "purl_of_own", "purl_of_source"]

# The scp form [user@]host:path: "only recognized if there are no slashes before the first colon" (git-clone(1)). A
# single letter is a drive. A path with an @ is not parsed: in user:password@host:path it would show the password.
_SCP = re.compile(r"(?P<user>[^@:/\s]+@)?(?!file:)(?P<host>[A-Za-z0-9][A-Za-z0-9._-]+):(?!//)/?(?P<path>[^@:\s]+)")


def purl_of(file: File) -> str:
    """Return the purl of the release or the source that ``file`` belongs to."""
    version = (str(file.version) if file.listed else "") or None
    subpath = file.source.subdirectory if file.source is not None else None
    return PackageURL("pypi", None, file.project, version, _qualifiers(file), subpath).to_string()


def purl_of_own(name: str, version: str, remote: str | None, commit: str | None, subpath: str) -> str:
    """Return the purl of the project whose requirements are listed.

    Without a repository that others can reach, or without a commit, it names only the release and the path.

    :param remote: the URL that its repository was cloned from, in git's spelling.
    :param commit: the id of the commit.
    :param subpath: its folder in the repository.
    """
    place = _clonable(remote or "") if commit else ""
    qualifiers = {"vcs_url": f"{place}@{commit}"} if place else None
    below = None if subpath in ("", ".") else subpath
    return PackageURL("pypi", None, name, version or None, qualifiers, below).to_string()


def purl_of_source(name: str, remote: str | None, commit: str | None) -> str:
    """Return the purl of a repository that has several projects; empty if others cannot reach it."""
    place = _clonable(remote or "") if commit else ""
    return PackageURL("generic", None, name, None, {"vcs_url": f"{place}@{commit}"}).to_string() if place else ""


def _clonable(remote: str) -> str:
    """Return ``remote`` in the spelling of a ``vcs_url``; empty for a local folder, and if it is not a URL.

    A password is removed. The user is kept for ssh only, because the user of an https URL may be a token.
    """
    if (scp := _SCP.fullmatch(remote)) is not None:
        remote = f"ssh://{scp['user'] or ''}{scp['host']}/{scp['path']}"
    try:
        parts = urlsplit(remote.removeprefix("git+"))
    except ValueError:
        return ""
    if parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
        return ""
    login, at, host = parts.netloc.rpartition("@")
    user = f"{login.partition(':')[0]}{at}" if parts.scheme == "ssh" else ""
    place = parts._replace(netloc=f"{user}{host}", query="", fragment="").geturl()
    return place if parts.scheme == "git" else f"git+{place}"


def _qualifiers(file: File) -> dict[str, str]:
    if isinstance(file.source, Archive):
        return {"checksum": f"sha256:{file.sha256}", "download_url": as_shown(file.source.url)}
    if isinstance(file.source, Git):
        return {"vcs_url": f"git+{file.source.url}@{file.source.commit}"}
    return {"repository_url": as_shown(file.index)} if file.index and not _is_default(file.index) else {}


def _is_default(index: str) -> bool:
    """Return whether purls without a ``repository_url`` mean this index; uv.lock names it for every package."""
    parts = urlsplit(index)
    return (parts.scheme, parts.hostname, parts.path.rstrip("/")) == ("https", _default_host(), "/simple")


@cache
def _default_host() -> str | None:
    # The library knows the host; no registry is built into ReqPI.
    from packageurl.contrib.purl2url import get_repo_url  # noqa: PLC0415

    return urlsplit(get_repo_url("pkg:pypi/pip") or "").hostname
