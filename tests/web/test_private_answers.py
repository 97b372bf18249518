"""No shared cache keeps what needs a token to be read: a table of all routes."""

from __future__ import annotations

import json
import re

from reqpi.core.access.tokens import Tokens
from reqpi.core.crates.commits import CrateCommit
from reqpi.web import routes
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import TokenAccess
from tests.attacks.tokens_case import SCOPES, basic, text_of, token
from tests.crates_case import CratesCase
from tests.git_crates import git_lock
from tests.rust_sdists import WORDS
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

INDEX = "simple/shout/shout-1.0.tar.gz"
COMMIT = CrateCommit("https://git.example.org/greetings.git", "7" * 40)
ARCHIVE = f"crates/git/{COMMIT.key}/{COMMIT.id}"
CRATE = f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate"

ROUTES = {
    "/": ["/"],
    "/<address>/": ["/{address}/"],
    "/<address>/graph": ["/{address}/graph", "/{address}/graph?why=shout"],
    "/<address>/lock": ["/{address}/lock"],
    "/<address>/lock/<path>": ["/{together}/lock/Cargo.lock"],
    "/<address>/requirements.txt": ["/{address}/requirements.txt", "/{address}/requirements.txt?index=none"],
    "/<address>/pylock.toml": ["/{address}/pylock.toml"],
    "/<address>/uv.lock": ["/{address}/uv.lock"],
    "/<address>/pdm.lock": ["/{address}/pdm.lock"],
    "/<address>/files/<host>/<path>": ["/{address}/files/files.example.org/shout-1.0.tar.gz"],
    "/<address>/files.json": ["/{address}/files.json"],
    "/<address>/env": ["/{address}/env"],
    "/<address>/refused": ["/{address}/refused", "/{address}/refused?suggest=1"],
    "/<address>/held": ["/{address}/held"],
    "/<address>/wheelhouse.tar": ["/{address}/wheelhouse.tar"],
    "/<address>/sbom.cdx.json": ["/{address}/sbom.cdx.json"],
    "/<address>/sbom.spdx.json": ["/{address}/sbom.spdx.json"],
    "/<address>/build-requirements": ["/{address}/build-requirements"],
    "/<address>/closed": ["/{address}/closed"],
    "/<address>/frozen": ["/{address}/frozen"],
    "/<address>/drift": ["/{address}/drift"],
    "/<address>/osv/": ["/{address}/osv/"],
    "/<address>/osv/v1/vulns/<id>": ["/{address}/osv/v1/vulns/PYSEC-2026-1"],
    "/<address>/simple/": ["/{address}/simple/"],
    "/<address>/simple/<project>/": ["/{address}/simple/shout/", "/{address}/simple/other/"],
    "/<address>/simple/<project>/<file>": ["/{address}/" + INDEX, "/{address}/simple/shout/other.whl"],
    "/<address>/simple/<project>/<file>.provenance": ["/{address}/" + INDEX + ".provenance"],
    "/<address>/pins": ["/{address}/pins", "/{address}/pins?q=shout&sort=-size"],
    "/<address>/pins/<project>": ["/{address}/pins/shout"],
    "/<address>/pins/<project>/<file>": ["/{address}/pins/shout/shout-1.0.tar.gz"],
    "/<address>/diff": ["/{address}/diff"],
    "/<address>/diff/<other>": ["/{address}/diff/{together}"],
    "/<address>/crates/config.json": ["/{address}/crates/config.json"],
    "/<address>/crates/<path>": ["/{address}/crates/ma/de/made-words", "/{address}/crates/se/rd/serde"],
    "/<address>/crates/dl/<crate>/<version>/<sha256>.crate": ["/{address}/" + CRATE],
    "/<address>/crates/git/<key>/<commit>.json": ["/{commits}/" + ARCHIVE + ".json"],
    "/<address>/crates/git/<key>/<commit>.tar.gz": ["/{commits}/" + ARCHIVE + ".tar.gz"],
    "/<address>/cargo/config.toml": ["/{address}/cargo/config.toml"],
    "/runs/<token>/receipt": ["{run}/receipt"],
    "/runs/<token>/simple/": ["{run}/simple/"],
    "/runs/<token>/simple/<project>/": ["{run}/simple/shout/"],
    "/runs/<token>/simple/<project>/<file>": ["{run}/" + INDEX],
    "/runs/<token>/crates/<path>": ["{run}/crates/ma/de/made-words", "{run}/" + CRATE, "{run}/crates/config.json"],
    "/runs/<token>/crates/git/<key>/<commit>.json": ["{run-of-commits}/" + ARCHIVE + ".json"],
    "/runs/<token>/crates/git/<key>/<commit>.tar.gz": ["{run-of-commits}/" + ARCHIVE + ".tar.gz"],
    "/runs/<token>/cargo/config.toml": ["{run}/cargo/config.toml"],
}
"""The paths that are asked for, by the route."""

ELSEWHERE = ("/login", "/operator", "/learn/", "/denials", "/status", "/livez", "/readyz", "/version", "/metrics")
"""Routes that need another scope than reading, or none."""


class PrivateAnswersTests(CratesCase):
    """A server on which nothing can be read without a token."""

    def access(self) -> Access:
        return TokenAccess(Tokens(map(token, SCOPES)), "none", self.clock.seconds)

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.commits[COMMIT] = b"the archive"
        commits = await self.committed_together("shout==1.0\n", git_lock(COMMIT.url, COMMIT.id))
        names = {
            "address": self.address,
            "run": await self.begun(self.address),
            "together": await self.committed_together("shout==1.0\n", "version = 4\n"),
            "commits": commits,
            "run-of-commits": await self.begun(commits),
        }
        self.paths = [path.format_map(names) for paths in ROUTES.values() for path in paths]

    async def begun(self, address: str) -> str:
        """Begin a run of an address; its path."""
        reply = await self.get(f"/{address}/runs", "POST", **{"Content-Length": "0"})
        return f"/runs/{json.loads(reply.body)['token']}"

    async def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        self.pass_time()
        login = {"Authorization": basic(text_of("holder"))}
        return await InMemory(self.site).ask(path, method, **login, **headers)

    def test_the_table_has_every_route(self) -> None:
        """A new one is added here."""
        shown = re.findall(r"^    GET +(/\S*)", routes.__doc__ or "", re.MULTILINE)
        self.assertEqual({path for path in shown if not path.startswith(ELSEWHERE)}, set(ROUTES))

    async def test_every_answer_is_for_one_client(self) -> None:
        """Whether the client has a copy, wants a part, or asks for the head alone."""
        found: dict[str, str] = {}
        succeeded = set()
        for path in self.paths:
            whole = await self.get(path)
            succeeded |= {path} if whole.status == 200 else set()
            tag = whole["ETag"] or '"none"'
            for method, headers in (
                ("GET", {}),
                ("HEAD", {}),
                ("GET", {"If-None-Match": tag}),
                ("GET", {"Range": "bytes=0-1"}),
            ):
                reply = await self.get(path, method, **headers)
                caching = (reply["Cache-Control"] or "nothing").split(", ")
                if not {"private", "no-store"} & set(caching) or "public" in caching:
                    found[f"{method} {path} {headers}: {reply.status}"] = ", ".join(caching)
        self.assertEqual(found, {}, "\n".join(found))
        self.assertGreater(len(succeeded), len(self.paths) - 9, set(self.paths) - succeeded)

    async def test_without_a_token_nothing_is_answered(self) -> None:
        for path in self.paths:
            reply = await InMemory(self.site).ask(path)
            self.assertEqual((reply.status, reply["Cache-Control"]), (401, "no-store"), path)
