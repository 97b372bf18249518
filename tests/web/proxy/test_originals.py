"""Original URLs: which of them belong to a lock."""

from __future__ import annotations

from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks import read
from reqpi.core.model import File, Page, Project
from reqpi.web.proxy.originals import FileUrl, IndexUrl, Originals, ReleaseUrl, RepositoryUrl, SourceUrl, spelled

SHA = "a" * 64
LOCK = f"""\
--extra-index-url https://extra.example/root/simple
six==1.17.0 --hash=sha256:{SHA}
tool @ https://archives.example/tool-1.0.tar.gz --hash=sha256:{SHA}
repo @ git+https://git.example/team/repo@{"b" * 40}
# https://files.example/a/six-1.17.0.tar.gz, and no other
""".encode()


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
            "http://default.example/simple/six/",
            "https://default.example:8443/simple/six/",
            "https://default.example/simple-too/six/",
            "https://default.example/simple/a/b/",
            "https://default.example/",
            "ftp://default.example/simple/six/",
            "https://[::1/simple/six/",
            "https://default.example:x/simple/six/",
        ):
            self.assertIsNone(self.originals.meaning(url), url)

    def test_files_by_the_name_of_a_pinned_project(self) -> None:
        url = "https://files.example/a/six-1.17.0.tar.gz"
        file = FileUrl(url, (Project("six"),), "six-1.17.0.tar.gz")
        self.assertEqual(self.originals.meaning(f"{url}#sha256={SHA}"), file)
        self.assertTrue(self.originals.has(file, Page(Project("six"), ())))
        metadata = self.originals.meaning(f"{url}.metadata")
        self.assertEqual(metadata, FileUrl(url, (Project("six"),), "six-1.17.0.tar.gz", metadata=True))
        self.assertIsNone(self.originals.meaning("https://files.example/a/other-1.0.tar.gz"))

    def test_a_file_from_a_url_that_neither_lock_nor_page_has(self) -> None:
        url = "https://evil.example/six-1.17.0.tar.gz"
        file = self.originals.meaning(url)
        assert isinstance(file, FileUrl)
        self.assertFalse(self.originals.has(file, Page(Project("six"), ())))
        listed = File("six-1.17.0.tar.gz", Project("six"), Version("1.17.0"), "1.17.0", wheel=False, url=url)
        self.assertTrue(self.originals.has(file, Page(Project("six"), (listed,))))

    def test_sources(self) -> None:
        archive = self.originals.meaning("https://archives.example/tool-1.0.tar.gz")
        assert isinstance(archive, SourceUrl)
        self.assertEqual(archive.pin.project, "tool")
        for path in ("/info/refs?service=git-upload-pack", ".git/HEAD", ""):
            self.assertIsInstance(self.originals.meaning(f"https://git.example/team/repo{path}"), RepositoryUrl)
        self.assertIsNone(self.originals.meaning("https://git.example/team/repository/info/refs"))

    def test_releases_in_the_json_api_of_the_default_index(self) -> None:
        base = "https://default.example/pypi"
        self.assertEqual(self.originals.meaning(f"{base}/six/json"), ReleaseUrl("six"))
        self.assertEqual(self.originals.meaning(f"{base}/six/1.17.0/json"), ReleaseUrl("six", "1.17.0"))
        for path in ("six", "six/1.17.0", "json", "a/b/c/json", "six//json"):
            self.assertIsNone(self.originals.meaning(f"{base}/{path}"), path)
        self.assertIsNone(self.originals.meaning("https://extra.example/root/pypi/six/json"))

    def test_one_spelling(self) -> None:
        self.assertEqual(spelled("https://U:p@Host.:443/a%2Bb?x=%2B#f"), "https://host/a+b?x=%2B")
        self.assertEqual(spelled("https://[::1]:8443/"), "https://[::1]:8443/")
