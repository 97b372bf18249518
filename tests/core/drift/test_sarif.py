"""The report as SARIF is valid, and points to the line of each pin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for  # type: ignore[import-untyped]
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.report import DriftReport, UnknownDrift
from reqpi.core.drift.sarif import places_in, sarif
from tests.distributions import a_commitment

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "sarif" / "sarif-2.1.0.json").read_text("utf-8"))
TIME = "2026-11-29T00:00:00Z"


class SarifTests(SynchronousTestCase):
    """Of a lock of two lines."""

    def setUp(self) -> None:
        self.commitment = a_commitment("# a comment", "six==1.0")
        self.findings = tuple(
            Finding(kind, "six", "1.0", name, "x\x1b\u202e<b>", "https://index.example.org/simple", TIME, TIME)
            for kind in KINDS
            for name in (None, "six-1.0.tar.gz")
        )

    def written(self, path: str = "a folder/requirements.txt") -> dict[str, Any]:
        unknown = UnknownDrift(canonicalize_name("six"), "https://index.example.org/simple", "it is away")
        report = DriftReport(self.findings, (unknown,))
        places = places_in(self.commitment.lock, {"": path})
        found: dict[str, Any] = json.loads(sarif(report, self.commitment.address, places))
        return found

    def test_it_is_what_the_schema_requires(self) -> None:
        for document in (self.written(), self.written("/srv/lock"), self.written("a:b")):
            self.assertEqual([*validator_for(SCHEMA)(SCHEMA).iter_errors(document)], [])

    def test_a_result_has_the_line_of_its_pin_and_the_rule_of_its_kind(self) -> None:
        [run] = self.written()["runs"]
        for result in run["results"]:
            [location] = result["locations"]
            place = location["physicalLocation"]
            self.assertEqual(place["region"], {"startLine": 2, "endLine": 2})
            self.assertEqual(place["artifactLocation"], {"uri": "a%20folder/requirements.txt"})
            self.assertEqual(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], result["ruleId"])

    def test_an_absolute_path_is_a_url(self) -> None:
        result = self.written("/srv/lock")["runs"][0]["results"][0]
        self.assertEqual(result["locations"][0]["physicalLocation"]["artifactLocation"], {"uri": "file:///srv/lock"})

    def test_each_finding_has_a_fingerprint_of_its_own_that_the_reason_does_not_change(self) -> None:
        before = [result["partialFingerprints"]["reqpiFinding/v1"] for result in self.written()["runs"][0]["results"]]
        self.assertEqual(len(set(before)), len(self.findings))
        kept = self.findings
        self.findings = tuple(
            Finding(one.kind, "six", "1.0", one.filename, "reworded", one.source, TIME, TIME) for one in kept
        )
        after = [result["partialFingerprints"]["reqpiFinding/v1"] for result in self.written()["runs"][0]["results"]]
        same = [one.kind for one, old, new in zip(kept, before, after, strict=True) if old == new]
        self.assertNotIn("malware", same)
        self.assertEqual(len(set(same)), len(KINDS) - 2)

    def test_what_is_not_known_is_a_notification(self) -> None:
        [invocation] = self.written()["runs"][0]["invocations"]
        [notification] = invocation["toolExecutionNotifications"]
        self.assertIn("it is away", notification["message"]["text"])
