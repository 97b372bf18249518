"""``reqpi status``: the state of a server on one screen, whatever a server sends."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.commands.status import lines_of
from reqpi.client.status import status_of

NOW = 1_800_000_000.0

REPORT: dict[str, Any] = {
    "ready": True,
    "problem": "",
    "uptime": 273_900.4,
    "worker": 0,
    "versions": {"reqpi": "0.3.0", "python": "3.13.1"},
    "upstreams": [
        {"host": "index.example.org", "up": True, "answered_at": NOW - 3, "answers": {"2xx": 9}},
        {"host": "own.example.org:8443", "up": False, "answered_at": None, "answers": {"none": 1}},
        {"host": "new.example.org", "up": None, "answered_at": None, "answers": {}},
    ],
    "store": {
        "kind": "directory",
        "files": 1200,
        "bytes": 6 << 30,
        "free_bytes": 93 << 30,
        "measured_at": NOW,
        "damage": {"file": 1},
        "swept_at": NOW - 7320,
    },
    "holds": 2,
    "requests": {"2xx": 9},
    "downloads": {"kept": 812, "wrong": 1},
    "refusals": {"quota": 3},
}


def screen(report: object) -> list[str]:
    """Return what is printed of a report that has come through JSON."""
    return list(lines_of(status_of(json.loads(json.dumps(report))), NOW))


class ScreenTests(SynchronousTestCase):
    """It fits on one screen."""

    def test_a_server(self) -> None:
        self.assertEqual(
            screen(REPORT),
            [
                "ready: yes, up for 3 d 4 h",
                "versions: reqpi 0.3.0, python 3.13.1",
                "store: directory, 1200 files of 6.0 GiB, 93.0 GiB free",
                "damage: 1 file",
                "last sweep: 2 h 2 min ago",
                "holds: 2 under way",
                "upstream: index.example.org     up, last answer 3 s ago",
                "upstream: own.example.org:8443  down, last answer never since the start",
                "upstream: new.example.org       not asked yet",
                "downloads: 812 kept, 1 wrong",
                "refused: 3 quota",
            ],
        )

    def test_a_server_that_is_not_ready(self) -> None:
        report = REPORT | {"problem": "the store cannot be written", "uptime": 0.2, "worker": 2}
        lines = screen(report)
        self.assertEqual(lines[0], "ready: no: the store cannot be written, up for 0 s")
        self.assertEqual(lines[-1], "These are the numbers of worker 2; --metrics has those of all workers.")

    def test_a_store_without_a_server(self) -> None:
        store = {"kind": "s3", "files": 1, "bytes": 10, "free_bytes": None, "measured_at": NOW}
        self.assertEqual(
            screen({"versions": {"reqpi": "0.3.0"}, "store": store, "holds": 0}),
            ["versions: reqpi 0.3.0", "store: s3, 1 file of 10 bytes", "holds: 0 under way"],
        )

    def test_a_size_that_is_not_known_yet(self) -> None:
        lines = screen(REPORT | {"store": {"kind": "directory", "files": None, "bytes": None}})
        self.assertIn("store: directory, whose size is not known yet", lines)
