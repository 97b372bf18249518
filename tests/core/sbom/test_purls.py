"""What a release or a source is called in a bill."""

from __future__ import annotations

from urllib.parse import urlsplit

from attrs import evolve
from packageurl import PackageURL
from packageurl.contrib.purl2url import get_repo_url
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.model import Archive, File, Git
from reqpi.core.sbom.purls import purl_of
from tests.distributions import a_file, digest_of

SIX = a_file("six-1.17.0.tar.gz", b"six")
COMMIT = "c" * 40
SHA256 = digest_of(b"six").hex
DEFAULT = urlsplit(get_repo_url("pkg:pypi/six") or "").netloc


def of_archive(url: str, **fields: object) -> File:
    source = Archive(url, frozenset({digest_of(b"six")}), fields.pop("subdirectory", None))  # type: ignore[arg-type]
    return evolve(SIX, source=source, measured=True, **fields)


def of_git(url: str, **fields: object) -> File:
    return evolve(SIX, source=Git(url, COMMIT, fields.pop("subdirectory", None)), measured=True, **fields)  # type: ignore[arg-type]


TABLE: list[tuple[File, str]] = [
    (SIX, "pkg:pypi/six@1.17.0"),
    (a_file("zope.interface-7.0.tar.gz", project="zope.interface"), "pkg:pypi/zope-interface@7.0"),
    (a_file("Foo_Bar-1.0-py3-none-any.whl", project="Foo_Bar"), "pkg:pypi/foo-bar@1.0"),
    (a_file("six-1.0+local.2.tar.gz"), "pkg:pypi/six@1.0%2Blocal.2"),
    (a_file("six-1!2.0.tar.gz"), "pkg:pypi/six@1%212.0"),
    (evolve(SIX, index=f"https://{DEFAULT}/simple"), "pkg:pypi/six@1.17.0"),
    (evolve(SIX, index=f"https://{DEFAULT}/simple/"), "pkg:pypi/six@1.17.0"),
    (evolve(SIX, index=f"https://{DEFAULT}/other"), f"pkg:pypi/six@1.17.0?repository_url=https://{DEFAULT}/other"),
    (
        evolve(SIX, index="https://index.example.org:8443/a b/simple/"),
        "pkg:pypi/six@1.17.0?repository_url=https://index.example.org:8443/a%20b/simple/",
    ),
    (
        of_archive("https://example.org/a%20b/six.tar.gz?x=1&y=é"),
        f"pkg:pypi/six@1.17.0?checksum=sha256:{SHA256}&download_url=https://example.org/a%2520b/six.tar.gz",
    ),
    (
        of_archive("https://example.org/six.tar.gz", listed=False, version=Version("0"), subdirectory="py/six"),
        f"pkg:pypi/six?checksum=sha256:{SHA256}&download_url=https://example.org/six.tar.gz#py/six",
    ),
    (
        of_git("https://example.org/six.git"),
        f"pkg:pypi/six@1.17.0?vcs_url=git%2Bhttps://example.org/six.git%40{COMMIT}",
    ),
    (
        of_git("https://example.org/six.git", subdirectory="py"),
        f"pkg:pypi/six@1.17.0?vcs_url=git%2Bhttps://example.org/six.git%40{COMMIT}#py",
    ),
]


class PurlTests(SynchronousTestCase):
    """By the purl specification."""

    def test_each_kind(self) -> None:
        for file, wanted in TABLE:
            self.assertEqual(purl_of(file), wanted)

    def test_they_are_read_again_as_they_were_meant(self) -> None:
        """What is encoded is what is decoded."""
        for file, wanted in TABLE:
            read = PackageURL.from_string(wanted)
            self.assertEqual(read.to_string(), wanted)
            self.assertEqual((read.type, read.name), ("pypi", file.project))
        archive = PackageURL.from_string(TABLE[9][1]).qualifiers
        self.assertEqual(archive["download_url"], "https://example.org/a%20b/six.tar.gz")
