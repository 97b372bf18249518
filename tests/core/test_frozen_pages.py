"""How a page is written down."""

from __future__ import annotations

import json

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreTrouble
from reqpi.core.frozen_pages import dump, dump_all, load, load_all
from reqpi.core.model import Page, Status
from reqpi.core.stored_json import NOT_WRITTEN
from tests.distributions import a_file, a_page, digest_of

SIX = canonicalize_name("six")

FULL = a_page(
    a_file(
        "six-1.0-py3-none-any.whl",
        digests=frozenset({digest_of(b"a"), digest_of(b"a", "sha512")}),
        measured=True,
        size=0,
        requires_python=">=3.8",
        upload_time="2024-01-01T00:00:00Z",
        yanked=True,
        core_metadata=digest_of(b"b"),
        provenance="https://example.org/p",
    ),
    a_file("six-v1.0.zip", yanked="broken", core_metadata=True),
    status=Status("deprecated", "use seven"),
)


class FrozenTests(SynchronousTestCase):
    """A page that was written is read back equal."""

    def test_every_field_survives(self) -> None:
        self.assertEqual(load(dump(FULL), SIX), FULL)

    def test_nothing_survives_as_nothing(self) -> None:
        page = a_page(a_file("six-1.0.tar.gz"))
        self.assertEqual(load(dump(page), SIX), page)

    def test_the_same_page_gives_the_same_bytes(self) -> None:
        again = Page(FULL.project, tuple(FULL.files), FULL.status)
        self.assertEqual(dump(again), dump(FULL))

    def test_all_pages_of_an_address_are_one_document(self) -> None:
        other = a_page(a_file("attrs-1.0.tar.gz", project="attrs"), project="attrs")
        pages = {FULL.project: FULL, other.project: other}
        self.assertEqual(load_all(dump_all(pages)), pages)
        self.assertEqual(dump_all(dict(reversed(pages.items()))), dump_all(pages))
        self.assertEqual(load_all(dump_all({})), {})

    def test_what_is_no_such_document_is_an_error_and_no_traceback(self) -> None:
        """It comes from a server, which may be another."""
        record = json.loads(dump(FULL))
        for wrong in (
            b"", b"[]", b"null", b'{"pages": 1}', b'{"pages": [1]}', b"[" * 100_000,
            json.dumps({"pages": [record | {"layout": 2}]}).encode(),
            json.dumps({"pages": [record | {"project": "../six"}]}).encode(),
            json.dumps({"pages": [record | {"files": [{}]}]}).encode(),
        ):  # fmt: skip
            self.assertRaises(ValueError, load_all, wrong)

    def test_an_invalid_digest_is_rejected(self) -> None:
        """A file is named after its digest where it is fetched: one with a path in it would be written elsewhere."""
        record = json.loads(dump(FULL))
        for digests in ({"sha256": "/../../x"}, {"sha256": "\u0130" * 64}, {"sha256": "a" * 63}, {"md5": "a" * 32}):
            for wrong in ({"digests": digests}, {"core-metadata": digests}):
                files = [record["files"][0] | wrong]
                self.assertRaises(ValueError, load_all, json.dumps({"pages": [record | {"files": files}]}).encode())

    def test_a_damaged_record_is_an_error_of_a_known_kind(self) -> None:
        for damaged in (b"", b"[]", b"null", b'{"layout": 1}', dump(FULL)[:-9], b"\xff", b'{"layout":1,"files":[{}]}'):
            with self.assertRaises(NOT_WRITTEN, msg=repr(damaged)):
                load(damaged, SIX)

    def test_a_record_of_a_later_layout_is_not_guessed_at(self) -> None:
        record = json.loads(dump(FULL)) | {"layout": 2}
        error = self.assertRaises(StoreTrouble, load, json.dumps(record).encode(), SIX)
        self.assertIn("newer", error.title)
