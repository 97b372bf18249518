"""The advisories of a running server are those of its files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from reqpi.core.advisories.model import PYPI
from reqpi.core.errors import Misconfigured
from reqpi.server.advisories import FollowedAdvisories
from tests.advisories import a_document, a_package, an_export, dumped

ONE, TWO, THREE = (a_document(f"X-{number}", a_package("one", versions=["1.0"])) for number in (1, 2, 3))


class FollowedTests(TestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "PyPI" / "all.zip"
        self.path.parent.mkdir(parents=True)
        self.calls = 0

    def write(self, *documents: Any, path: Path | None = None) -> None:
        self.replace(an_export(documents), path or self.path)

    def replace(self, data: bytes, path: Path) -> None:
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(data)
        os.replace(new, path)

    def followed(self, path: Path | None = None) -> FollowedAdvisories:
        followed = FollowedAdvisories(path or self.path)
        followed.changed.append(self.changed)
        return followed

    def changed(self) -> None:
        self.calls += 1

    def ids(self, followed: FollowedAdvisories) -> list[str]:
        return [each.id for each in followed.index.affecting(PYPI, "one", "1.0")]

    async def test_a_server_without_files_knows_nothing(self) -> None:
        followed = FollowedAdvisories()
        await followed.refresh()
        self.assertEqual((followed.known, len(followed.index)), (False, 0))

    async def test_a_changed_file_is_read_and_an_unchanged_one_is_not(self) -> None:
        self.write(ONE)
        followed = self.followed()
        before = followed.index
        await followed.refresh()
        self.assertIs(followed.index, before)
        self.write(ONE, TWO)
        for _ in range(2):
            await followed.refresh()
        self.assertEqual((self.ids(followed), self.calls, followed.known), (["X-1", "X-2"], 1, True))

    async def test_a_damaged_file_changes_nothing_and_is_logged_once(self) -> None:
        self.write(ONE)
        followed = self.followed()
        for damaged in (an_export([TWO])[:-20], b"<html>not found</html>"):
            self.replace(damaged, self.path)
            with capturedLogs() as events:
                for _ in range(2):
                    await followed.refresh()
            [event] = events
            self.assertIn("is not a whole zip archive of advisories", str(event["error"]))
        self.path.unlink()
        with capturedLogs() as events:
            await followed.refresh()
        self.assertIn("No such file", str(events[0]["error"]))
        self.assertEqual((self.ids(followed), self.calls), (["X-1"], 0))
        self.write(THREE)
        await followed.refresh()
        self.assertEqual((self.ids(followed), self.calls), (["X-3"], 1))

    async def test_a_folder_has_exports_and_documents_at_any_depth(self) -> None:
        folder = self.path.parent.parent
        self.write(ONE)
        (folder / "X-2.json").write_bytes(dumped(TWO))
        (folder / "README.txt").write_text("no advisory")
        (folder / ".part.zip").write_text("half of an export")
        (folder / ".git").mkdir()
        (folder / ".git" / "X-3.json").write_bytes(dumped(THREE))
        followed = self.followed(folder)
        self.assertEqual(self.ids(followed), ["X-1", "X-2"])
        (folder / "X-3.json").write_bytes(dumped(THREE))
        (folder / "X-2.json").unlink()
        await followed.refresh()
        self.assertEqual((self.ids(followed), self.calls), (["X-1", "X-3"], 1))

    async def test_an_empty_folder_is_a_warning_and_can_be_filled_later(self) -> None:
        with capturedLogs() as events:
            followed = self.followed(self.path.parent)
        self.assertIn("no advisory is known", events[0]["log_format"])
        self.write(ONE)
        await followed.refresh()
        self.assertEqual(self.ids(followed), ["X-1"])

    async def test_documents_that_are_no_advisories_are_named_in_the_log(self) -> None:
        folder = self.path.parent
        for number in range(5):
            (folder / f"bad-{number}.json").write_text(json.dumps({"id": number}))
        self.write(ONE)
        with capturedLogs() as events:
            followed = self.followed(folder)
        self.assertEqual(self.ids(followed), ["X-1"])
        self.assertIn("5 files of --advisories are no advisories and were left out: bad-0.json: ", events[-1]["unread"])

    async def test_a_server_does_not_start_without_what_it_was_told_to_know(self) -> None:
        pipe = self.path.parent / "pipe"
        os.mkfifo(pipe)
        (damaged := self.path.parent / "damaged.zip").write_bytes(b"PK")
        for path, problem in (
            (self.path, "No such file"),
            (pipe, "neither a file nor a folder"),
            (damaged, "zip archive"),
        ):
            error = self.assertRaises(Misconfigured, FollowedAdvisories, path)
            self.assertIn(f"--advisories {path} cannot be used", str(error))
            self.assertIn(problem, str(error))
