"""The status table: every error has a status and a type, and the documentation lists all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import errors
from reqpi.core.model import Digest
from reqpi.core.report import Defect
from reqpi.web.http.problems import PROBLEM_TYPES, problem_of

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
_ROW = re.compile(r"^\| `(urn:reqpi:[a-z-]+)` \| `(\d{3})` \|", re.MULTILINE)
_DIGEST = Digest("sha256", "0" * 64)


class TypeTests(SynchronousTestCase):
    """What a program may rely on."""

    def assert_type(self, error: BaseException | None, status: int, name: str, **members: object) -> None:
        problem = problem_of(error)
        shown = json.loads(problem.body())
        self.assertEqual((problem.status, shown["status"], shown["type"]), (status, status, f"urn:reqpi:{name}"))
        self.assertEqual({key: shown[key] for key in shown if key in ("pending", "final", "missing")}, members)
        self.assertEqual(problem.headers.get("Retry-After"), "2" if status in (503, 507) else None)

    def test_each_error_has_a_status_and_a_type(self) -> None:
        for kind, status, name in (
            (errors.UnknownAddress, 410, "unknown-address"),
            (errors.UnknownSession, 410, "unknown-session"),
            (errors.NotAdmitted, 410, "not-admitted"),
            (errors.DeniedByOperator, 410, "denied"),
            (errors.NotServed, 404, "not-served"),
            (errors.OtherBytes, 412, "other-bytes"),
            (errors.Occupied, 503, "busy"),
            (errors.StoreFull, 507, "store-full"),
            (errors.StoreTrouble, 503, "store-trouble"),
            (errors.UpstreamTrouble, 503, "upstream-trouble"),
            (errors.HostUnreachable, 503, "upstream-trouble"),
            (errors.Misconfigured, 500, "internal-error"),
            (ValueError, 500, "internal-error"),
        ):
            self.assert_type(kind("no"), status, name)
        self.assert_type(errors.BrokenLock([Defect(1, "six", "p", "a")]), 422, "lock-defects")
        self.assert_type(None, 500, "internal-error")

    def test_trouble_that_another_attempt_does_not_change_is_final(self) -> None:
        self.assert_type(errors.NothingUpstream("no"), 410, "nothing-upstream", final=True)
        self.assert_type(errors.NotFound("no"), 503, "upstream-trouble", final=True)
        self.assert_type(errors.DigestMismatch("x", _DIGEST, _DIGEST), 503, "upstream-trouble", final=True)

    def test_what_the_server_is_still_working_on_is_pending(self) -> None:
        pending = errors.Pending("the page of six is on the way")
        pending.missing = "six"
        self.assert_type(pending, 503, "pending", pending=True, missing="six")
        self.assert_type(pending.again(), 503, "pending", pending=True, missing="six")

    def test_the_page_has_every_type_with_its_status(self) -> None:
        documented = [(urn, int(status)) for urn, status in _ROW.findall(_PAGE.read_text("utf-8"))]
        self.assertCountEqual(documented, [(kind.urn, kind.status) for kind in PROBLEM_TYPES])
