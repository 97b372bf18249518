"""The verdict of a policy on a lock, without a server: what a server would say about it at commit."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.model import Lock
from reqpi.core.policy.facts import facts_of_release
from reqpi.core.policy.model import GONE, MIN_AGE, YANKED, PolicyAction, ReleasePolicy
from reqpi.core.policy.reporting import places_of, reported
from reqpi.core.policy.upload_times import facts_of_pins, untimed
from reqpi.core.policy.verdicts import verdicts
from reqpi.core.report import NOTE, Defect, Note
from reqpi.server.policy_words import read_policy_file

__all__ = ["LockJudge", "add_policy", "check_policy_options", "judge_of"]


@frozen
class LockJudge:
    """A policy with the advisories that it is judged by."""

    policy: ReleasePolicy
    advisories: AdvisoryIndex

    def of(self, lock: Lock) -> tuple[Sequence[Defect], Sequence[Note]]:
        """Return the defects and the notes that the policy gives a lock."""
        places = places_of(lock)
        facts = [fact for release in places for fact in facts_of_release(self.advisories, release)]
        if self.policy.min_age is not None:
            facts += facts_of_pins(lock)
        defects, notes = reported(places, verdicts(self.policy, facts, datetime.now(UTC)), {})
        undecided = ", ".join(self._undecided(lock))
        if undecided:
            message = f"Only a server can decide about {undecided}, as it asks an index: it does so at commit."
            notes = (*notes, Note(0, "", message, level=NOTE))
        return defects, notes

    def _undecided(self, lock: Lock) -> Sequence[str]:
        """Return the rules of the policy that need an index to be decided."""
        policy = self.policy
        rules = [rule for rule in (YANKED, GONE) if policy.action(rule) is not PolicyAction.OFF]
        ages = [MIN_AGE] if policy.min_age is not None and untimed(lock) else []
        attested = any(policy.required_for(str(project)) is not None for project in lock.projects)
        return rules + ages + (["attestations"] if attested else [])


def judge_of(options: argparse.Namespace) -> LockJudge | None:
    """Return what ``--policy`` and ``--advisories`` name; ``None`` without them.

    :raises reqpi.core.errors.Misconfigured: a file cannot be used.
    """
    if options.policy is None:
        return None
    from reqpi.server.advisories import FollowedAdvisories  # noqa: PLC0415  # it needs Twisted, which a check does not

    path = None if options.advisories is None else Path(options.advisories)
    return LockJudge(read_policy_file(Path(options.policy)), FollowedAdvisories(path).index)


def check_policy_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if advisories are given without a policy."""
    if options.advisories is not None and options.policy is None:
        parser.error("--advisories belongs to --policy FILE; an empty file is a policy that warns about malware")


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--policy", metavar="FILE", help="report what a server with this policy would reject or warn about"
    )
    parser.add_argument(
        "--advisories", metavar="FILE|DIR", help="the exports of OSV by which --policy judges: those of the server"
    )
