"""The audit log of a server: its file, and the sweeps that no client has asked for."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.server.audit import audit_log, audited_sweep
from reqpi.server.settings import Settings
from reqpi.shelf.maintenance.sweep import Swept
from reqpi.web.http.audit import AuditLog


class AuditLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        found = audit_log(Clock(), Settings(audit_log=self.path))
        assert found is not None
        self.audit = found

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def swept(self, *results: Swept | Exception | None) -> None:
        """Sweep with these results."""
        left = list(results)

        async def sweep() -> Swept | None:
            result = left.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

        for _ in results:
            Deferred.fromCoroutine(audited_sweep(sweep, self.audit)()).addErrback(
                lambda failure: failure.trap(StoreTrouble)
            )

    def test_there_is_none_unless_it_is_wanted(self) -> None:
        self.assertIsNone(audit_log(Clock(), Settings()))

    def test_a_file_that_cannot_be_written_is_an_error_that_names_it(self) -> None:
        where = self.path / "no" / "log"
        audit = audit_log(Clock(), Settings(audit_log=where))
        assert audit is not None
        error = self.assertRaises(Misconfigured, audit.open)
        self.assertIn(f"the audit log {where} cannot be written", str(error))

    def test_the_file_is_not_for_others_and_is_made_again_when_it_was_moved(self) -> None:
        self.audit.open()
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)
        self.audit.note("sweep", "done")
        self.path.rename(self.path.with_suffix(".1"))
        self.audit.note("sweep", "failed")
        self.assertEqual([line["outcome"] for line in self.lines()], ["failed"])

    def test_two_processes_may_write_to_it(self) -> None:
        other = audit_log(Clock(), Settings(audit_log=self.path))
        assert isinstance(other, AuditLog)
        for audit in (self.audit, other, self.audit):
            audit.note("sweep", "done")
        self.assertEqual(len(self.lines()), 3)

    def test_a_sweep_is_noted_with_its_result_if_it_was_due(self) -> None:
        self.swept(None, Swept(2, 3, 400), StoreTrouble("the store is full"))
        first, second = self.lines()
        self.assertEqual((first["what"], first["locks"], first["files"], first["bytes"]), ("sweep", 2, 3, 400))
        self.assertEqual((second["outcome"], second["error"]), ("failed", "the store is full"))
