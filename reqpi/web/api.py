"""The requests of programs, other than those to the index: commits, holds, locks, exports, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from attrs import asdict, evolve
from twisted.web.server import Request

from reqpi.core import export
from reqpi.core.access.clients import AccessScope
from reqpi.core.address import address_of, listing_of, parse_listing
from reqpi.core.audit_vars import audit_changes
from reqpi.core.build_requirements import written
from reqpi.core.denials import is_withheld
from reqpi.core.errors import NotServed, UpstreamTrouble
from reqpi.core.model import Commitment, Page, Project
from reqpi.core.report import Document, Note
from reqpi.core.targets import FILTERS, BadFilter, InstallTarget
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.closed import ClosedLocks
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.shelf.whole_lock.wheelhouses import Wheelhouses
from reqpi.web.early_files import begin_early
from reqpi.web.http import problems
from reqpi.web.http.access import Access, identity_of, not_offered, problem_of_scope
from reqpi.web.http.answers import send_representation
from reqpi.web.http.audit import note_detail
from reqpi.web.http.file_body import send_file
from reqpi.web.http.headers import listed
from reqpi.web.http.representation import DERIVED, IMMUTABLE, WITHHELD, Representation, prepared
from reqpi.web.permission import check_lock, logins_for, may_know_versions
from reqpi.web.public_url import PublicUrl
from reqpi.web.uploads import UnusableBody, documents_in

__all__ = [
    "build_requirements",
    "closed",
    "commit",
    "commit_documents",
    "env",
    "files",
    "held",
    "lock",
    "problem_of_commit",
    "pylock",
    "refused",
    "requirements",
    "wheelhouse",
]


Exports = DerivedCache[Representation]
"""Exports that were written before, each by its address and kind, with their ETags."""

_TEXT = "text/plain; charset=utf-8"

_CLOSED_SOON = 5.0
"""Seconds that ``held`` waits for the report on requirements."""

_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*([0-9]{1,4})\s*(?:[,;]|$)", re.IGNORECASE)

_WAIT_MS = re.compile(r"(?:^|,)\s*wait-ms\s*=\s*([0-9]{1,7})\s*(?:[,;]|$)", re.IGNORECASE)
"""A preference of ours: a second is long for a command that an installer waits for."""


async def commit(request: Request, services: LockServices, base: str, *, access: Access | None = None) -> bytes:
    """Answer ``POST /locks``; with ``?hold=1``, start to fetch the files of the lock that pass the filters.

    :param access: the clients of the server; ``None``: it requires no login.
    """
    shelf = services.shelf
    try:
        documents = documents_in(request)
        target = _target(request) if _is_set(request, b"hold") else None
    except UnusableBody as unusable:
        return problems.send(request, unusable.problem)
    problem = problem_of_commit(request, access, documents, hold=target is not None)
    if problem is not None:
        return problems.send(request, problem)
    commitment, created = await commit_documents(request, services, documents, target)
    if created and target is None:
        begin_early(request, services.early, commitment)
    # No upstream is asked, so nothing is known yet about a lock that is new here.
    lacking = () if created else await _known_to_lack(services, commitment)
    denied = (await shelf.denials.current()).notes(commitment.lock)
    warnings = (*commitment.lock.notes, *shelf.notes(commitment.lock), *denied, *lacking)
    index = f"{base}/{commitment.address}/simple/"
    request.setResponseCode(201 if created else 200)
    request.setHeader("Location", f"{base}/{commitment.address}/")
    return _json(
        request,
        {
            "address": commitment.address,
            "index": index,
            "pins": len(commitment.lock.pins),
            "without_digests": commitment.lock.without_digests,
            "warnings": [note.as_dict() for note in warnings],
        },
    )


async def commit_documents(
    request: Request, services: LockServices, documents: Sequence[Document], target: InstallTarget | None
) -> tuple[Commitment, bool]:
    """Commit documents for a client that may, and return the commitment and whether it is new here.

    :param target: whose files are to be held; ``None``: none.
    :raises reqpi.core.errors.ReqPIError: they are not a lock, or the client may not commit this one.
    """
    shelf, client = services.shelf, identity_of(request)
    check = partial(check_lock, services, client)
    if documents[0].path:
        commitment, created = await shelf.commit_together(documents, check)
    else:
        commitment, created = await shelf.commit(documents[0].data, check)
    site: Any = request.site
    site.counts.committed(new=created)
    note_detail(request, address=commitment.address)
    if target is not None:
        await services.holds.begin(commitment, target, logins_for(client))
    return commitment, created


def problem_of_commit(
    request: Request, access: Access | None, documents: Sequence[Document], *, hold: bool
) -> problems.Problem | None:
    """Return the problem of a client that may not commit these documents, or may not have their files held."""
    if access is None:
        return None
    if not access.offers(_address_of(documents)):
        return not_offered()
    return problem_of_scope(access, identity_of(request), AccessScope.HOLD) if hold else None


def _address_of(documents: Sequence[Document]) -> str:
    """Return the address of documents; empty if they can have none, which is a defect of the lock."""
    if not documents[0].path:
        return address_of(documents[0].data)
    try:
        return address_of(listing_of(documents))
    except ValueError:
        return ""


async def _known_to_lack(services: LockServices, commitment: Commitment) -> Iterable[Note]:
    further = () if services.further is None else await services.further.warnings(commitment)
    own = (*await services.build_requirements.warnings(commitment), *await services.closed.warnings(commitment))
    return (*own, *further)


async def lock(request: Request, shelf: Shelf, address: str, path: str = "") -> bytes:
    """Answer ``GET /<address>/lock``, and ``GET /<address>/lock/<path>`` for one of several documents."""
    commitment = await shelf.commitment(address)
    if not path:
        return send_representation(request, _document(commitment.lock.document, commitment.address))
    data = next((document.data for document in commitment.lock.documents if document.path == path), None)
    if data is None:
        raise NotServed("no such document", f"/{address}/lock lists the documents of this lock.")
    [sha256] = (sha256 for sha256, listed in parse_listing(commitment.lock.document) if listed == path)
    return send_representation(request, _document(data, sha256))


def _document(data: bytes, sha256: str) -> Representation:
    """Return a document, whose digest is known: computing it takes 3 ms for one of 4 MiB, for each request."""
    return Representation(data, "text/plain", digest=sha256[:32])


async def requirements(request: Request, shelf: Shelf, exports: Exports, base: PublicUrl, address: str) -> bytes:
    """Answer ``GET /<address>/requirements.txt``; with ``?index=none`` it names no index, and can be committed."""
    commitment = await shelf.commitment(address)
    here = None if request.args.get(b"index") == [b"none"] else _here(base.of(request), commitment)
    caching = IMMUTABLE if here is None else base.caching
    write = export.requirements
    return await _exported(request, shelf, exports, commitment, write, here=here, content_type=_TEXT, caching=caching)


async def pylock(request: Request, shelf: Shelf, exports: Exports, base: PublicUrl, address: str) -> bytes:
    """Answer ``GET /<address>/pylock.toml``."""
    commitment = await shelf.commitment(address)
    here = _here(base.of(request), commitment)
    kind = "application/toml"
    return await _exported(
        request, shelf, exports, commitment, export.pylock, here=here, content_type=kind, caching=base.caching
    )


async def files(request: Request, shelf: Shelf, exports: Exports, address: str) -> bytes:
    """Answer ``GET /<address>/files.json``."""
    commitment = await shelf.commitment(address)
    return await _exported(
        request, shelf, exports, commitment, export.files, here=None, content_type="application/json"
    )


async def env(request: Request, shelf: Shelf, base: PublicUrl, address: str, *, audits: bool) -> bytes:
    """Answer ``GET /<address>/env`` in the syntax of ``?shell=``.

    :param audits: the server has advisories. That may change, so the answer has to be revalidated.
    """
    commitment = await shelf.commitment(address)
    shell = request.args.get(b"shell", [b"sh"])[-1].decode("ascii", "replace")
    if shell not in export.SHELLS:
        known = f"The shells are: {', '.join(export.SHELLS)}."
        return problems.send(request, problems.Problem(problems.BAD_PARAMETER, "no such shell", known))
    index = f"{_here(base.of(request), commitment)}simple/"
    written = export.environment(index, shell, audit_changes(index) if audits else None)
    content_type = "application/json" if shell == "json" else "text/plain; charset=utf-8"
    return send_representation(request, Representation(written, content_type, caching=DERIVED))


async def refused(request: Request, shelf: Shelf, address: str) -> bytes:
    """Answer ``GET /<address>/refused``; with ``?suggest=1`` each project has a line to be pasted into the lock."""
    commitment = await shelf.commitment(address)
    refusals = await shelf.refused(commitment.address)
    shown = [refusal.as_json() for refusal in refusals]
    if _is_set(request, b"suggest"):
        projects = {refusal.project for refusal in refusals if refusal.filename is None}
        lines = await shelf.suggest(projects, partial(may_know_versions, identity_of(request)))
        for entry in shown:
            entry["line"] = lines.get(entry["project"]) if entry["filename"] is None else None
    return _json(request, {"address": commitment.address, "refused": shown})


async def held(request: Request, services: LockServices, address: str) -> bytes:
    """Answer ``GET /<address>/held``: the progress of a hold that is under way, and the verdict at any other time."""
    commitment = await services.shelf.commitment(address)
    try:
        target = _target(request)
    except UnusableBody as unusable:
        return problems.send(request, unusable.problem)
    shown: dict[str, Any] = {"address": commitment.address, "filters": target.as_json()}
    progress = await services.holds.progress(commitment, target)
    if progress is not None:
        return _json(request, shown | {"complete": False, "holding": asdict(progress)})
    verdict = await services.holds.verdict(commitment, target)
    # Everything that the report on requirements is made from is then in the store.
    closed = await _closed_soon(services.closed, commitment, target) if verdict.complete else None
    shown |= {"complete": verdict.complete, "holding": None} | verdict.as_json()
    return _json(request, shown | {"closed": closed})


async def _closed_soon(locks: ClosedLocks, commitment: Commitment, target: InstallTarget) -> dict[str, Any] | None:
    """Return the report on requirements; ``None`` if it takes longer than a client of ``held`` waits."""
    with suppress(UpstreamTrouble):
        return (await locks.of(commitment, target, _CLOSED_SOON)).as_json()
    return None


async def wheelhouse(request: Request, shelf: Shelf, wheelhouses: Wheelhouses, address: str) -> None:
    """Answer ``GET /<address>/wheelhouse.tar``, with the filters of a hold; with ``one=1``, one file a release."""
    commitment = await shelf.commitment(address)
    try:
        target = _target(request)
    except UnusableBody as unusable:
        request.write(problems.send(request, unusable.problem))
        return
    logins = logins_for(identity_of(request))
    archive = await wheelhouses.of(commitment, target, one=_is_set(request, b"one"), logins=logins)
    caching = WITHHELD if is_withheld((await shelf.pages(commitment)).values()) else IMMUTABLE
    read = partial(wheelhouses.read, commitment, archive)
    await send_file(request, archive.size, f'"{archive.etag}"', read, content_type="application/x-tar", caching=caching)


async def build_requirements(request: Request, services: LockServices, address: str) -> bytes:
    """Answer ``GET /<address>/build-requirements``, with the filters of a hold; ``Prefer: wait=`` bounds the wait.

    With ``?needed=1``, only the sdists that a build may need are read.
    """
    commitment = await services.shelf.commitment(address)
    try:
        target = _target(request)
    except UnusableBody as unusable:
        return problems.send(request, unusable.problem)
    patience = _patience(request)
    needed = _is_set(request, b"needed")
    answer = await services.build_requirements.of(commitment, target, patience, needed=needed)
    if services.further is not None:
        unpinned = await services.further.unpinned(commitment, answer.sdists, target, patience)
        answer = evolve(answer, notes=(*answer.notes, *unpinned))
    shown = {"address": commitment.address, "filters": target.as_json(), "complete": answer.complete}
    return _json(request, shown | written(answer))


async def closed(request: Request, shelf: Shelf, locks: ClosedLocks, address: str) -> bytes:
    """Answer ``GET /<address>/closed``, with the filters of a hold; ``Prefer: wait=`` bounds the wait."""
    commitment = await shelf.commitment(address)
    try:
        target = _target(request)
    except UnusableBody as unusable:
        return problems.send(request, unusable.problem)
    report = await locks.of(commitment, target, _patience(request))
    return _json(request, {"address": commitment.address, "filters": target.as_json()} | report.as_json())


def _patience(request: Request) -> float:
    """Return the seconds that a client is willing to wait (:rfc:`7240`, section 4.3)."""
    prefer = listed(request, "Prefer")
    if (milliseconds := _WAIT_MS.search(prefer)) is not None:
        return int(milliseconds[1]) / 1000
    wait = _WAIT.search(prefer)
    return PATIENCE if wait is None else float(wait[1])


def _target(request: Request) -> InstallTarget:
    """Return the target that the filters in the query describe.

    :raises UnusableBody: a filter is not valid.
    """
    values = {name: request.args.get(name.encode("ascii"), []) for name in FILTERS}
    try:
        return InstallTarget.read(
            {name: [each.decode("utf-8", "replace") for each in given] for name, given in values.items()}
        )
    except BadFilter as bad:
        raise UnusableBody(problems.BAD_PARAMETER, "no such filter", f"{bad}.") from bad


def _is_set(request: Request, name: bytes) -> bool:
    return request.args.get(name) == [b"1"]


async def _exported(
    request: Request,
    shelf: Shelf,
    exports: Exports,
    commitment: Commitment,
    write: Callable[[Commitment, Mapping[Project, Page], Any], bytes],
    *,
    here: str | None,
    content_type: str,
    caching: str = IMMUTABLE,
) -> bytes:
    """Return an export, which is written at the first request and cached: only a denial changes it."""
    pages = await shelf.pages(commitment)
    if caching == IMMUTABLE and is_withheld(pages.values()):
        caching = WITHHELD
    key = (commitment.address, write.__name__, here, caching)
    shown = exports.get(commitment, key)
    if shown is None:
        written = partial(write, commitment, pages, here)
        shown = await in_thread(prepared, written, content_type, caching)
        exports.put(commitment, key, shown, shown.weight)
    return send_representation(request, shown)


def _here(base: str, commitment: Commitment) -> str:
    return f"{base}/{commitment.address}/"


def _json(request: Request, value: Any) -> bytes:
    """Set the head of a response that may differ the next time, and return its body."""
    body = json.dumps(value, indent=2).encode() + b"\n"
    request.setHeader("Content-Type", "application/json")
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body
