"""From an original URL to the file under an address."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.model import Archive, Commitment
from reqpi.core.original_urls import resolve
from tests.distributions import a_commitment, a_file, a_page, digest_of

WHEEL = "six-1.0-py3-none-any.whl"
PAGE = a_page(
    a_file(WHEEL, url=f"https://files.example.org/ab/{WHEEL}"),
    a_file("six-1.0.tar.gz", url="http://files.example.org:8080/ab/six-1.0.tar.gz?sig=s%2Fs"),
    a_file(
        "six-1.0.zip",
        url="archive+https://src.example.org/v1.zip",
        source=Archive("https://src.example.org/v1.zip", frozenset({digest_of(b"")})),
    ),
)

URLS = {
    f"https://files.example.org/ab/{WHEEL}": WHEEL,
    f"http://FILES.example.org:80/ab/{WHEEL}": WHEEL,
    f"https://files.example.org/a%62//{WHEEL}#sha256=0": WHEEL,
    f"https://files.example.org/ab/{WHEEL}?sig=1": None,
    f"https://files.example.org:8080/ab/{WHEEL}": None,
    f"https://files.example.org/{WHEEL}": None,
    f"https://files.example.org/x/../ab/{WHEEL}": None,
    f"https://files.example.org/x/%2e%2e/ab/{WHEEL}": None,
    f"https://files.example.org/ab%2f{WHEEL}": None,
    f"https://files.example.org/ab\\{WHEEL}": None,
    f"https://user@files.example.org/ab/{WHEEL}": None,
    f"ftp://files.example.org/ab/{WHEEL}": None,
    f"/ab/{WHEEL}": None,
    "https://[/": None,
    "": None,
    "http://files.example.org:8080/ab/six-1.0.tar.gz": "six-1.0.tar.gz",
    "https://files.example.org:8080/ab/six-1.0.tar.gz?sig=s%2Fs": "six-1.0.tar.gz",
    "https://files.example.org:8080/ab/six-1.0.tar.gz?sig=t": None,
    "https://src.example.org/v1.zip": "six-1.0.zip",
}


class OriginalUrlsTests(SynchronousTestCase):
    def test_urls_of_the_frozen_pages_are_found(self) -> None:
        """However a client spells them; and no others."""
        commitment = a_commitment("six==1.0")
        for url, filename in URLS.items():
            wanted = None if filename is None else ("six", filename)
            self.assertEqual(resolve(commitment, {PAGE.project: PAGE}, url), wanted, url)

    def test_urls_of_the_lock_itself_are_found(self) -> None:
        """They may be those of another mirror than the upstream, which has them on no page."""
        document = (
            b'version = 1\n[[package]]\nname = "six"\nversion = "1.0"\n'
            b'source = { registry = "https://mirror.example.org/simple" }\n'
            b'wheels = [{ url = "https://mirror.example.org/f/%73ix-1.0-py3-none-any.whl", hash = "sha256:' + b"a" * 64
        )
        document += b'" }]\n[[package]]\nname = "local"\nversion = "1"\nsource = { virtual = "." }\n'
        document += b'wheels = [{ url = "https://mirror.example.org/f/local.whl" }]\n'
        commitment = Commitment(address_of(document), locks.read(document))
        for pages in ({}, {PAGE.project: PAGE}):
            found = resolve(commitment, pages, f"https://mirror.example.org/f/{WHEEL}")
            self.assertEqual(found, ("six", WHEEL))
            self.assertIsNone(resolve(commitment, pages, "https://mirror.example.org/f/local.whl"))
