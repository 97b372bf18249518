"""Locks of well-known projects, committed over HTTP to a server with default options, and checked without one."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from attrs import field, frozen

from reqpi.cli.commands import check
from reqpi.core.locks import read
from reqpi.core.model import Lock, Pin
from reqpi.upstream.allowed.operator import AllowedUpstreams
from tests.distributions import a_file, a_page
from tests.web.case import WatchedSite, WebCase

LOCKS = Path(__file__).parents[1] / "data" / "locks" / "projects"
INDEX = "https://index.example.org/simple"
LARGEST = 8 << 20
GITHUB = ("--allow-host", "github.com")
TORCH = ("--upstream", "download.pytorch.org-cpu=https://download.pytorch.org/whl/cpu")
FORMER = ("--upstream", "former.example.org=https://former.example.org/simple")


@frozen
class Taken:
    """What is true of a lock that is taken.

    :param needs: options that a server needs to serve all of it; each of them is one note when it is committed.
    """

    pins: int
    needs: tuple[tuple[str, str], ...] = field(default=())


TAKEN = {
    "warehouse-main.requirements.txt": Taken(184),
    "openstack-upper-constraints.requirements.txt": Taken(575),
    "airflow2-constraints.requirements.txt": Taken(299),
    "tgi-cuda.requirements.txt": Taken(118),
    "jax-3.12.requirements.txt": Taken(102),
    "hermeto-extras.requirements.txt": Taken(98),
    "securedrop.requirements.txt": Taken(29),
    "poetry.poetry.lock": Taken(78, (GITHUB,)),
    "textual.poetry.lock": Taken(111),
    "pdm.pdm.lock": Taken(100),
    "pipenv.Pipfile.lock": Taken(110),
    "osv-schema-ghsa.Pipfile.lock": Taken(59, (FORMER,)),
    "pydantic-people.pylock.toml": Taken(19),
    "mitmproxy.uv.lock": Taken(116),
    "saleor.uv.lock": Taken(230),
    "mcp-python-sdk.uv.lock": Taken(114, (GITHUB,)),
    "pydantic.uv.lock": Taken(174, (GITHUB,)),
    "paperless.uv.lock": Taken(275, (GITHUB, TORCH)),
    "pants-user-reqs.pex.lock": Taken(79),
}

REFUSED = {
    "awx-git.requirements.txt": {"branch-or-tag", "no-commit"},
    "esphome.requirements.txt": {"range"},
    "pipenv.pylock.toml": {"entry-spelling"},
}
"""The rules that are among those it breaks."""

PAGE = "application/vnd.pypi.simple.v1+json"


class RealLocksCase(WebCase):
    """A server with a default index and no other option."""

    timeout = 240
    make_site = staticmethod(lambda root, clock, _, ready_answers: WatchedSite(root, clock, LARGEST, ready_answers))  # type: ignore[assignment]

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.policy = AllowedUpstreams(INDEX).policy
        self.upstream.indexes = {INDEX: self.upstream.pages}  # it raises where another index is asked
        self.upstream.asked.clear()

    async def commit(self, name: str) -> tuple[int, dict[str, Any]]:
        reply = await self.ask("/locks", "POST", (LOCKS / name).read_bytes())
        return reply.status, json.loads(reply.body)


class ServerTests(RealLocksCase):
    """What a server does with each."""

    def test_every_lock_has_a_row(self) -> None:
        names = {path.name for path in LOCKS.iterdir()} - {"README.md"}
        self.assertEqual(names, TAKEN.keys() | REFUSED.keys())

    async def taken(self, name: str) -> None:
        """It has its pins; what the operator does not have is one note each, and is contacted by nobody."""
        expected, lock = TAKEN[name], read((LOCKS / name).read_bytes())
        status, answer = await self.commit(name)
        self.assertEqual((status, answer.get("pins")), (201, expected.pins), answer)
        notes = [note["message"] for note in answer["warnings"]]
        told = [note for note in notes if "--allow-host" in note or "is not contacted" in note]
        self.assertEqual(len(told), len(expected.needs), notes)
        for option, value in expected.needs:
            place = value.partition("=")[2] or f"{option} {value}"
            self.assertEqual(sum(place in note for note in told), 1, (place, told))
        index = f"/{answer['address']}/simple"
        await self.served(index, lock)
        await self.sources_refused(index, lock)

    async def served(self, index: str, lock: Lock) -> None:
        """A release is served by its digest, from the default index, whatever the lock names."""
        found = next((pin for pin in lock.pins if pin.source is None and _sha256(pin)), None)
        if found is None:
            return
        files = [
            a_file(f"{pin.project.replace('-', '_')}-{pin.version}.tar.gz", None, pin.project, digests=_sha256(pin))
            for pin in lock.projects[found.project]
        ]
        self.upstream.offer(a_page(*files, project=found.project), *[b""] * len(files))
        reply = await self.ask(f"{index}/{found.project}/", Accept=PAGE)
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(len(json.loads(reply.body)["files"]), len(files))

    async def sources_refused(self, index: str, lock: Lock) -> None:
        """The projects that are taken from a host that is not allowed: with the option, and nothing is asked."""
        before = list(self.upstream.asked)
        for project in {pin.project for pin in lock.pins if pin.source is not None}:
            problem = self.assert_problem(await self.ask(f"{index}/{project}/", Accept=PAGE), 410)
            self.assertIn("--allow-host github.com", problem["detail"])
        self.assertEqual(self.upstream.asked, before)

    async def refused(self, name: str) -> None:
        """Every defect has its rule, its line and advice."""
        status, answer = await self.commit(name)
        self.assertEqual(status, 422)
        self.assertLessEqual(REFUSED[name], {defect["rule"] for defect in answer["defects"]})
        self.assertTrue(all(defect["advice"] for defect in answer["defects"]))


class CheckTests(RealLocksCase):
    """``reqpi check`` says beforehand what a server needs."""

    def test_the_options_that_each_needs(self) -> None:
        """And, as a server, that they are missing."""
        for name, expected in TAKEN.items():
            status, found = _checked(name)
            needs = tuple((need["option"], need["value"]) for need in found["needs"])
            self.assertEqual((status, found["pins"], needs), (0, expected.pins, expected.needs), name)
            self.assertEqual(_checked(name, "--as-server")[0], 1 if expected.needs else 0, name)
            given = [word for option in expected.needs for word in option]
            self.assertEqual(_checked(name, "--as-server", *given)[0], 0, name)

    def test_what_is_refused_is_refused_here_too(self) -> None:
        for name, rules in REFUSED.items():
            status, found = _checked(name)
            self.assertEqual(status, 1, name)
            self.assertLessEqual(rules, {defect["rule"] for defect in found["defects"]}, name)


def _sha256(pin: Pin) -> frozenset[Any]:
    return frozenset(sorted(digest for digest in pin.digests if digest.algorithm == "sha256")[:1])


def _checked(name: str, *options: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        status = check.main(["--json", "--upstream", INDEX, *options, str(LOCKS / name)])
    return status, json.loads(out.getvalue())


for _names, _method in ((TAKEN, "taken"), (REFUSED, "refused")):
    for _name in _names:

        async def _test(self: ServerTests, name: str = _name, method: str = _method) -> None:
            await getattr(self, method)(name)

        setattr(ServerTests, f"test_{_method}_{_name.replace('-', '_').replace('.', '_')}", _test)
