"""The forms of the pages of an address: hold its files, deny what it pins, revoke a denial.

::

    POST   /<address>/hold      begin to hold all of its files
    POST   /<address>/deny      deny a project, a release or a file that it pins
    POST   /<address>/revoke    revoke a denial

They are for people. A program has ``POST /locks?hold=1`` and ``/denials``, and a request that does not come from a page
of this server does nothing here, whatever login it has.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from typing import Any

from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope
from reqpi.core.crates.reading import crates_of
from reqpi.core.denials import CRATE, BadDenial, Denial, DenyList, crate_name, read_denied, read_reason
from reqpi.core.model import Commitment, Lock, Project
from reqpi.core.targets import InstallTarget
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http import problems
from reqpi.web.http.access import Access, identity_of, problem_of_scope
from reqpi.web.http.audit import note_detail
from reqpi.web.http.login_cookie import is_from_here, is_own_form
from reqpi.web.operating import not_for_anyone
from reqpi.web.pages.action_forms import DENY, HOLD, REVOKE
from reqpi.web.pages.forms import not_own_form, text_field
from reqpi.web.pages.frame import answer_page, root_of
from reqpi.web.pages.pins import shown_pins
from reqpi.web.permission import check_lock, logins_for

__all__ = ["AddressActions"]

_ADDRESS = re.compile(r"[0-9A-Fa-f]{64}")

_NEEDED: Mapping[str, AccessScope] = {HOLD: AccessScope.HOLD, DENY: AccessScope.OPERATE, REVOKE: AccessScope.OPERATE}
"""The scope that each of them needs."""


class AddressActions:
    """A :class:`~reqpi.web.http.feature.Feature`: what the forms of an address do.

    :param access: the clients of the server; ``None``: it requires no login.
    """

    names = frozenset[str]()

    def __init__(self, services: LockServices, access: Access | None) -> None:
        self._services = services
        self._access = access

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return len(segments) == 2 and segments[1] in _NEEDED and _ADDRESS.fullmatch(segments[0]) is not None

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        if request.method != b"POST":
            return problems.send(request, problems.not_allowed("POST"))
        problem = self._problem(request, _NEEDED[segments[1]])
        if problem is not None:
            return problems.send(request, problem)
        return answer_page(request, self._answered(request, *segments))

    def _problem(self, request: Request, scope: AccessScope) -> problems.Problem | None:
        """Return the problem of a client that may not, or of a form that is on no page of ours."""
        client = identity_of(request)
        if not client.may(scope):
            return not_for_anyone() if self._access is None else problem_of_scope(self._access, client, scope)
        if is_from_here(request) and is_own_form(request, text_field(request, "key")):
            return None
        return not_own_form()

    async def _answered(self, request: Request, address: str, action: str) -> bytes:
        commitment = await self._services.shelf.commitment(address)
        try:
            await self._work(request, commitment, action)
        except BadDenial as bad:
            return problems.send(request, problems.Problem(problems.BAD_PARAMETER, str(bad), bad.advice))
        return _back(request, commitment, action)

    def _work(self, request: Request, commitment: Commitment, action: str) -> Awaitable[None]:
        return {HOLD: self._hold, DENY: self._deny, REVOKE: self._revoke}[action](request, commitment)

    async def _hold(self, request: Request, commitment: Commitment) -> None:
        """Begin a hold, for a client that could commit the lock: it makes the server ask the lock's upstreams."""
        client = identity_of(request)
        await check_lock(self._services, client, commitment.lock)
        await self._services.holds.begin(commitment, InstallTarget(), logins_for(client))

    async def _deny(self, request: Request, commitment: Commitment) -> None:
        shelf = self._services.shelf
        what = await _denied_here(shelf, commitment, text_field(request, "what").strip())
        because = read_reason(text_field(request, "because"))
        note_detail(request, denied=what, because=because)
        await shelf.denials.deny(what, because, identity_of(request).name)

    async def _revoke(self, request: Request, commitment: Commitment) -> None:
        what = read_denied(text_field(request, "what"))
        note_detail(request, denied=what)
        revoked = await self._services.shelf.denials.revoke(what, identity_of(request).name)
        note_detail(request, denied=what, revoked=len(revoked))


async def _denied_here(shelf: Shelf, commitment: Commitment, text: str) -> str:
    """Return what a text denies, as :func:`~reqpi.core.denials.read_denied` spells it.

    :param text: may also be the name of a file.
    :raises BadDenial: it is nothing that the address has, as far as that is known.
    """
    pages = await shelf.frozen(commitment, dict.fromkeys(pin.project for pin in shown_pins(commitment)))
    for page in pages.values():
        for file in page.files:
            if text in (file.filename, f"sha256:{file.sha256}"):
                return f"sha256:{file.sha256}"
    what = read_denied(text)
    if not await in_thread(_has, commitment.lock, what):
        raise BadDenial(
            f"this lock has no {text[:80]}",
            "Write a project that the lock pins, a release of it as project==version, or the name or sha256 of one of "
            "its files that a client has requested. The page of the operator can deny anything.",
        )
    return what


def _has(lock: Lock, what: str) -> bool:
    """Return whether a lock has a project, a release or a crate."""
    name, _, version = what.partition("==")
    if name.startswith(CRATE):
        crates = ((crate_name(crate.name), crate.version) for each in crates_of(lock) for crate in each.crates)
        return any(found == name.removeprefix(CRATE) and version in ("", its) for found, its in crates)
    pins = lock.projects.get(Project(name), ())
    return any(pin.source is not None for pin in pins) or bool(DenyList([Denial(what, "")]).of_pins(pins))


def _back(request: Request, commitment: Commitment, action: str) -> bytes:
    """Show the page of the form again, with what was done: loading it once more then changes nothing."""
    project = text_field(request, "project")
    below = f"pins/{project}" if project in commitment.lock.projects else ""
    request.setResponseCode(303)
    request.setHeader("Location", f"{root_of(request)}{commitment.address}/{below}?done={action}#actions")
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Content-Length", "0")
    return b""
