"""The policy at work: what it denies is written to the deny list before a page or a crate is shown, and ended later.

Releases are judged when they are requested, not by reading all locks of a store: nothing is shown under an address that
was not judged by the policy and the advisories of this time. After a change, the releases that this process has seen
before are judged again at once, so that they are listed as denied without a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.denials import Denial, crate_name, key_of
from reqpi.core.model import File, Lock, Page, Project
from reqpi.core.policy.changes import CHANGES, ReleaseChange, facts_of_changes
from reqpi.core.policy.denying import Allowed, denials_of, now_of, stands
from reqpi.core.policy.facts import Fact, Release, ReleaseAdvisories, facts_of_file, facts_of_release
from reqpi.core.policy.model import ATTESTATIONS, PolicyAction, ReleasePolicy
from reqpi.core.policy.reporting import places_of, reported
from reqpi.core.policy.upload_times import facts_of_pins, untimed
from reqpi.core.policy.verdicts import verdicts
from reqpi.core.provenance.publishers import Publisher
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import DECIDED_FILES, in_thread
from reqpi.shelf.denials import Denials
from reqpi.shelf.gate import NOTHING_FOUND, FoundInLock
from reqpi.shelf.policy.listed import ListedReleases

__all__ = ["Enforcement", "Evidence"]

_SEEN = 50_000
"""Releases that are judged again after a change."""

VerifiedPublishers = Callable[[Iterable[File], str], Awaitable[Mapping[File, Sequence[Publisher]]]]
"""Returns the publishers of each file on a page of an address, as far as an attestation of it was verified.

It raises :class:`reqpi.core.errors.UpstreamTrouble` if the attestations cannot be obtained or verified now.
"""


async def _no_publishers(files: Iterable[File], address: str) -> Mapping[File, Sequence[Publisher]]:
    return dict.fromkeys(files, ())


@frozen
class Evidence:
    """The sources of facts, as they are now.

    :param advisories: ``None``: there are none.
    """

    advisories: ReleaseAdvisories | None = None
    publishers: VerifiedPublishers = _no_publishers


class Enforcement:
    """The gate of an operator's policy: a :class:`~reqpi.shelf.gate.ReleaseGate`.

    :param listed: asks indexes about the pins of a lock.
    :ivar note: is called with ``deny`` or ``revoke``, and each denial that was made or ended.
    """

    _log = Logger()

    def __init__(self, denials: Denials, clock: IReactorTime, listed: ListedReleases) -> None:
        self.note: Callable[[str, Denial], None] = lambda what, denial: None
        self._denials = denials
        self._clock = clock
        self._listed = listed
        self._policy = ReleasePolicy()
        self._evidence = Evidence()
        self._seen: LruCache[Release, bool] = LruCache(_SEEN)
        self._due = True
        self._next: float | None = None

    @property
    def policy(self) -> ReleasePolicy:
        """The policy of this time."""
        return self._policy

    def change(self, policy: ReleasePolicy | None = None, evidence: Evidence | None = None) -> None:
        """Judge by another policy, or by other evidence, from now on: everything is judged again before it is shown."""
        self._policy = policy or self._policy
        self._evidence = evidence or self._evidence
        self._due = True
        self._denials.renew()

    async def check_lock(self, lock: Lock) -> FoundInLock:
        """See :class:`~reqpi.shelf.gate.ReleaseGate`."""
        policy = self._policy
        if self._evidence.advisories is None and not policy.looks_at_pages and policy.min_age is None:
            return NOTHING_FOUND
        places = await in_thread(places_of, lock)
        listed = await self._listed.of(lock, await self._asked(lock))
        facts = [*await self._about(places), *listed.facts]
        if policy.min_age is not None:
            facts += await in_thread(list, facts_of_pins(lock, listed.known))
        found = await in_thread(verdicts, policy, facts, now_of(self._clock.seconds()))
        return FoundInLock(*reported(places, found, await self._denials.allowed(), listed.unknown))

    async def _asked(self, lock: Lock) -> Collection[Project]:
        """Return the projects that indexes must be asked about before a lock can be judged."""
        if self._policy.looks_at_pages:
            return [project for project, pins in lock.projects.items() if any(pin.source is None for pin in pins)]
        return () if self._policy.min_age is None else await in_thread(untimed, lock)

    async def check_page(self, page: Page, address: str = "") -> None:
        """See :class:`~reqpi.shelf.gate.ReleaseGate`."""
        if not self._policy.denies:
            return
        named = (Release(str(file.project), str(file.version)) for file in page.files if file.listed)
        facts = await self._about(dict.fromkeys(named))
        asked = page.files if self._requires(page) else ()
        publishers = await self._evidence.publishers(asked, address) if asked else {}
        facts += await DECIDED_FILES.run(len(page.files), _listed, page, publishers)
        await self._deny(facts, partial(self._attested, asked))

    async def check_crates(self, name: str, versions: Iterable[str]) -> None:
        """See :class:`~reqpi.shelf.gate.ReleaseGate`."""
        if self._policy.denies:
            releases = [Release(f"crate:{crate_name(name)}", version) for version in versions]
            await self._deny(await self._about(releases))

    async def check_changes(self, lock: Lock, files: Iterable[File], changes: Iterable[ReleaseChange]) -> None:
        """Deny what became of a lock, as far as the policy says so, and end what is not so any more.

        :param files: those on its frozen pages of which it is known what became of them, also those that are denied.
        :param changes: everything that became of them.
        """
        if not self._policy.denies:
            return
        frozen = list(files)
        facts = await in_thread(facts_of_changes, frozen, list(changes))
        changed = [fact for fact in facts if fact.rule in CHANGES]
        about = await self._about(await in_thread(places_of, lock))
        targets = [f"sha256:{file.sha256}" for file in frozen]
        await self._deny([*about, *changed], partial(self._over, targets, CHANGES))

    async def tend(self) -> None:
        """Judge again what was denied and seen before, if anything has changed. A server does so every second."""
        now = self._clock.seconds()
        if not self._due and (self._next is None or now < self._next):
            return
        expired = self._next is not None and now >= self._next
        self._due = False
        denied = [denial for denial in (await self._denials.current()).denials if denial.ground is not None]
        releases = {_release_of(denial): None for denial in denied} | dict.fromkeys(self._seen.keys())
        facts = await self._about(releases) if self._policy.denies else []
        allowed = await self._denials.allowed()
        wanted = await DECIDED_FILES.run(len(facts), _denials_for, self._policy, facts, allowed, now)
        keys = {key_of(denial.what) for denial in wanted}
        ended = [denial for denial in denied if not self._stays(denial, keys)]
        self._tell("deny", await self._denials.settle(wanted, ended, retry=True))
        self._tell("revoke", ended)
        self._next = self._next_time(now)
        if expired:
            self._denials.renew()

    def _stays(self, denial: Denial, wanted: set[str]) -> bool:
        if denial.what.startswith("sha256:"):
            return stands(denial, self._policy, now_of(self._clock.seconds()))
        return key_of(denial.what) in wanted

    def _next_time(self, now: float) -> float | None:
        """Return when something changes by itself: an exception expires, or a file is old enough."""
        expiry = self._policy.next_expiry(now_of(now))
        ends = [denial.ground.until for denial in self._denials.known if denial.ground is not None]
        times = [*ends, None if expiry is None else expiry.timestamp()]
        return min((time for time in times if time is not None and time > now), default=None)

    async def _about(self, releases: Iterable[Release]) -> list[Fact]:
        """Return the facts about releases, which are judged again after a change."""
        wanted = list(releases)
        for release in wanted:
            self._seen.put(release, True, 1)
        advisories = self._evidence.advisories
        if advisories is None:
            return []
        return await DECIDED_FILES.run(len(wanted), _advised, advisories, wanted)

    def _requires(self, page: Page) -> bool:
        """Return whether a file on a page may be denied for its publisher."""
        required = self._policy.required_for(str(page.project))
        return required is not None and required.action is PolicyAction.DENY

    def _attested(self, files: Iterable[File], denied: Collection[str]) -> list[Denial]:
        """Return the denials of files for want of an attestation that they have now."""
        return self._over((f"sha256:{file.sha256}" for file in files), (ATTESTATIONS,), denied)

    def _over(self, targets: Iterable[str], rules: Collection[str], denied: Collection[str]) -> list[Denial]:
        """Return the denials of the policy that were made by some rules only, and are not made any more."""
        known = (self._denials.denial(what) for what in targets if what not in denied)
        return [denial for denial in known if denial is not None and _is_only_for(denial, rules)]

    async def _deny(self, facts: list[Fact], over: Callable[[Collection[str]], list[Denial]] = lambda _: []) -> None:
        """Deny what the policy denies for some facts.

        :param over: returns the denials that end, from what is denied now.
        """
        now, allowed = self._clock.seconds(), await self._denials.allowed()
        denials = await DECIDED_FILES.run(len(facts), _denials_for, self._policy, facts, allowed, now)
        ended = over({denial.what for denial in denials})
        fresh = await self._denials.settle(denials, ended)
        self._tell("deny", fresh)
        self._tell("revoke", ended)
        if fresh:
            self._next = self._next_time(now)

    def _tell(self, what: str, denials: Iterable[Denial]) -> None:
        for denial in denials:
            said = "denies" if what == "deny" else "does not deny any more:"
            self._log.info("the policy {said} {what}: {why}", said=said, what=denial.what, why=denial.because)
            self.note(what, denial)


def _advised(advisories: ReleaseAdvisories, releases: Iterable[Release]) -> list[Fact]:
    return [fact for release in releases for fact in facts_of_release(advisories, release)]


def _denials_for(policy: ReleasePolicy, facts: list[Fact], allowed: Allowed, at: float) -> tuple[Denial, ...]:
    return denials_of(verdicts(policy, facts, now_of(at)), allowed, at)


def _listed(page: Page, publishers: Mapping[File, Sequence[Publisher]]) -> list[Fact]:
    members = {file: [each.members for each in theirs] for file, theirs in publishers.items()}
    return [fact for file in page.files for fact in facts_of_file(file, members.get(file))]


def _is_only_for(denial: Denial, rules: Collection[str]) -> bool:
    """Return whether the policy denies something by these rules and by no other."""
    return denial.ground is not None and all(cause.partition(" ")[0] in rules for cause in denial.ground.causes)


def _release_of(denial: Denial) -> Release:
    project, _, version = ("" if denial.ground is None else denial.ground.release).partition("==")
    return Release(project, version)
