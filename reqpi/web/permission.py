"""The limits of a client: which locks it may commit, and which pages a server with logins may freeze for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name
from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope, Client
from reqpi.core.access.logins import NO_LOGIN, UsableLogins
from reqpi.core.access.token_file import DEFAULT_UPSTREAM
from reqpi.core.errors import NotPermitted, ReqPIError, UpstreamTrouble
from reqpi.core.interfaces import UpstreamUse
from reqpi.core.model import Lock, Project
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http.access import identity_of

__all__ = [
    "FrozenPages",
    "check_lock",
    "logins_for",
    "may_commit",
    "may_know_clients",
    "may_know_versions",
    "may_use_logins",
]

_MOST = 1000
"""Addresses of which it is known that all their pages are frozen."""

_NO_PAGES = (
    *("lock", "env", "refused", "runs", "forget", "refreeze", "frozen", "drift", "pins", "diff", "graph"),
    *("hold", "deny", "revoke"),
)
"""Segments below an address whose answers need no page."""


def may_use_logins(client: Client) -> bool:
    """Return whether a client may have anything looked up, with every login of the server."""
    return client.may(AccessScope.COMMIT) and not client.is_limited


def may_know_versions(client: Client, project: Project) -> bool:
    """Return whether a client may be told which versions of a project the default upstream has, if that has a login."""
    return client.may_know(project, [DEFAULT_UPSTREAM])


def may_know_clients(client: Client) -> bool:
    """Return whether a client may be told the names of others: those who have a token know each other."""
    return bool(client.name)


def logins_for(client: Client) -> UsableLogins:
    """Return the logins that may be used for crates. No limit to projects says which crates a client may have."""
    if not client.may(AccessScope.COMMIT) or client.projects is not None:
        return NO_LOGIN
    return UsableLogins(client.upstreams)


async def check_lock(services: LockServices, client: Client, lock: Lock) -> None:
    """Check that a client may commit a lock.

    :raises reqpi.core.errors.NotPermitted: its token is for other upstreams or projects.
    """
    for project in lock.projects if client.is_limited else ():
        denied = client.is_denied(project, (use.name for use in services.shelf.uses(lock, project)))
        if denied:
            raise _not_permitted(client, denied, f"The lock pins {project}.")
    if client.upstreams is not None and services.further is not None:
        others = sorted(await services.further.upstreams(lock) - client.upstreams)
        if others:
            raise _not_permitted(client, f"the upstream {others[0]}", "A Cargo.lock takes crates from there.")


class FrozenPages:
    """The pages that clients may have who may not commit the lock: those that are frozen.

    A page that is not frozen has to be looked up, with the login of the server if its upstream requires one. That is
    for those who may commit a lock with it.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._whole: DerivedCache[bool] = DerivedCache(_MOST)

    def concern(self, request: Request, segments: Sequence[str]) -> bool:
        """Return whether :meth:`check` has to be awaited before the request is answered.

        A path in a run does not name its address, so :meth:`check_run` checks it later.

        :param segments: of its path; for a run, of the same path below the address.
        """
        free = may_use_logins(identity_of(request))
        return not (free or len(segments) < 2 or segments[0] in ("learn", "runs") or segments[1] in _NO_PAGES)

    async def check_run(self, request: Request, segments: Sequence[str]) -> None:
        """Check a request in a run, once its address is known, as :meth:`check` does, if that has to be.

        On a server without logins, every client may commit.
        """
        if self.concern(request, segments):
            await self.check(request, segments)

    async def check(self, request: Request, segments: Sequence[str]) -> None:
        """Check that no upstream with a login has to be asked for a client that may not commit to it.

        :raises reqpi.core.errors.UpstreamTrouble: a page that the answer needs is not frozen yet.
        """
        try:
            commitment = await self._shelf.commitment(segments[0])
        except ReqPIError:  # the route reports it
            return
        projects = _needed(commitment.lock, segments)
        is_whole = len(projects) == len(commitment.lock.projects)
        if is_whole and self._whole.get(commitment, commitment.address):
            return
        client = identity_of(request)
        for project in self._not_for(client, commitment.lock, projects):
            if not await self._shelf.is_frozen(commitment, project):
                raise _not_frozen(project)
        if is_whole and not client.may(AccessScope.COMMIT):
            # Every page with a login was looked for, whatever the limits of another client are.
            self._whole.put(commitment, commitment.address, True, 1)

    def _not_for(self, client: Client, lock: Lock, projects: Iterable[Project]) -> Iterable[Project]:
        """Yield the projects that the client may not have looked up with a login."""
        for project in projects:
            uses = self._shelf.uses(lock, project)
            if any(use.with_login for use in uses) and not may_commit(client, project, uses):
                yield project


def may_commit(client: Client, project: Project, uses: Iterable[UpstreamUse]) -> bool:
    """Return whether a client may commit a lock that takes a project from these upstreams."""
    return client.may(AccessScope.COMMIT) and not client.is_denied(project, (use.name for use in uses))


def _not_permitted(client: Client, denied: str, why: str) -> NotPermitted:
    advice = "Commit it with a token that may use all of its upstreams and projects."
    return NotPermitted(f"the token {client.name} is not for {denied}", f"{why} {advice}")


def _needed(lock: Lock, segments: Sequence[str]) -> Sequence[Project]:
    """Return the pinned projects whose pages a request needs: one for a page or a file of the index, or all."""
    if segments[1] != "simple":
        return tuple(lock.projects)
    project = canonicalize_name(segments[2]) if len(segments) > 2 else ""
    return (project,) if project in lock.projects else ()  # type: ignore[return-value]


def _not_frozen(project: Project) -> UpstreamTrouble:
    return UpstreamTrouble(
        f"the page of {project} is not frozen yet",
        "It will be looked up for a client that may commit this lock: send a token with the scope commit, or try again "
        "in a moment if the lock was just committed.",
    )
