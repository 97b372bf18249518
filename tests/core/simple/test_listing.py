"""A page that is cut down to the versions that a lock pins, before anything on it is judged, says the same of them."""

from __future__ import annotations

import json
from hashlib import sha256
from html import escape
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import admission, locks
from reqpi.core.errors import BrokenLock, WrongPage
from reqpi.core.model import Lock
from reqpi.core.simple import HTML, V1_JSON, Listing, Packed, read_listing
from tests.core.simple.whole import read_page

FOO = canonicalize_name("foo")
BASE = "https://index.example.org/simple/foo/"

SPELLINGS = (
    *("1", "1.0", "1.0.0", "01.0", "v1.0", "V1", "0!1", "1!1", "1!1.0", "1.10", "11", "1.1"),
    *("1.0a1", "1.0.alpha-1", "1.0A01", "1.0b1", "1.0rc1", "1.0c1", "1.0.PREVIEW1", "1.0a", "1.0a0"),
    *("1.0-1", "1.0.post1", "1.0.REV1", "1.0.post", "1.0.dev0", "1.0dev", "1.0.post1.dev2"),
    *("1.0+local", "1.0+LOCAL", "1.0+local.1", "1.0+local-01", "1.0+local_1", "1.0.0+local"),
    *("2024.1.1", "2024.01.01", "nonsense", "", "1.0-beta", "1..0", "1.0_1"),
)
"""Versions: many files of one, some files of none."""

PINS = tuple(
    f"foo{operator}{spelled}"
    for operator in ("==", "===")
    for spelled in SPELLINGS
    if spelled and "nons" not in spelled
)

entries = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("foo", "Foo", "FOO", "bar", "foo-foo")),
        "version": st.sampled_from(SPELLINGS),
        "ending": st.sampled_from(
            (".tar.gz", ".zip", "-py3-none-any.whl", "-1-py3-none-any.whl", "-py2.py3-none-any.whl", ".exe")
        ),
        "sha256": st.sampled_from(("a" * 64, "b" * 64, "nonsense", None)),
        "size": st.sampled_from((1, -1, None, "x")),
        "yanked": st.sampled_from((False, "why", True, [["deep"]])),
    }
)


def zip_of(version: str) -> dict[str, Any]:
    return {"name": "foo", "version": version, "ending": ".zip", "sha256": "a" * 64, "size": 1, "yanked": False}


def as_json(listed: list[dict[str, Any]]) -> bytes:
    files = []
    for number, entry in enumerate(listed):
        filename = f"{entry['name']}-{entry['version']}{entry['ending']}"
        files.append(
            {
                "filename": filename,
                "url": f"https://files.example.org/{number}/{filename}",
                "hashes": {"sha256": entry["sha256"]},
                "size": entry["size"],
                "yanked": entry["yanked"],
            }
        )
    return json.dumps({"meta": {"api-version": "1.0"}, "files": [*files, "no entry", {"filename": 7}]}).encode()


def as_html(listed: list[dict[str, Any]]) -> bytes:
    links = ["<a>no link</a>"]
    for number, entry in enumerate(listed):
        filename = escape(f"{entry['name']}-{entry['version']}{entry['ending']}")
        yanked = " data-yanked" if entry["yanked"] else ""
        links.append(f'<a href="../{number}/{filename}#sha256={entry["sha256"]}"{yanked}>{filename}</a>')
    return f"<html>{''.join(links)}</html>".encode()


def lock_of(*lines: str) -> Lock | None:
    try:
        return locks.read("".join(f"{line}\n" for line in lines).encode())
    except BrokenLock:
        return None


class CutDownTests(SynchronousTestCase):
    """Before and after are the same."""

    @settings(max_examples=300, deadline=None)
    @given(st.lists(entries, max_size=150), st.lists(st.sampled_from(PINS), min_size=1, max_size=3, unique=True))
    @example(
        [{"name": "foo", "version": "1.0.0", "ending": ".zip", "sha256": "a" * 64, "size": 1, "yanked": 0}], ["foo===1"]
    )
    def test_a_lock_finds_on_it_what_it_finds_on_the_whole_page(self, listed: list[Any], pins: list[str]) -> None:
        """Whatever the versions look like: spelled otherwise, local, of another epoch, compared as text."""
        lock = lock_of(*pins)
        if lock is None:
            return
        for body, content_type in ((as_json(listed), V1_JSON), (as_html(listed), HTML)):
            whole = read_page(body, content_type, BASE, FOO)
            listing = read_listing(body, content_type, BASE, FOO)
            packed = Packed(listing)
            self.assertEqual(packed.page(), whole)
            cut = packed.page(admission.versions(lock.pins))
            for versions, page in ((admission.versions(lock.pins), cut), (None, whole)):
                again, at_once = Packed.with_page(listing, versions)
                self.assertEqual((at_once, again.page()), (page, whole))
            self.assertEqual(admission.admitted_page(lock, cut), admission.admitted_page(lock, whole))
            undecided = [[file for file in page.files if admission.undecided(lock, file)] for page in (cut, whole)]
            self.assertEqual(*undecided)

    def test_equal_versions_are_found_however_they_are_spelled(self) -> None:
        """Ensure that the test above tests something."""
        listed = [zip_of(spelled) for spelled in SPELLINGS]
        page = Packed(read_listing(as_json(listed), V1_JSON, BASE, FOO)).page({Version("1.0.0")})
        self.assertEqual([file.version_text for file in page.files], ["1", "1.0", "1.0.0", "01.0", "v1.0", "V1", "0!1"])


class PackedTests(SynchronousTestCase):
    """It is small, and says how much work it is."""

    def packed(self, versions: int, files: int) -> Packed:
        tag = "cp{0}-cp{0}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
        names = [f"foo-{version}.0-{tag.format(file)}" for version in range(versions) for file in range(files)]
        listed = [_entry(name) for name in names]
        return Packed(read_listing(json.dumps({"files": listed}).encode(), V1_JSON, BASE, FOO))

    def test_a_page_of_many_files_weighs_little(self) -> None:
        """A fifth of what its files weigh, or less."""
        self.assertLess(self.packed(200, 10).weight, 2000 * 280)

    def test_one_version_of_many_is_little_work(self) -> None:
        packed = self.packed(200, 10)
        self.assertLess(packed.work({Version("7")}), packed.work() / 10)
        self.assertEqual(len(packed.page({Version("7")}).files), 10)

    def test_a_page_without_files_is_one(self) -> None:
        packed = Packed(read_listing(b'{"files": []}', V1_JSON, BASE, FOO))
        self.assertEqual((packed.page().files, packed.page({Version("1")}).files), ((), ()))

    def test_what_cannot_be_packed_is_no_page(self) -> None:
        nested: Any = []
        for _ in range(3000):
            nested = [nested]
        listing = Listing(FOO, None, [{"yanked": nested}], lambda _: Version("1"), lambda _: None)
        error = self.assertRaises(WrongPage, Packed, listing)
        self.assertIn("nested", error.detail)


def _entry(filename: str) -> dict[str, Any]:
    digest = sha256(filename.encode()).hexdigest()
    return {"filename": filename, "url": f"https://files.example.org/{digest}/{filename}", "hashes": {"sha256": digest}}
