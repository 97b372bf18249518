"""The record in a folder of fetched files."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.export.folder_record import Fetched, FolderFile, RecordedPackage, UnreadableRecord, read, record

A, B = "a" * 64, "b" * 64


class RecordTests(SynchronousTestCase):
    """``.reqpi.json``."""

    def test_what_is_written_is_read(self) -> None:
        document = record({"https://x/b": FolderFile("b.zip", B)}, ["https://x/c"], Fetched())
        self.assertEqual(
            read(document, "x"), Fetched("", {"https://x/b": FolderFile("b.zip", B)}, frozenset(["https://x/c"]))
        )

    def test_a_folder_is_filled_for_several_locks(self) -> None:
        """Recorded files stay; a file that is present now is no longer left out."""
        before = Fetched("", {"a": FolderFile("a.zip", A), "b": FolderFile("b.zip", A)}, frozenset(["c", "d"]))
        after = read(record({"b": FolderFile("b.zip", B), "c": FolderFile("c.zip", B)}, ["a", "e"], before), "x")
        self.assertEqual(
            {place: kept.sha256[0] for place, kept in after.sources.items()}, {"a": "a", "b": "b", "c": "b"}
        )
        self.assertEqual(after.left_out, {"d", "e"})

    def test_the_same_give_the_same_bytes(self) -> None:
        kept = {"b": FolderFile("b.zip", B), "a": FolderFile("a.zip", A)}
        self.assertEqual(record(kept, "zy", Fetched()), record(dict(sorted(kept.items())), "yz", Fetched()))


class ConfigTests(SynchronousTestCase):
    """``.build-config.json``."""

    def test_all_of_it(self) -> None:
        said = _config(
            packages=[
                {"path": ".", "requirements_files": ["a.txt", "./b.txt"], "requirements_build_files": ["a.txt"]},
                {"path": "sub/one", "requirements_files": ["r.txt"], "requirements_build_files": []},
            ],
            sources={"https://x/a": {"file": "a.zip", "sha256": A}},
        )
        packages = (RecordedPackage("", ("a.txt", "b.txt")), RecordedPackage("sub/one", ("sub/one/r.txt",)))
        self.assertEqual(
            read(said, "x"), Fetched("deps/pip", {"https://x/a": FolderFile("a.zip", A)}, frozenset(), packages)
        )

    def test_what_is_wrong_is_refused(self) -> None:
        """Above all a path that leads outside: the folder may come from anyone."""
        for document in (
            b"", b"nonsense", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, _config(format=2), _config(deps="../x"),
            _config(deps="/x"), _config(deps=1), _config(deps="a\x1b"), _config(sources=[]), _config(sources={"a": 1}),
            _config(sources={"a": {"file": "a.zip"}}), _config(sources={"a": {"file": "../a.zip", "sha256": A}}),
            _config(sources={"a": {"file": "x/a.zip", "sha256": A}}), _config(sources={"a": {"file": "", "sha256": A}}),
            _config(sources={"a": {"file": "a.zip", "sha256": A[1:]}}), _config(packages=[{"path": ".."}]),
            _config(sources={"a": {"file": "a.zip", "sha256": "A" * 64}}), _config(packages=[{}]),
            _config(packages=[{"path": ".", "requirements_files": ["/etc/passwd"]}]),
            _config(packages=[{"path": ".", "requirements_files": [1]}]), _config(left_out=[1]),
        ):  # fmt: skip
            error = self.assertRaises(UnreadableRecord, read, document, "out/x.json")
            self.assertTrue(error.title.startswith("out/x.json "), document)
            self.assertLessEqual(len(error.title), 200)


def _config(**keys: Any) -> bytes:
    return json.dumps({"format": 1, "deps": "deps/pip", "packages": [], "sources": {}} | keys).encode()
