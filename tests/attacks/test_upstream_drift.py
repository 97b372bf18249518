"""An upstream that lists whatever it likes, to fill the store, to stop the server, or to write on a terminal."""

from __future__ import annotations

import json

from attrs import evolve

from reqpi.core.drift.looks import Look, after_look
from reqpi.core.drift.stored import dump_history, load_history
from reqpi.core.model import Status
from reqpi.core.simple import read_listing
from reqpi.core.simple.entries import LONGEST_TEXT
from reqpi.shelf.records import history_record
from tests.distributions import a_file, a_page
from tests.web.case import FILES, SDIST
from tests.web.test_drift import DriftCase

SIX = a_page().project
LARGEST = 4 << 20
"""Bytes of a history, at most, whatever an index lists."""


class ListingTests(DriftCase):
    async def history_size(self) -> int:
        written = await self.store.get(history_record(SIX, self.upstream.name))
        return len(written or b"")

    async def test_a_history_stays_small_whatever_is_listed(self) -> None:
        """The attacker lists thousands of files of a release, each with the longest reason and address."""
        url = f"https://x.example.org/{'p' * 8000}"
        many = [
            a_file(f"six-1.0-{number}{'x' * 200}-py3-none-any.whl", yanked="r" * LONGEST_TEXT, provenance=url)
            for number in range(5_000)
        ]
        self.lists(*FILES, *many, status=Status("s" * LONGEST_TEXT, "r" * LONGEST_TEXT))
        found = await self.asked_for()
        self.assertLess(await self.history_size(), LARGEST)
        self.assertIn("too many files", found["unknown"][0]["why"])

    async def test_a_history_does_not_grow_with_what_comes_and_goes(self) -> None:
        """The attacker lists other files each day, so that those that are gone would add up."""
        await self.ask(f"/{self.address}/simple/six/")
        for day in range(12):
            self.lists(*FILES, *(a_file(f"six-1.0-{day}x{number}-py3-none-any.whl") for number in range(500)))
            await self.kinds()
        self.assertLess(await self.history_size(), LARGEST)

    async def test_no_time_of_an_upload_ends_in_an_error(self) -> None:
        """The attacker lists the first and the last times that there are, with every zone."""
        times = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2021-01-01T00:00:00.123456789Z")
        for time in times:
            entry = {"filename": SDIST, "url": f"/{SDIST}", "hashes": {"sha256": "0" * 64}, "upload-time": time}
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": "six", "files": [entry]}).encode()
            page = read_listing(body, "application/vnd.pypi.simple.v1+json", "https://x.example.org/six/", SIX).page()
            self.upstream.pages[SIX] = evolve(page, files=(*page.files, FILES[1]))
            await self.kinds()

    async def test_what_an_upstream_says_is_one_line_of_printable_text(self) -> None:
        """The attacker gives a reason that clears the screen of whoever reads the report."""
        await self.ask(f"/{self.address}/simple/six/")
        entry = {
            "filename": SDIST,
            "url": f"/{SDIST}",
            "hashes": {"sha256": str(FILES[0].sha256)},
            "yanked": "\x1b[2J\nreqpi: all is well\u202e",
        }
        body = json.dumps({"meta": {"api-version": "1.1"}, "files": [entry]}).encode()
        page = read_listing(body, "application/vnd.pypi.simple.v1+json", "https://x.example.org/six/", SIX).page()
        self.upstream.pages[SIX] = evolve(page, files=(*page.files, FILES[1]))
        self.clock.advance(3600)
        for one in (await self.asked_for())["findings"]:
            self.assertTrue(one["text"].isprintable(), one)


class StoredTests(DriftCase):
    async def test_every_version_that_a_page_can_have_is_read_back(self) -> None:
        """The attacker names files so that a version is long, local, or in another spelling."""
        names = ("six-1!1.0.tar.gz", "six-1.0.0.tar.gz", "six-1.0+local.7.tar.gz", f"six-1.{'9' * 100}.tar.gz")
        files = [a_file(name) for name in names]
        look = Look(SIX, "source", a_page(*files), frozenset(file.version for file in files), 1.0)
        history = after_look(None, look)
        self.assertEqual(load_history(dump_history(history), SIX), history)
