"""What a static tree has: places, content types, and the texts for web servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.address import address_of, listing_of
from reqpi.core.caching import DERIVED, IMMUTABLE
from reqpi.core.locks import read, read_together
from reqpi.core.model import Commitment
from reqpi.core.report import Document
from reqpi.core.simple.accept import V1_HTML, V1_JSON, choose
from reqpi.core.static_tree.documents import document_resources, located_resources
from reqpi.core.static_tree.files import file_resources, original_resources
from reqpi.core.static_tree.headers_file import headers_file
from reqpi.core.static_tree.nginx import http_conf
from reqpi.core.static_tree.object_list import object_list
from reqpi.core.static_tree.pages import page_resources
from reqpi.core.static_tree.resource import Conflict, StaticResource, is_safe, without_conflicts
from tests.distributions import a_file, a_page

WHEEL = "six-1.0-py3-none-any.whl"
PAGE = a_page(a_file(WHEEL, url=f"https://files.example.org/ab/{WHEEL}"))
LOCK = b"six==1.0\n"
COMMITMENT = Commitment(address_of(LOCK), read(LOCK))
PAGES = {PAGE.project: PAGE}
FORMS = {V1_JSON: "json", V1_HTML: "v1html"}


def resource(place: str, **fields: object) -> StaticResource:
    return StaticResource(place, place, "text/plain", b"", **fields)  # type: ignore[arg-type]


class PlaceTests(SynchronousTestCase):
    """Nothing is outside of the folder, and nothing is twice."""

    def test_names_that_no_file_can_have(self) -> None:
        for place in ("", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0", "a\nb", "a\\b", "ä" * 128, "\ud800"):
            self.assertFalse(is_safe(place), place)
        for place in ("a", "a/b", "simple/six/six-1.0+local.tar.gz", "ä" * 127, "..a"):
            self.assertTrue(is_safe(place), place)

    def test_the_first_one_keeps_its_place(self) -> None:
        """A file cannot be twice, nor be a folder as well; what is optional is left out then."""
        for first, second in (("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a"), ("a", "a/b/c"), ("a", "..")):
            self.assertRaises(Conflict, list, without_conflicts([resource(first), resource(second)]))
            left = [each.place for each in without_conflicts([resource(first), resource(second, optional=True)])]
            self.assertEqual(left, [first])
        self.assertEqual(len(list(without_conflicts(map(resource, ("a/b", "a/c", "b"))))), 3)


class ResourceTests(SynchronousTestCase):
    """The resources of one lock."""

    def by_place(self, resources: Iterator[StaticResource]) -> dict[str, StaticResource]:
        return {each.place: each for each in resources}

    def test_a_page_has_two_forms_and_html_has_the_url(self) -> None:
        found = self.by_place(page_resources(PAGES))
        self.assertEqual(found["simple/six/index.html"].url, "simple/six/")
        self.assertEqual(found["simple/six/index.json"].content_type, V1_JSON)
        self.assertIn(f'href="{WHEEL}#sha256='.encode(), found["simple/six/index.html"].body or b"")
        self.assertEqual(found["simple/index.html"].url, "simple/")

    def test_large_pages_are_there_in_gzip_without_a_url(self) -> None:
        page = a_page(*(a_file(f"six-1.{number}-py3-none-any.whl") for number in range(50)))
        found = self.by_place(page_resources({page.project: page}))
        self.assertEqual({found[f"simple/six/index.{form}.gz"].url for form in ("html", "json")}, {""})
        self.assertNotIn("simple/index.json.gz", found)

    def test_files_have_their_metadata_and_provenance_next_to_them(self) -> None:
        [file] = PAGE.files
        found = self.by_place(file_resources([file], {file: b"Metadata-Version: 2.1\n"}, {file: b"{}"}))
        self.assertEqual(found[f"simple/six/{WHEEL}"].sha256, file.sha256)
        self.assertEqual(found[f"simple/six/{WHEEL}.metadata"].body, b"Metadata-Version: 2.1\n")
        self.assertIn("integrity", found[f"simple/six/{WHEEL}.provenance"].content_type)

    def test_original_paths_are_optional(self) -> None:
        [file] = PAGE.files
        found = self.by_place(original_resources(COMMITMENT.lock, PAGES, {file: b"m"}))
        place = f"files/files.example.org/ab/{WHEEL}"
        self.assertEqual(set(found), {place, f"{place}.metadata"})
        self.assertTrue(all(each.optional for each in found.values()))

    def test_the_lock_is_a_file_or_a_folder_of_documents(self) -> None:
        found = self.by_place(document_resources(COMMITMENT, PAGES))
        self.assertEqual(set(found), {"lock", "files.json", "requirements.none.txt"})
        self.assertEqual(found["lock"].body, LOCK)
        documents = [Document("requirements.txt", LOCK), Document("sub/more.txt", b"")]
        listing = listing_of(documents)
        several = Commitment(address_of(listing), read_together(documents))
        found = self.by_place(document_resources(several, PAGES))
        self.assertEqual((found["lock.listing"].url, found["lock.listing"].body), ("lock", listing))
        self.assertEqual(found["lock/requirements.txt"].body, LOCK)

    def test_documents_with_urls_name_the_mirror(self) -> None:
        here = f"https://pypi.example.org/{COMMITMENT.address}/"
        found = self.by_place(located_resources(COMMITMENT, PAGES, "https://pypi.example.org"))
        self.assertLess({"requirements.txt", "pylock.toml", "env", "env.fish", "env.json"}, set(found))
        self.assertNotIn("uv.lock", found)
        for each in found.values():
            self.assertIn(here.encode(), each.body or b"", each.place)
            self.assertEqual(each.caching, DERIVED if each.place.startswith("env") else IMMUTABLE)

    def test_the_list_has_a_row_for_each_url(self) -> None:
        table = object_list("a" * 64, [*page_resources(PAGES), StaticResource("x.gz", "", "text/plain", b"x")])
        head, *rows = table.decode().splitlines()
        self.assertEqual(head, "key\tfile\tcontent-type\tcache-control\tsha256")
        keys = {row.split("\t")[0]: row.split("\t")[1:] for row in rows}
        address = "a" * 64
        names = ("simple/", "simple/index.json", "simple/six/", "simple/six/index.json")
        self.assertEqual(set(keys), {f"{address}/{name}" for name in names})
        page = next(each for each in page_resources(PAGES) if each.url == "simple/six/")
        digest = sha256(page.body or b"").hexdigest()
        row = [f"{address}/simple/six/index.html", "text/html; charset=utf-8", IMMUTABLE, digest]
        self.assertEqual(keys[f"{address}/simple/six/"], row)


class NginxTests(SynchronousTestCase):
    """The map of ``Accept``, as nginx evaluates it: the first pattern that matches, without regard to letter case."""

    def form(self, accept: str) -> str:
        block = http_conf().decode().partition("map $http_accept $reqpi_form {")[2].partition("}\n")[0]
        for pattern, value in re.findall(r'"~\*(.*)" (\w+);', block):
            if re.search(pattern, accept, re.IGNORECASE):
                return str(value)
        return "html"

    def test_the_form_is_the_one_that_the_server_chooses(self) -> None:
        """For every header with at most one weight below 1, and those that clients send."""
        json, html = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html"
        latest = "application/vnd.pypi.simple.latest+json"
        types = ("", json, html, latest, "text/html", "*/*", "text/*", "application/json", "image/png")
        weights = ("", ";q=1", "; q=1.0", ";q=0", "; q=0.0", ";charset=utf-8")
        headers = [f"{one}{weight}, {other}" for one in types for weight in weights for other in types if one]
        headers += [f"{one};q=0.5" for one in types]
        headers += [f"{json}, {html}; q=0.1, text/html; q=0.01", f"{json};q=0.9,*/*;q=0.1", "text/html, */*; q=0.1"]
        for accept in headers:
            self.assertEqual(self.form(accept), FORMS.get(choose(accept), "html"), accept)


class HeadersFileTests(SynchronousTestCase):
    """The rules of a static host: all that match a path count, and the values of one header are joined."""

    def headers(self, path: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        rule = ""
        for line in headers_file().decode().splitlines():
            if not line.startswith(" "):
                rule = re.sub(r":\w+", "[^/]+", re.escape(line).replace(r"\*", ".*").replace(r"\:", ":"))
            elif re.fullmatch(rule, path):
                name, _, value = line.strip().partition(": ")
                found.setdefault(name, []).append(value)
        return found

    def test_no_two_rules_set_one_header_for_a_path(self) -> None:
        """Of those that a tree has, with the values of its list."""
        [file] = PAGE.files
        resources = [*page_resources(PAGES), *file_resources([file], {file: b"m"}, {})]
        resources += [*document_resources(COMMITMENT, PAGES), *original_resources(COMMITMENT.lock, PAGES, {})]
        resources += located_resources(COMMITMENT, PAGES, "https://pypi.example.org")
        for each in resources:
            found = self.headers(f"/{'a' * 64}/{each.url}")
            self.assertTrue(all(len(values) == 1 for values in found.values()), (each.url, found))
            if not each.place.startswith("env.") and each.url:
                self.assertEqual(found["Cache-Control"], [each.caching], each.url)
            if "Content-Type" in found:
                self.assertEqual(found["Content-Type"], [each.content_type], each.url)
        self.assertEqual(self.headers(f"/{'a' * 64}/simple/six/index.json")["Content-Type"], [V1_JSON])
