"""pip-audit and uv, which ask an address for advisories."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from reqpi.core.advisories.export import AdvisoryExports
from reqpi.core.advisories.model import PYPI
from tests.advisories import an_export
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import Server
from tests.fake_upstream import Distribution
from tests.forty_advisories import AFFECTING, FORTY, MALICIOUS, PINNED

pytestmark = pytest.mark.clients

LOCK = "".join(f"{name}=={version}\n" for name, version in PINNED.items())

PROJECT = f"""
[project]
name = "audited"
version = "1.0"
requires-python = ">=3.11"
dependencies = {json.dumps([f"{name}=={version}" for name, version in PINNED.items()])}
"""

IDS = {str(alias): str(document["id"]) for document in FORTY for alias in document.get("aliases", ())}
"""The ids of advisories by their aliases: both tools prefer that of a CVE to that of a GHSA."""

EXPECTED = {name: ids for name in PINNED if (ids := AFFECTING[name])}


class AuditTests(EndToEnd):
    """A server with the forty advisories, and a lock of releases that some of them affect."""

    def stocked(self) -> dict[str, Distribution]:
        self.export = self.folder / "advisories" / "PyPI" / "all.zip"
        self.export.parent.mkdir(parents=True)
        self.export.write_bytes(an_export(FORTY))
        return {name: self.upstream.wheel(name, version) for name, version in PINNED.items()}

    def started(self, *options: str) -> Server:
        own = ("--upstream", self.upstream.url, "--advisories", str(self.folder / "advisories"))
        return super().started(*(options or own))

    def setUp(self) -> None:
        super().setUp()
        self.index = self.committed(LOCK)
        self.service = f"{self.index.removesuffix('simple/')}osv/"
        self.uv_program = environment("uv", "uv") / "uv"

    def locked_by_uv(self) -> Path:
        """A project with a uv.lock."""
        project = self.folder / "project"
        project.mkdir()
        (project / "pyproject.toml").write_text(PROJECT)
        done = self.uv(project, "lock", "--no-cache")
        self.assertEqual(done.status, 0, done.said)
        return project

    def uv(self, project: Path, *words: str, environ: Mapping[str, str] | None = None) -> Done:
        own = {"UV_DEFAULT_INDEX": self.index, "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
        return run([self.uv_program, *words], project, own | dict(environ or {}))

    def test_every_tool_finds_the_same(self) -> None:
        """The index of the advisories, pip-audit and uv; and uv installs nothing that is malware."""
        known = AdvisoryExports()
        known.add_zip(io.BytesIO(an_export(FORTY)))
        index = known.index()
        own = {name: {each.id for each in index.affecting(PYPI, name, version)} for name, version in PINNED.items()}
        self.assertEqual({name: ids for name, ids in own.items() if ids}, EXPECTED)
        self.assertEqual(self.by_pip_audit(), EXPECTED)
        project = self.locked_by_uv()
        done = self.uv(project, "audit", "--locked", "--no-cache", "--service-url", self.service)
        self.assertEqual(done.status, 1, done.said)
        self.assertEqual(_found_by_uv(done.said), EXPECTED)
        self.refused_as_malware(project)

    def by_pip_audit(self) -> Mapping[str, set[str]]:
        """What ``pip-audit`` finds in the lock."""
        program = environment("pip-audit", "pip-audit") / "pip-audit"
        (self.folder / "pinned.txt").write_text(LOCK)
        words = ["-r", "pinned.txt", "--disable-pip", "--no-deps", "-s", "osv", "--osv-url", f"{self.service}v1/query"]
        done = run([program, *words, "-f", "json", "-o", "found.json"], self.folder, {})
        self.assertEqual(done.status, 1, done.said)
        found = json.loads((self.folder / "found.json").read_text())["dependencies"]
        return {
            each["name"]: {IDS.get(one["id"], one["id"]) for one in each["vulns"]} for each in found if each["vulns"]
        }

    def refused_as_malware(self, project: Path) -> None:
        """Check that uv installs nothing. It asks only about what a uv.lock takes from uv's default index."""
        default = re.search(r"by default: <([^>]*)>", self.uv(project, "sync", "--help").said)
        self.assertIsNotNone(default)
        lock = project / "uv.lock"
        named = f'registry = "{default[1] if default else ""}"'
        lock.write_text(re.sub(r'registry = "[^"]*"', named, lock.read_text()))
        check = {"UV_MALWARE_CHECK": "1", "UV_MALWARE_CHECK_URL": self.service}
        done = self.uv(project, "sync", "--frozen", "--no-cache", environ=check)
        self.assertNotEqual(done.status, 0, done.said)
        self.assertIn("Malware detected", done.said)
        for advisory in AFFECTING[MALICIOUS]:
            self.assertIn(advisory, done.said)
        self.assertEqual(list(project.glob(f".venv/lib/*/site-packages/{MALICIOUS}*")), [])


def _found_by_uv(said: str) -> Mapping[str, set[str]]:
    """What ``uv audit`` reports, in its words for people."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in said.splitlines():
        heading = re.match(r"(\S+) \S+ has \d+ known vulnerabilit", line)
        name = heading[1] if heading else name
        if entry := re.match(r"- ([A-Z]+-[\w-]+)", line):
            found.setdefault(name, set()).add(IDS.get(entry[1], entry[1]))
    return found
