"""Pages as they are served."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import filenames
from reqpi.core.model import Digest, File, Page, Status
from reqpi.core.simple import index_html, index_json, page_html, page_json

FOO = canonicalize_name("foo")
SHA256 = "a1" * 32


def file(filename: str, **fields: Any) -> File:
    named = filenames.parse(filename, FOO)
    assert named is not None
    url = f"https://files.example.org/{filename}"
    digests = frozenset({Digest("sha256", SHA256)})
    return evolve(File(filename, FOO, named.version, named.version_text, named.wheel, url, digests), **fields)


FULL = file(
    "foo-1.0-py3-none-any.whl",
    digests=frozenset({Digest("sha256", SHA256), Digest("sha512", "b2" * 64)}),
    size=17,
    requires_python='>=3.8,<4,!="é"',
    upload_time="2024-02-29T01:02:03Z",
    yanked='"bad" <release>',
    core_metadata=Digest("sha256", "c3" * 32),
    provenance="https://index.example.org/p?a=1&b=2",
)


def page(*files: File, status: Status | None = None) -> Page:
    return Page(FOO, files, status)


def document(served: Page, *, show_yanked: bool = False) -> Any:
    return json.loads(page_json(served, show_yanked=show_yanked))


class Html(SynchronousTestCase):
    """A page in HTML has everything in attributes, escaped, in ASCII."""

    def test_a_page_byte_for_byte(self) -> None:
        expected = f"""\
<!DOCTYPE html>
<html>
<head>
<meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="archived">
<meta name="pypi:project-status-reason" content="&lt;/head&gt;&quot;">
<title>Links for foo</title>
</head>
<body>
<h1>Links for foo</h1>
<a href="foo-1.0-py3-none-any.whl#sha256={SHA256}" data-requires-python="&gt;=3.8,&lt;4,!=&quot;&#233;&quot;" \
data-size="17" data-upload-time="2024-02-29T01:02:03Z" \
data-provenance="https://index.example.org/p?a=1&amp;b=2" data-core-metadata="sha256={"c3" * 32}" \
data-dist-info-metadata="sha256={"c3" * 32}">foo-1.0-py3-none-any.whl</a><br>
</body>
</html>
"""
        self.assertEqual(page_html(page(FULL, status=Status("archived", '</head>"'))).decode("ascii"), expected)

    def test_the_list_of_projects_links_to_each(self) -> None:
        text = index_html([canonicalize_name("zope.interface"), canonicalize_name("six")]).decode("ascii")
        links = '<a href="six/">six</a><br>\n<a href="zope-interface/">zope-interface</a><br>\n'
        self.assertIn(f"<h1>Simple index</h1>\n{links}</body>", text)
        self.assertIn('<meta name="pypi:repository-version" content="1.0">', text)


class Json(SynchronousTestCase):
    """A page in JSON has what the HTML has, and all digests."""

    def test_a_page(self) -> None:
        self.assertEqual(
            document(page(FULL, status=Status("archived", "why"))),
            {
                "meta": {"api-version": "1.4"},
                "name": "foo",
                "versions": ["1.0"],
                "files": [
                    {
                        "filename": "foo-1.0-py3-none-any.whl",
                        "url": f"foo-1.0-py3-none-any.whl#sha256={SHA256}",
                        "hashes": {"sha256": SHA256, "sha512": "b2" * 64},
                        "size": 17,
                        "upload-time": "2024-02-29T01:02:03Z",
                        "requires-python": '>=3.8,<4,!="é"',
                        "core-metadata": {"sha256": "c3" * 32},
                        "provenance": "https://index.example.org/p?a=1&b=2",
                    }
                ],
                "project-status": {"status": "archived", "reason": "why"},
            },
        )

    def test_what_is_not_known_is_not_there(self) -> None:
        (entry,) = document(page(file("foo-1.0.zip")))["files"]
        self.assertEqual(set(entry), {"filename", "url", "hashes"})

    def test_the_old_name_of_core_metadata_stays_away(self) -> None:
        """pip 22.3 to 23.1 fail on it with a traceback, whether it is a boolean or digests."""
        for core_metadata in (True, Digest("sha256", SHA256)):
            (entry,) = document(page(file("foo-1.0-py3-none-any.whl", core_metadata=core_metadata)))["files"]
            self.assertIn("core-metadata", entry)
            self.assertNotIn("dist-info-metadata", entry)

    def test_the_list_of_projects_names_each(self) -> None:
        self.assertEqual(
            json.loads(index_json([canonicalize_name("b"), canonicalize_name("a")])),
            {"meta": {"api-version": "1.0"}, "projects": [{"name": "a"}, {"name": "b"}]},
        )


class Both(SynchronousTestCase):
    """Properties of a page in either representation."""

    def test_the_bytes_are_a_function_of_the_set_of_files(self) -> None:
        names = [
            "foo-1.10.zip",
            "foo-1.9-py3-none-any.whl",
            "foo-1.9.tar.gz",
            "foo-1.9.0-cp311-none-any.whl",
            "foo-2a1.zip",
        ]
        forwards, backwards = page(*map(file, names)), page(*map(file, reversed(names)))
        self.assertEqual(page_html(forwards), page_html(backwards))
        self.assertEqual(page_json(forwards), page_json(backwards))

    def test_files_go_by_version_and_then_by_name(self) -> None:
        files = page(
            *map(file, ["foo-1.10.zip", "foo-2a1.zip", "foo-1.9.zip", "foo-1.9.0.tar.gz", "foo-1.9-py3-none-any.whl"])
        )
        expected = ["foo-1.9-py3-none-any.whl", "foo-1.9.0.tar.gz", "foo-1.9.zip", "foo-1.10.zip", "foo-2a1.zip"]
        self.assertEqual([entry["filename"] for entry in document(files)["files"]], expected)
        text = page_html(files).decode()
        self.assertEqual(sorted(expected, key=lambda name: text.index(f">{name}<")), expected)

    def test_links_are_percent_encoded(self) -> None:
        served = page(file("foo-1!2+cpu.zip"))
        link = f"foo-1%212%2Bcpu.zip#sha256={SHA256}"
        self.assertEqual(document(served)["files"][0]["url"], link)
        self.assertIn(f'href="{link}"'.encode(), page_html(served))

    def test_yanked_is_shown_on_demand_alone(self) -> None:
        served = page(FULL)
        self.assertNotIn("yanked", document(served)["files"][0])
        self.assertNotIn(b"yanked", page_html(served))
        self.assertEqual(document(served, show_yanked=True)["files"][0]["yanked"], '"bad" <release>')
        self.assertIn(b'data-yanked="&quot;bad&quot; &lt;release&gt;"', page_html(served, show_yanked=True))
        without_reason = page(file("foo-1.0.zip", yanked=True))
        self.assertIs(document(without_reason, show_yanked=True)["files"][0]["yanked"], True)
        self.assertIn(b'data-yanked=""', page_html(without_reason, show_yanked=True))

    def test_the_version_promises_no_more_than_is_there(self) -> None:
        sized, unsized = file("foo-1.0.zip", size=1), file("foo-2.0.zip")
        proven = file("foo-3.0.zip", size=1, provenance="https://index.example.org/p")
        for served, version in (
            (page(), "1.1"),
            (page(sized), "1.1"),
            (page(sized, proven), "1.3"),
            (page(sized, status=Status("active")), "1.4"),
            (page(sized, unsized, status=Status("active")), "1.0"),
        ):
            self.assertEqual(document(served)["meta"]["api-version"], version)
            self.assertIn(f'"pypi:repository-version" content="{version}"'.encode(), page_html(served))

    def test_a_file_without_sha256_is_never_listed(self) -> None:
        unknown = page(file("foo-1.0.zip", digests=frozenset({Digest("sha512", "b2" * 64)})))
        self.assertRaises(ValueError, page_html, unknown)
        self.assertRaises(ValueError, page_json, unknown)
