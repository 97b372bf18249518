"""The policy of a running server, which follows its file, and the gate that applies it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from reqpi.core.audit import DONE
from reqpi.core.denials import Denial
from reqpi.core.drift.report import DriftReport
from reqpi.core.errors import Misconfigured
from reqpi.core.interfaces import Upstream
from reqpi.core.model import Commitment
from reqpi.core.policy.model import ReleasePolicy
from reqpi.core.policy.options import read_min_age, read_refusals
from reqpi.runtime.troubles import log_trouble
from reqpi.server.advisories import FollowedAdvisories
from reqpi.server.file_identity import identity_of_file
from reqpi.server.policy_words import read_policy_file
from reqpi.server.settings import Settings
from reqpi.shelf.policy.enforcement import Enforcement, Evidence
from reqpi.shelf.policy.listed import ListedReleases
from reqpi.shelf.shelf import Shelf
from reqpi.web.http.audit import AuditLog

__all__ = ["FollowedPolicy", "policy_of"]


class FollowedPolicy:
    """The policy of a server, and the gate that applies it.

    :param path: the file of ``--policy``; ``None``: there is none.
    :param enforcement: gets the policy now, and again when the file changes.
    :raises reqpi.core.errors.Misconfigured: the file cannot be used.
    """

    _log = Logger()

    def __init__(
        self,
        path: Path | None,
        combined: Callable[[ReleasePolicy], ReleasePolicy],
        enforcement: Enforcement,
        shelf: Shelf,
    ) -> None:
        self._shelf = shelf
        self.enforcement = enforcement
        self._path = path
        self._combined = combined
        self._seen = None if path is None else identity_of_file(path)
        enforcement.change(combined(ReleasePolicy() if path is None else read_policy_file(path)))

    async def refresh(self) -> None:
        """Read the file if it has changed, and judge again what has to be. A server does so every second."""
        if self._path is not None:
            self._follow(self._path)
        await self.enforcement.tend()

    def audit(self, audit: AuditLog | None) -> None:
        """Note each denial that the policy makes or ends in the audit log."""

        def note(what: str, denial: Denial) -> None:
            if audit is not None:
                audit.note(what, DONE, denied=denial.what, because=denial.because, by=denial.by)

        self.enforcement.note = note

    def look(self, commitment: Commitment, report: DriftReport) -> None:
        """Judge what became of a lock. A round of looking for drift calls this with each lock."""
        done = Deferred.fromCoroutine(self._look(commitment, report))
        done.addErrback(lambda failure: log_trouble(self._log, "the policy cannot judge a drift", failure))

    async def _look(self, commitment: Commitment, report: DriftReport) -> None:
        unknown = {one.project for one in report.unknown}
        projects = [project for project in commitment.lock.projects if project not in unknown]
        shown = await self._shelf.frozen(commitment, projects)
        withheld = await self._shelf.withheld(commitment, projects)
        files = [*(file for page in shown.values() for file in page.files), *(file for file, _ in withheld)]
        await self.enforcement.check_changes(commitment.lock, files, report.findings)

    def _follow(self, path: Path) -> None:
        """Read the file if it has changed. While it cannot be read, the policy that it had counts."""
        identity = identity_of_file(path)
        if identity == self._seen:
            return
        self._seen = identity
        try:
            policy = read_policy_file(path)
        except Misconfigured as error:
            self._log.error("{error} The policy is the one that it had before.", error=error)
        else:
            self._log.info("the policy has changed, and was read again")
            self.enforcement.change(self._combined(policy))


def policy_of(
    settings: Settings, reactor: Any, shelf: Shelf, upstream: Upstream, advisories: FollowedAdvisories
) -> FollowedPolicy | None:
    """Return the policy of a server, which is applied from now on; ``None`` for a server inside a command.

    :raises reqpi.core.errors.Misconfigured: the file cannot be used.
    """
    if settings.only is not None:
        return None
    listed = ListedReleases(None if settings.offline else upstream, reactor)
    enforcement = Enforcement(shelf.denials, reactor, listed)
    combined = partial(_combined, settings)
    policy = FollowedPolicy(settings.policy, combined, enforcement, shelf)
    shelf.denials.gate = enforcement

    def advised() -> None:
        known = advisories.index if len(advisories.index) else None
        enforcement.change(evidence=Evidence(known, shelf.provenance.proven))

    advised()
    advisories.changed.append(advised)
    return policy


def _combined(settings: Settings, read: ReleasePolicy) -> ReleasePolicy:
    min_age = None if settings.min_age is None else read_min_age(settings.min_age)
    return read.with_options(read_refusals(settings.refuse), min_age)
