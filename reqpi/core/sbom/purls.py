"""Package URLs: what a release or a source is called in a bill of materials (ECMA-427, type ``pypi``).

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

__all__ = ["purl_of", "purl_of_own", "purl_of_source"]

# [user@]host:path, as scp has it: "only recognized if there are no slashes before the first colon" (git-clone(1)). One
# letter is a drive. A path with an @ is not taken apart: with user:password@host in front it would show the password.
_SCP = re.compile(r"(?P<user>[^@:/\s]+@)?(?!file:)(?P<host>[A-Za-z0-9][A-Za-z0-9._-]+):(?!//)/?(?P<path>[^@:\s]+)")


def purl_of(file: File) -> str:
    """The purl of the release, or of the source, that ``file`` is a file of."""
    version = (str(file.version) if file.listed else "") or None
    subpath = file.source.subdirectory if file.source is not None else None
    return PackageURL("pypi", None, file.project, version, _qualifiers(file), subpath).to_string()


def purl_of_own(name: str, version: str, origin: str | None, commit: str | None, subpath: str) -> str:
    """Return the purl of the project whose requirements are listed.

    Without a repository that others can reach, or without a commit, it names the release and the path alone.

    :param origin: where its repository was cloned from, as git has it.
    :param subpath: where in the repository it is.
    """
    place = _clonable(origin or "") if commit else ""
    qualifiers = {"vcs_url": f"{place}@{commit}"} if place else None
    below = None if subpath in ("", ".") else subpath
    return PackageURL("pypi", None, name, version or None, qualifiers, below).to_string()


def purl_of_source(name: str, origin: str | None, commit: str | None) -> str:
    """Return the purl of a repository that has several projects; empty if others cannot reach it."""
    place = _clonable(origin or "") if commit else ""
    return PackageURL("generic", None, name, None, {"vcs_url": f"{place}@{commit}"}).to_string() if place else ""


def _clonable(origin: str) -> str:
    """Return ``origin`` as a ``vcs_url`` spells it; empty for a folder of one machine, and for what is not a URL.

    No password is kept. The user is kept for ssh only: a user of https may be a token.
    """
    if (scp := _SCP.fullmatch(origin)) is not None:
        origin = f"ssh://{scp['user'] or ''}{scp['host']}/{scp['path']}"
    try:
        parts = urlsplit(origin.removeprefix("git+"))
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
        return {"checksum": f"sha256:{file.sha256}", "download_url": file.source.url}
    if isinstance(file.source, Git):
        return {"vcs_url": f"git+{file.source.url}@{file.source.commit}"}
    return {"repository_url": file.index} if file.index and not _is_default(file.index) else {}


def _is_default(index: str) -> bool:
    """Whether it is the index that purls without a ``repository_url`` mean; uv.lock names it on every package."""
    parts = urlsplit(index)
    return (parts.scheme, parts.hostname, parts.path.rstrip("/")) == ("https", _default_host(), "/simple")


@cache
def _default_host() -> str | None:
    # Asked of the library, as no registry is built in here.
    from packageurl.contrib.purl2url import get_repo_url  # noqa: PLC0415

    return urlsplit(get_repo_url("pkg:pypi/pip") or "").hostname
