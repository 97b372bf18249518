"""Pages in HTML, as upstreams write them."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import WrongPage
from reqpi.core.model import Digest, File, Page, Status
from tests.core.simple.whole import read_page

FOO = canonicalize_name("foo")
BASE = "https://index.example.org/simple/foo/"
SHA256 = "a1" * 32
SHA512 = "b2" * 64


def read(markup: str, base: str = BASE) -> Page:
    return read_page(markup.encode(), "text/html", base, FOO)


def one(attributes: str) -> File:
    """The file of a page with one link."""
    (file,) = read(f"<a {attributes}>foo-1.0.zip</a>").files
    return file


def urls(markup: str, base: str = BASE) -> list[str]:
    return [file.url for file in read(markup, base).files]


class Links(SynchronousTestCase):
    """A link leads where a browser would take it, and to http and https alone."""

    def test_a_link_is_a_file(self) -> None:
        page = read(f'<a href="https://files.example.org/x/foo-1.0.tar.gz#sha256={SHA256}">foo-1.0.tar.gz</a>')
        self.assertEqual(
            page,
            Page(
                FOO,
                (
                    File(
                        filename="foo-1.0.tar.gz",
                        project=FOO,
                        version=Version("1.0"),
                        version_text="1.0",
                        wheel=False,
                        url="https://files.example.org/x/foo-1.0.tar.gz",
                        digests=frozenset({Digest("sha256", SHA256)}),
                    ),
                ),
            ),
        )

    def test_relative_links_begin_at_the_page(self) -> None:
        for href, url in {
            "foo-1.zip": "https://index.example.org/simple/foo/foo-1.zip",
            "../../files/foo-1.zip": "https://index.example.org/files/foo-1.zip",
            "/files/foo-1.zip": "https://index.example.org/files/foo-1.zip",
            "//files.example.org/foo-1.zip": "https://files.example.org/foo-1.zip",
            " HTTP://Files.Example.ORG:8080/foo-1.zip\n": "http://files.example.org:8080/foo-1.zip",
        }.items():
            self.assertEqual(urls(f'<a href="{href}">x</a>'), [url])

    def test_the_first_base_counts_for_all_links(self) -> None:
        page = '<a href="foo-1.zip">x</a><base><base href="/files/"><base href="/no/"><a href="foo-2.zip">x</a>'
        self.assertEqual(
            urls(page), ["https://index.example.org/files/foo-1.zip", "https://index.example.org/files/foo-2.zip"]
        )

    def test_a_link_keeps_its_query_and_loses_credentials_and_fragment(self) -> None:
        self.assertEqual(
            urls('<a href="https://user:secret@files.example.org/foo-1.zip?a=1&amp;b=2#egg=foo">x</a>'),
            ["https://files.example.org/foo-1.zip?a=1&b=2"],
        )

    def test_a_link_is_percent_encoded_once(self) -> None:
        self.assertEqual(
            urls('<a href="/a b/é/%41/foo-1%2B2.zip">x</a>'),
            ["https://index.example.org/a%20b/%C3%A9/%41/foo-1%2B2.zip"],
        )

    def test_the_filename_is_the_urls_last_segment(self) -> None:
        (file,) = read('<a href="foo-1.0%2Bcpu.zip">foo-2.0.zip</a>').files
        self.assertEqual((file.filename, file.version_text), ("foo-1.0+cpu.zip", "1.0+cpu"))

    def test_other_schemes_and_broken_urls_are_left_out(self) -> None:
        for href in (
            "javascript:alert(1)//foo-1.zip",
            "file:///etc/foo-1.zip",
            "ftp://files.example.org/foo-1.zip",
            "data:,/foo-1.zip",
            "https:///foo-1.zip",
            "https://[::1/foo-1.zip",
            "https://a:port/foo-1.zip",
            "https://a:99999/foo-1.zip",
            "https://a\\@b/foo-1.zip",
            "https://a%2eb/foo-1.zip",
            "https://" + "a." * 400 + "b/foo-1.zip",
            "/" + "a/" * 5000 + "foo-1.zip",
            "a%2Ffoo-1.zip",
            "",
        ):
            self.assertEqual(urls(f'<a href="{href}">foo-1.zip</a>'), [], href)

    def test_internationalised_hosts_are_written_in_ascii(self) -> None:
        self.assertEqual(urls('<a href="https://bücher.example.org/foo-1.zip">x</a>')[0][:19], "https://xn--bcher-k")

    def test_files_that_are_none_of_the_project_are_left_out(self) -> None:
        page = "".join(
            f'<a href="{name}">{name}</a>'
            for name in ("foo-1.0-py2.7.egg", "foo-1.exe", "bar-1.zip", "foo-x.zip", "foo-1.zip")
        )
        self.assertEqual([file.filename for file in read(page).files], ["foo-1.zip"])

    def test_of_two_links_with_one_filename_the_first_stands(self) -> None:
        self.assertEqual(
            urls('<a href="/a/foo-1.zip">x</a><a href="/b/foo-1.zip">x</a>'), [BASE[:-12] + "/a/foo-1.zip"]
        )

    def test_links_in_comments_are_none(self) -> None:
        self.assertEqual(urls('<!-- <a href="foo-1.zip">x</a> --><title>Links for foo</title>'), [])


class Attributes(SynchronousTestCase):
    """Attributes are read by their PEPs; invalid values are ignored."""

    def test_only_digests_that_count_are_kept(self) -> None:
        for fragment, digests in {
            f"sha256={SHA256.upper()}": {Digest("sha256", SHA256)},
            f"SHA512={SHA512}": {Digest("sha512", SHA512)},
            f"sha256={SHA256}&amp;sha512={SHA512}": {Digest("sha256", SHA256), Digest("sha512", SHA512)},
            f"egg=foo&amp;sha256={SHA256}": {Digest("sha256", SHA256)},
            "md5=" + "a" * 32: set(),
            "sha256=" + "a" * 63: set(),
            "sha256=" + "g" * 64: set(),
            "sha256=": set(),
            "": set(),
        }.items():
            self.assertEqual(one(f'href="foo-1.0.zip#{fragment}"').digests, digests, fragment)

    def test_requires_python_is_unescaped(self) -> None:
        file = one('href="foo-1.0.zip" data-requires-python="&gt;=3.8, \n&lt;4"')
        self.assertEqual(file.requires_python, ">=3.8, <4")

    def test_yanked_has_a_reason_or_none(self) -> None:
        for attribute, yanked in {
            "": None,
            "data-yanked": True,
            'data-yanked=""': True,
            'data-yanked="a &quot;bad&quot; release"': 'a "bad" release',
            f'data-yanked="{"x" * 5000}"': True,
        }.items():
            self.assertEqual(one(f'href="foo-1.0.zip" {attribute}').yanked, yanked)

    def test_a_file_whose_digests_contradict_each_other_is_left_out(self) -> None:
        """One of the two could be what a lock asks for, and the other what is served."""
        self.assertEqual(urls(f'<a href="foo-1.0.zip#sha256={SHA256}&sha256={"f" * 64}">x</a>'), [])

    def test_core_metadata_goes_by_its_new_name_first(self) -> None:
        for attributes, expected in {
            'data-core-metadata="true"': True,
            'data-dist-info-metadata="true"': True,
            f'data-core-metadata="sha256={SHA256}"': Digest("sha256", SHA256),
            f'data-core-metadata="sha256={SHA256}" data-dist-info-metadata="true"': Digest("sha256", SHA256),
            'data-core-metadata="md5=0123"': True,
            'data-core-metadata="sha256=0123"': None,
            'data-core-metadata="false"': None,
            "data-core-metadata": None,
            "": None,
        }.items():
            self.assertEqual(one(f'href="foo-1.0.zip" {attributes}').core_metadata, expected, attributes)

    def test_size_time_and_provenance_are_read_where_they_are_given(self) -> None:
        file = one(
            'href="foo-1.0.zip" data-size="17" data-upload-time="2024-02-29T01:02:03.456Z" data-provenance="/p/foo"'
        )
        self.assertEqual(
            (file.size, file.upload_time, file.provenance),
            (17, "2024-02-29T01:02:03.456Z", "https://index.example.org/p/foo"),
        )

    def test_a_bad_field_is_dropped_and_the_file_stays(self) -> None:
        file = one(
            'href="foo-1.0.zip" data-size="-1" data-upload-time="2023-02-29T01:02:03Z" data-provenance="file:///p"'
        )
        self.assertEqual((file.size, file.upload_time, file.provenance), (None, None, None))


class WholePages(SynchronousTestCase):
    """A page says its version and its project's status, and is refused where it cannot be one."""

    def test_any_version_1_is_read(self) -> None:
        for version in ("1.0", "1.4", "1.999"):
            page = read(f'<meta name="pypi:repository-version" content="{version}"><a href="foo-1.zip">x</a>')
            self.assertEqual(len(page.files), 1)

    def test_another_version_is_named(self) -> None:
        for version in ("2.0", "0.9", "11.0", "x", ""):
            error = self.assertRaises(WrongPage, read, f'<meta name="pypi:repository-version" content="{version}">')
            self.assertIn(f"version '{version}'", error.title)

    def test_the_project_status_is_read(self) -> None:
        page = read(
            '<meta name="pypi:project-status" content="archived">'
            '<meta name="pypi:project-status-reason" content="see &lt;bar&gt;">'
        )
        self.assertEqual(page.status, Status("archived", "see <bar>"))
        self.assertEqual(page.files, ())
        self.assertIsNone(read('<a href="foo-1.zip">x</a>').status)

    def test_what_is_no_html_is_no_page(self) -> None:
        for body in (b"", b"Not found", b"\x00\xff" * 50, '<a href="foo-1.zip">x</a>'.encode("utf-16")):
            self.assertRaises(WrongPage, read_page, body, "text/html", BASE, FOO)

    def test_a_page_without_links_must_say_that_it_is_an_index(self) -> None:
        """By a title of an index, or a meta tag: a project may have no files."""
        for title in ("Links for foo", "root/pypi: links for foo", "Simple index", "Index of /simple/foo/"):
            self.assertEqual(read(f"<html><head><title>\n{title}</title></head></html>").files, ())
        self.assertEqual(read('<meta name="pypi:repository-version" content="1.0">').files, ())
        self.assertEqual(read("<html><body><h1>Links for foo</h1></body></html>").files, ())

    def test_a_login_page_is_no_page(self) -> None:
        """It would pass for a project without files, and the answer would be that the lock admits none of them."""
        field = '<form><input name=u><input TYPE="Password"></form>'
        for html in (
            "<html><title>Sign in</title><p>Please log in.</p></html>",
            f'<html><a href="/help">Help</a>{field}</html>',
            "<html><title>Portal</title> Links for foo </html>",
            "<p>502 Bad Gateway</p>",
            "\x00\x01<b\x02>\x03 noise",
        ):
            error = self.assertRaises(WrongPage, read, html)
            self.assertIn("not a page of an index", error.title, html)
        self.assertEqual(len(read(f'<title>Links for foo</title>{field}<a href="foo-1.zip">x</a>').files), 1)

    def test_a_page_that_ends_within_a_tag_is_cut_off(self) -> None:
        for tail in ('<a href="foo-2.zip', "<!-- ", "<a"):
            error = self.assertRaises(WrongPage, read, f'<a href="foo-1.zip">x</a>{tail}')
            self.assertIn("cut off", error.title)

    def test_tags_that_are_never_closed_do_no_harm(self) -> None:
        self.assertEqual(len(urls("<div>" * 10_000 + '<a href="foo-1.zip">')), 1)

    def test_an_unusable_base_is_refused(self) -> None:
        self.assertRaises(WrongPage, read, '<base href="https://[">')

    def test_the_content_type_has_to_be_a_pages(self) -> None:
        html = b'<a href="foo-1.zip">x</a>'
        for content_type in ("text/html; charset=UTF-8", "TEXT/HTML", "application/vnd.pypi.simple.v1+html"):
            self.assertEqual(len(read_page(html, content_type, BASE, FOO).files), 1)
        for content_type in ("", "application/json", "application/octet-stream", "text/plain", "text/html2"):
            self.assertRaises(WrongPage, read_page, html, content_type, BASE, FOO)
        error = self.assertRaises(WrongPage, read_page, html, "application/vnd.pypi.simple.v2+html", BASE, FOO)
        self.assertIn("version 2", error.title)
