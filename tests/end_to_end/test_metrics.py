"""Metrics of a real server: accepted by promtool, and the sums of several workers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.debian import debian_program
from tests.end_to_end.server import ROOT, Server
from tests.end_to_end.test_workers import WorkersCase
from tests.ports import free_ports
from tests.reference_tables import tables

RULES = ROOT / "deploy" / "prometheus" / "reqpi.rules.yml"


def promtool(*arguments: str, text: str | None = None) -> tuple[int, str]:
    """Run promtool; its status, and all that it said."""
    done = subprocess.run(
        [debian_program("prometheus", "usr/bin/promtool"), *arguments],
        input=text, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


class RulesTests(SynchronousTestCase):
    """The alerts, and the page about them."""

    def test_promtool_accepts_the_rules(self) -> None:
        status, said = promtool("check", "rules", str(RULES))
        self.assertEqual(status, 0, said)
        self.assertIn("14 rules found", said)

    def test_each_alert_uses_metrics_that_there_are(self) -> None:
        """An alert on a metric that was renamed never fires."""
        page = Path(ROOT / "docs" / "metrics.md").read_text("utf-8")
        for name in set(re.findall(r"\breqpi_[a-z_]+", RULES.read_text("utf-8"))):
            self.assertIn(f"`{name.removesuffix('_bucket')}`", page)

    def test_the_page_has_the_tables_of_the_code(self) -> None:
        """``python -m tests.reference_tables`` prints them."""
        page = Path(ROOT / "docs" / "metrics.md").read_text("utf-8")
        for table in tables():
            self.assertIn(table, page)


@pytest.mark.processes
class MetricsOfWorkersTests(WorkersCase):
    """``--workers 2 --metrics --log-format json``: one port, and one log, for both."""

    def started(self, *options: str) -> Server:
        [port] = free_ports(1)
        self.apart = f"http://127.0.0.1:{port}"
        return super().started("--metrics", f"127.0.0.1:{port}", "--log-format", "json", *options)

    def assert_json_log(self, index: str) -> None:
        """Check that each line is an object, and that the workers have logged the requests."""
        target = index.removeprefix(self.server.url) + "top/"
        self.until(lambda: [line for line in self.server.log if target in line], lambda found: len(found) >= 20)
        lines = [json.loads(line) for line in self.server.log]
        self.assertLessEqual({"time", "level", "namespace"}, set(lines[0]))
        requests = [line for line in lines if line.get("target") == target]
        self.assertEqual({line["status"] for line in requests}, {200})
        self.assertLessEqual({line["worker"] for line in requests}, {1, 2})

    def exposition(self) -> str:
        response, body = self.get(f"{self.apart}/metrics")
        self.assertEqual(response.status, 200)
        return body.decode()

    def test_the_sums_are_right_and_promtool_accepts_them(self) -> None:
        index = self.committed()
        for _ in range(20):
            self.assertEqual(self.get(f"{index}top/")[0].status, 200)
        line = 'reqpi_requests_total{route="page",status="200"} 20.0\n'
        text = self.until(self.exposition, lambda found: line in found)
        self.assert_json_log(index)
        status, said = promtool("check", "metrics", text=text)
        self.assertEqual((status, said), (0, ""))
        self.assertEqual(self.get(f"{self.apart}/readyz")[0].status, 200)
        command = [sys.executable, "-m", "reqpi", "status", "--url", self.server.url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("ready: yes, up for ", done.stdout)
        self.assertRegex(done.stdout, "store: directory, [0-9]+ files of ")  # some are fetched early
        self.assertIn(f"upstream: {self.upstream.url.partition('//')[2].partition('/')[0]}  ", done.stdout)
        self.assertEqual(self.get(f"{self.server.url}/metrics")[0].status, 404)
