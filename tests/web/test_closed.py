"""Whether a lock is closed, through HTTP."""

from __future__ import annotations

import json
from typing import Any

from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_wheel
from tests.web.case import WebCase

LOCK = b"# pins\nneedy==1.0\n"
NEEDY = build_wheel("needy", "1.0", ["urllib3<3,>=1.21.1", "colorama ; sys_platform == 'win32'"])


class ClosedTests(WebCase):
    """``GET /<address>/closed``, and the warnings of ``POST /locks``."""

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.offer(a_page(a_file("needy-1.0-py3-none-any.whl", NEEDY, "needy"), project="needy"), NEEDY)

    async def posted(self) -> tuple[str, list[dict[str, Any]]]:
        document = json.loads((await self.ask("/locks", "POST", LOCK)).body)
        return document["address"], document["warnings"]

    async def test_what_is_not_met(self) -> None:
        address, _ = await self.posted()
        reply = await self.ask(f"/{address}/closed")
        self.assertEqual((reply.status, reply["Content-Type"], reply["Cache-Control"]),
                         (200, "application/json", "no-store"))  # fmt: skip
        document = json.loads(reply.body)
        self.assertEqual((document["address"], document["closed"], document["basis"], document["filters"]),
                         (address, False, "common", {}))  # fmt: skip
        (unmet,) = document["unmet"]
        self.assertEqual(len(unmet.pop("environments")), 1)
        self.assertEqual(
            unmet,
            {
                "release": "needy 1.0",
                "requirement": "urllib3<3,>=1.21.1",
                "reason": "not pinned",
                "kind": "requirement",
                "line": 2,
                "text": "needy==1.0",
                "document": "",
            },
        )

    async def test_filters(self) -> None:
        address, _ = await self.posted()
        document = json.loads((await self.ask(f"/{address}/closed?platform=win_amd64&python-version=3.12")).body)
        self.assertEqual([each["requirement"] for each in document["unmet"]], ["colorama", "urllib3<3,>=1.21.1"])
        self.assertEqual((document["basis"], document["environments"]), ("target", ["win32 AMD64, CPython 3.12"]))
        self.assert_problem(await self.ask(f"/{address}/closed?platform=a/b"), 400, "no such filter")

    async def test_a_lock_that_was_not_committed(self) -> None:
        self.assertEqual((await self.ask(f"/{'0' * 64}/closed")).status, 410)

    async def test_to_commit_waits_for_nothing_and_says_what_is_known(self) -> None:
        address, warnings = await self.posted()
        self.assertEqual((warnings, self.upstream.asked), ([], []))
        await self.ask(f"/{address}/closed")
        asked = list(self.upstream.asked)
        (warning,) = (await self.posted())[1]
        self.assertEqual((warning["line"], warning["text"], warning["message"]),
                         (2, "needy==1.0", "needy 1.0 requires urllib3<3,>=1.21.1: not pinned"))  # fmt: skip
        self.assertEqual(self.upstream.asked, asked)
