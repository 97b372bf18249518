"""Original URLs: which of them belong to a lock, and to which file under an address they lead."""

from __future__ import annotations

from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks import read
from reqpi.core.model import Archive, File, Lock, Page, Project
from reqpi.core.original_urls import (
    FileUrl,
    IndexUrl,
    Originals,
    Place,
    ReleaseUrl,
    RepositoryUrl,
    SourceUrl,
    source_on,
)
from tests.distributions import a_file, a_page, digest_of

SHA = "a" * 64
LOCK = f"""\
--extra-index-url https://extra.example/root/simple
six==1.17.0 --hash=sha256:{SHA}
tool @ https://archives.example/tool-1.0.tar.gz --hash=sha256:{SHA}
repo @ git+https://git.example/team/repo@{"b" * 40}
# https://files.example/a/six-1.17.0.tar.gz, and no other
# https://git.example/team/repo/releases/six-1.17.0-py3-none-any.whl
""".encode()

WHEEL = "six-1.0-py3-none-any.whl"
SOURCE = Archive("https://src.example.org/v1.zip", frozenset({digest_of(b"")}))
PAGE = a_page(
    a_file(WHEEL, url=f"https://files.example.org/ab/{WHEEL}"),
    a_file("six-1.0.tar.gz", url="http://files.example.org:8080/ab/six-1.0.tar.gz?sig=s%2Fs"),
    a_file("six-1.0.tar.bz2", url="https://files.example.org/download/17"),
    a_file("six-1.0.zip", url=f"archive+{SOURCE.url}", source=SOURCE),
)

URLS = {
    f"https://files.example.org/ab/{WHEEL}": WHEEL,
    f"http://FILES.example.org:80/ab/{WHEEL}": WHEEL,
    f"https://files.example.org/a%62//{WHEEL}#sha256=0": WHEEL,
    f"https://user@files.example.org/ab/{WHEEL}": WHEEL,
    f"https://files.example.org/ab/{WHEEL}?sig=1": None,
    f"https://files.example.org:8080/ab/{WHEEL}": None,
    f"https://files.example.org/{WHEEL}": None,
    f"https://files.example.org/x/../ab/{WHEEL}": None,
    f"https://files.example.org/x/%2e%2e/ab/{WHEEL}": None,
    f"https://files.example.org/ab%2f{WHEEL}": None,
    f"https://files.example.org/ab\\{WHEEL}": None,
    f"ftp://files.example.org/ab/{WHEEL}": None,
    f"/ab/{WHEEL}": None,
    "https://[/": None,
    "": None,
    "http://files.example.org:8080/ab/six-1.0.tar.gz": "six-1.0.tar.gz",
    "https://files.example.org:8080/ab/six-1.0.tar.gz?sig=s%2Fs": "six-1.0.tar.gz",
    "https://files.example.org:8080/ab/six-1.0.tar.gz?sig=t": None,
    "https://files.example.org/download/17": "six-1.0.tar.bz2",
    "https://src.example.org/v1.zip": "six-1.0.zip",
}


class MeaningTests(SynchronousTestCase):
    """The meaning of a URL to a lock."""

    def setUp(self) -> None:
        self.originals = Originals(read(LOCK), ("https://default.example/simple/",))

    def test_pages_of_the_indexes_of_the_lock(self) -> None:
        for index in ("https://default.example/simple", "https://EXTRA.example:443/root/simple"):
            for end in ("", "/"):
                self.assertEqual(self.originals.meaning(f"{index}/Six{end}"), IndexUrl("Six"))
                self.assertEqual(self.originals.meaning(f"{index}{end}"), IndexUrl())

    def test_other_indexes_mean_nothing(self) -> None:
        for url in (
            "https://other.example/simple/six/",
            "https://default.example:8443/simple/six/",
            "https://default.example/simple-too/six/",
            "https://default.example/simple/a/b/",
            "https://default.example/simple/a%2fb/",
            "https://default.example/simple/six/?x",
            "https://default.example/",
            "ftp://default.example/simple/six/",
            "https://[::1/simple/six/",
            "https://default.example:x/simple/six/",
        ):
            self.assertIsNone(self.originals.meaning(url), url)

    def test_files_by_the_name_of_a_pinned_project(self) -> None:
        url = "https://files.example/a/six-1.17.0.tar.gz"
        place = Place("files.example", ("a", "six-1.17.0.tar.gz"))
        file = FileUrl(place, (Project("six"),))
        self.assertEqual(self.originals.meaning(f"{url}#sha256={SHA}"), file)
        self.assertTrue(self.originals.has(file))
        self.assertEqual(self.originals.meaning(f"{url}.metadata"), FileUrl(place, (Project("six"),), metadata=True))
        self.assertIsNone(self.originals.meaning("https://files.example/a/other-1.0.tar.gz"))

    def test_a_file_from_a_url_that_neither_lock_nor_page_has(self) -> None:
        url = "https://evil.example/six-1.17.0.tar.gz"
        asked = self.originals.meaning(url)
        assert isinstance(asked, FileUrl)
        self.assertFalse(self.originals.has(asked))
        listed = File("six-1.17.0.tar.gz", Project("six"), Version("1.17.0"), "1.17.0", wheel=False, url=url)
        elsewhere = File("six-1.17.0.tar.gz", Project("six"), Version("1.17.0"), "1.17.0", wheel=False, url=f"{url}/x")
        self.assertIs(self.originals.file_on(asked, Page(Project("six"), (listed,))), listed)
        self.assertIsNone(self.originals.file_on(asked, Page(Project("six"), (elsewhere,))))

    def test_sources(self) -> None:
        archive = self.originals.meaning("https://archives.example/tool-1.0.tar.gz")
        assert isinstance(archive, SourceUrl)
        self.assertEqual(archive.pin.project, "tool")
        for path in ("/info/refs?service=git-upload-pack", ".git/HEAD", ""):
            self.assertIsInstance(self.originals.meaning(f"https://git.example/team/repo{path}"), RepositoryUrl)
        self.assertIsNone(self.originals.meaning("https://git.example/team/repository/info/refs"))
        asset = "https://git.example/team/repo/releases/six-1.17.0-py3-none-any.whl"
        self.assertIsInstance(self.originals.meaning(asset), FileUrl)

    def test_releases_in_the_json_api_of_the_default_index(self) -> None:
        base = "https://default.example/pypi"
        self.assertEqual(self.originals.meaning(f"{base}/six/json"), ReleaseUrl("six"))
        self.assertEqual(self.originals.meaning(f"{base}/six/1.17.0/json"), ReleaseUrl("six", "1.17.0"))
        for path in ("six", "six/1.17.0", "json", "a/b/c/json", "six/json?x"):
            self.assertIsNone(self.originals.meaning(f"{base}/{path}"), path)
        self.assertIsNone(self.originals.meaning("https://extra.example/root/pypi/six/json"))

    def test_one_spelling(self) -> None:
        self.assertEqual(
            Place.of("https://U:p@Host.:443/a%2Bb//c%2fd/?x=%2B#f"), Place("host", ("a+b", "c/d"), "x=%2B")
        )
        self.assertEqual(Place.of("https://[::1]:8443/"), Place("[::1]:8443", ()))


class FileTests(SynchronousTestCase):
    """From an original URL to a file, however a client spells it; and to no other."""

    def found(self, lock: Lock, url: str, page: Page = PAGE) -> str | None:
        originals = Originals(lock)
        match originals.meaning(url):
            case FileUrl() as asked if (file := originals.file_on(asked, page)) is not None:
                return file.filename
            case SourceUrl(pin) if (file := source_on(pin, page)) is not None:
                return file.filename
        found = originals.found_on(url, [page])
        return None if found is None else found[0].filename

    def test_urls_of_the_frozen_pages_are_found(self) -> None:
        for lock in (b"six==1.0", f"six @ {SOURCE.url} --hash={digest_of(b'')}".encode()):
            for url, filename in URLS.items():
                self.assertEqual(self.found(read(lock), url), filename, url)

    def test_core_metadata_is_found_on_any_page(self) -> None:
        found = Originals(read(b"six==1.0")).found_on("https://files.example.org/download/17.metadata", [PAGE])
        assert found is not None
        self.assertEqual((found[0].filename, found[1]), ("six-1.0.tar.bz2", True))

    def test_urls_of_the_lock_itself_are_found(self) -> None:
        """They may be those of another mirror than the upstream, which has them on no page."""
        document = (
            b'version = 1\n[[package]]\nname = "six"\nversion = "1.0"\n'
            b'source = { registry = "https://mirror.example.org/simple" }\n'
            b'wheels = [{ url = "https://mirror.example.org/f/%73ix-1.0-py3-none-any.whl?sig=1", hash = "sha256:'
            b"" + SHA.encode() + b'" }]\n[[package]]\nname = "local"\nversion = "1"\nsource = { virtual = "." }\n'
            b'wheels = [{ url = "https://mirror.example.org/f/local-1-py3-none-any.whl" }]\n'
        )
        lock = read(document)
        for end in ("", "?sig=1"):
            self.assertEqual(self.found(lock, f"https://mirror.example.org/f/{WHEEL}{end}"), WHEEL)
        self.assertIsNone(self.found(lock, f"https://mirror.example.org/f/{WHEEL}?sig=2"))
        self.assertIsNone(self.found(lock, "https://mirror.example.org/f/local-1-py3-none-any.whl"))
