"""Package URLs: what a release or a source is called in a bill of materials (ECMA-427, type ``pypi``).

========================  ======================================================================================
from the default index    ``pkg:pypi/six@1.17.0``
from another index        ``pkg:pypi/six@1.17.0?repository_url=https://index.example.org/simple``
from an archive           ``pkg:pypi/six@1.17.0?checksum=sha256:…&download_url=https://example.org/six.tar.gz``
from git                  ``pkg:pypi/six@1.17.0?vcs_url=git%2Bhttps://example.org/six.git%40<commit>``
========================  ======================================================================================
"""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from packageurl import PackageURL

from reqpi.model import Archive, File, Git

__all__ = ["purl_of", "purl_of_own"]


def purl_of(file: File) -> str:
    """The purl of the release, or of the source, that ``file`` is a file of."""
    version = (str(file.version) if file.listed else "") or None
    subpath = file.source.subdirectory if file.source is not None else None
    return PackageURL("pypi", None, file.project, version, _qualifiers(file), subpath).to_string()


def purl_of_own(name: str, version: str, origin: str | None, commit: str | None, subpath: str) -> str:
    """The purl of the project whose lock it is; empty where its repository or its commit is not known.

    :param origin: where its repository was cloned from: a login in it is left out.
    :param subpath: where in the repository it is.
    """
    try:
        parts = urlsplit(origin or "")
    except ValueError:
        return ""
    if commit is None or parts.scheme not in ("https", "http", "ssh", "git") or not parts.hostname:
        return ""
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    place = place if parts.scheme == "git" else f"git+{place}"
    below = None if subpath == "." else subpath
    return PackageURL("pypi", None, name, version or None, {"vcs_url": f"{place}@{commit}"}, below).to_string()


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
