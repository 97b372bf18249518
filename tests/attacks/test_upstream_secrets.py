"""Clients and readers of logs, against the signatures in an upstream's URLs and the contents of a private upstream."""

from __future__ import annotations

import json
from typing import Any

from twisted.logger import globalLogPublisher

from reqpi.core import export, sbom
from reqpi.core.errors import NothingUpstream
from reqpi.core.frozen_pages import load_all
from reqpi.core.model import Archive, File
from reqpi.core.sbom.purls import purl_of
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sboms import Sboms
from reqpi.storage.memory import MemoryStore
from tests.attacks.upstream_case import TwoUpstreamsCase, with_login
from tests.fake_upstream.faults import Status
from tests.upstream.case import reactor

SECRET = "s1gnature"


class SignatureTests(TwoUpstreamsCase):
    """A page of an upstream has presigned URLs."""

    def setUp(self) -> None:
        super().setUp()
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        page = {
            "meta": {"api-version": "1.3"},
            "name": "thing",
            "files": [
                {
                    "filename": self.thing.filename,
                    "url": f"../../files/{self.thing.filename}?sig={SECRET}",
                    "hashes": {"sha256": self.thing.sha256},
                    "provenance": f"{self.a_url}p?sig={SECRET}",
                    "core-metadata": False,
                }
            ],
        }
        kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
        self.a.fail("page", Status(200, kind, json.dumps(page).encode()))

    async def test_the_record_has_it_and_files_json_has_not(self) -> None:
        """A client reads the URLs of the lock's files."""
        self.a.add(self.thing)
        shelf = self.shelf()
        commitment = await self.committed(shelf)
        pages = await shelf.pages(commitment)
        self.assertIn(SECRET, repr(pages))
        shown = export.files(commitment, pages, "https://reqpi.example/")
        self.assertNotIn(SECRET, shown.decode())
        [file] = load_all(shown)[self.project].files
        self.assertEqual(file.url, f"{self.a_url.removesuffix('simple/')}files/{self.thing.filename}")

    async def test_no_sbom_has_it(self) -> None:
        """A client reads both SBOMs."""
        shelf = self.shelf()
        commitment = await self.committed(shelf)
        sboms = Sboms(shelf, MemoryStore(self.clock.seconds), self.clock)
        for form in (sbom.cyclonedx, sbom.spdx):
            text = (await sboms.written(commitment, None, form)).body.decode()
            self.assertIn(f"files/{self.thing.filename}", text)
            self.assertNotIn(SECRET, text)

    async def test_no_error_and_no_log_has_it(self) -> None:
        """The file is forbidden, missing, moved in a circle, moved to an invalid URL, or endless."""
        away = f"/files/{self.thing.filename}?sig={SECRET}"
        for fault in (
            Status(403),
            Status(404),
            Status(503),
            Status(302, {"Location": away}),
            Status(302, {"Location": f"http://[::1?sig={SECRET}"}),
            Status(302, {"Location": f"http://h:x/?sig={SECRET}"}),
            Status(302, {"Location": f"ftp://h/?sig={SECRET}"}),
            Status(302, {"Location": f"http://127.0.0.1:9/?sig={SECRET}"}),
            Status(302, {"Location": f"http://nowhere.example/?sig={SECRET}"}),
            Status(206, {"Content-Range": "bytes 5-6/9"}),
        ):
            self.a.fail("file", fault)
            errors = await self.everything(self.shelf())
            self.assertTrue(errors, fault)
            self.assertNotIn(SECRET, "".join(errors), fault)
        self.assertTrue(self.events)
        for event in self.events:
            self.assertNotIn(SECRET, repr(event))

    def test_no_purl_has_it(self) -> None:
        """A lock names an archive by a presigned URL, or an index with a token."""
        source = Archive(f"https://h.example/a.tar.gz?sig={SECRET}", frozenset())
        file = File("a.tar.gz", self.project, None, "", False, "", source=source, listed=False)  # type: ignore[arg-type]
        self.assertNotIn(SECRET, purl_of(file))


class PrivateUpstreamTests(TwoUpstreamsCase):
    """The default upstream has a login; the client has none."""

    def private(self, **more: Any) -> Shelf:
        return self.shelf(default=with_login(self.b_url), upstreams={}, **more)

    async def refusal(self, shelf: Shelf, *lines: str) -> str:
        """Return the text of the 410."""
        commitment = await self.committed(shelf, *lines)
        try:
            await shelf.page(commitment, lines[0].partition("==")[0])
        except NothingUpstream as error:
            return f"{error} {error.defects}"
        raise self.failureException("there is a page")

    async def test_a_wrong_version_does_not_reveal_the_right_one(self) -> None:
        """The client guesses a version."""
        said = await self.refusal(self.private(), "thing==9.9")
        self.assertNotIn("1.0", said)
        self.assertIn("requires a login, so its versions are not shown", said)

    async def test_a_project_that_exists_looks_like_one_that_does_not(self) -> None:
        """The client guesses a name, then a version with the wrong digest, then a kind of file."""
        wrong = f"--hash=sha256:{'0' * 64}"
        absent = (await self.refusal(self.private(), f"other==1.0 {wrong}")).replace("other", "thing")
        self.assertEqual(await self.refusal(self.private(), f"thing==1.0 {wrong}"), absent)
        said = await self.refusal(self.private(), "thing==1.0", "--no-binary=thing")
        self.assertNotIn("exclude", said)

    async def test_one_private_index_among_others_is_left_out(self) -> None:
        """The lock names both indexes."""
        lines = ("thing==9.9", f"--index-url {self.a_url}", f"--extra-index-url {self.b_url}")
        self.b.wheel("thing", "7.7")
        said = await self.refusal(self.shelf(), *lines)
        self.assertIn(f"{self.a_url.rstrip('/')} (1.0)", said)
        self.assertNotIn("7.7", said)

    async def test_a_login_in_netrc_counts_and_a_client_certificate_too(self) -> None:
        """The server has the login from elsewhere."""
        for more in ({"logins": {"b.example": "Basic x"}}, {"client_certificate": object()}):
            policy = self.allowed(default=self.b_url, upstreams={}, **more).policy
            self.assertFalse(policy.reveals(""))
        self.assertTrue(self.allowed(default=self.b_url, upstreams={}).policy.reveals(""))

    async def test_nothing_is_suggested(self) -> None:
        """The client asks for ``refused?suggest=1`` after asking for projects that it guesses."""
        self.assertEqual(await self.private().suggest([self.project]), {})
        self.assertEqual(self.b.requests, [])
        public = Shelf(MemoryStore(reactor.seconds), self.outside(), reactor, "tests")
        self.assertEqual(await public.suggest([self.project]), {self.project: "thing==1.0"})

    async def test_the_operator_is_told(self) -> None:
        """This is no attack: the user of a local command has the login."""
        self.assertIn("1.0", await self.refusal(self.private(local=True), "thing==9.9"))
