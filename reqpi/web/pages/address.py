"""The page of an address: what it is, its state, how to use it, what it pins, and what was refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from attrs import frozen
from twisted.web.server import Request
from twisted.web.template import Element, Tag, renderer, tags

from reqpi.core.closed import ClosedReport, CoveredTarget
from reqpi.core.denials import Denial
from reqpi.core.graph import DependencyGraph
from reqpi.core.locks.adding import command_for
from reqpi.core.model import Commitment, File, Project
from reqpi.runtime.offload import in_thread
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.recorded_commits import RecordedCommit
from reqpi.shelf.refusals import RecordedRefusal
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http.access import identity_of
from reqpi.web.pages.action_forms import actions_on_address
from reqpi.web.pages.clients import how_to_use
from reqpi.web.pages.exports import exports_table, receipts
from reqpi.web.pages.frame import Frame, root_of, send_page, template
from reqpi.web.pages.pin_rows import PinRow, read_rows
from reqpi.web.pages.pins import FIRST_FILES, FIRST_PINS, first_pins, shown_pins
from reqpi.web.pages.refusals import UNNAMED, denied, refused, trusted_on_first_use
from reqpi.web.pages.state import AddressState, read_state, state_of
from reqpi.web.pages.targets import targets_of
from reqpi.web.pages.text import counted, shown_time
from reqpi.web.permission import may_know_clients, may_know_versions

__all__ = ["PageSection", "overview"]

PageSection = Callable[[Request, Commitment, str], Awaitable[list[Tag]]]
"""Returns a part of the page, for a request. The last argument is the prefix of relative links."""


@frozen
class _Shown:
    """Everything that the page shows.

    :param base: the URL of this server.
    :param here: the relative URL of what is below the address: links depend on whether the path ends with a slash.
    :param root: see :func:`reqpi.web.pages.frame.root_of`.
    :param committed: when and by whom, if that is known.
    :param named: the names of clients are shown.
    :param rows: the first pins.
    :param lines: see :func:`reqpi.web.pages.refusals.refused`, as for ``graph``.
    :param actions: see :func:`reqpi.web.pages.action_forms.actions_on_address`.
    :param covered: see :func:`reqpi.web.pages.targets.targets_of`, as for ``closed``.
    :param more: the parts that features add.
    :param audits: the server has advisories.
    """

    commitment: Commitment
    base: str
    here: str
    root: str
    committed: RecordedCommit | None
    named: bool
    rows: Sequence[PinRow]
    state: AddressState
    refusals: Sequence[RecordedRefusal]
    lines: Mapping[Project, str] | None
    graph: DependencyGraph | None
    withheld: Sequence[tuple[File, Denial]]
    freezings: Mapping[Project, PageFreezing]
    actions: Sequence[Tag]
    covered: Sequence[CoveredTarget] | None
    closed: ClosedReport | None
    more: Sequence[Tag]
    audits: bool

    @property
    def index(self) -> str:
        """The URL of the index."""
        return f"{self.base}/{self.commitment.address}/simple/"


async def overview(
    request: Request,
    services: LockServices,
    base: str,
    address: str,
    sections: Sequence[PageSection] = (),
    *,
    audits: bool = False,
) -> bytes:
    """Answer ``GET /<address>/``. With ``?suggest=1`` the upstream is asked for the lines to add.

    :param sections: further parts, which features add.
    :param audits: the server has advisories.
    """
    shelf = services.shelf
    commitment = await shelf.commitment(address)
    frozen = await shelf.frozen(commitment, dict.fromkeys(pin.project for pin in shown_pins(commitment)))
    refusals = await shelf.refused(address)
    here = "" if (request.path or b"").endswith(b"/") else f"{address}/"
    state = await read_state(services, commitment, frozen)
    withheld = await shelf.withheld(commitment, frozen)
    shown = _Shown(
        commitment,
        base,
        here,
        root_of(request),
        await services.commits.of(commitment.address),
        may_know_clients(identity_of(request)),
        await read_rows(shelf, commitment, shown_pins(commitment)[:FIRST_PINS], FIRST_FILES),
        state,
        refusals,
        await _lines(request, shelf, commitment, refusals),
        await services.graphs.of(commitment) if refusals else None,
        withheld,
        await shelf.freezings(commitment),
        await actions_on_address(request, services, commitment, here, held=state.is_settled, withheld=withheld),
        await services.covered.of(commitment),
        services.closed.known(commitment),
        [tag for section in sections for tag in await section(request, commitment, here)],
        audits,
    )
    return send_page(request, await in_thread(_rendered, shown))


async def _lines(
    request: Request, shelf: Shelf, commitment: Commitment, refusals: Sequence[RecordedRefusal]
) -> Mapping[Project, str] | None:
    """Return the lines to add, if the request is for them."""
    if request.args.get(b"suggest", [b""])[-1] != b"1":
        return None
    projects = {refusal.project for refusal in refusals if refusal.filename is None}
    found = await shelf.suggest(projects, partial(may_know_versions, identity_of(request)))
    command = command_for(document.data for document in commitment.lock.documents)
    return {project: f"{command} '{line}'" if command else line for project, line in found.items()}


def _rendered(shown: _Shown) -> bytes:
    """Render the page. For a long lock it takes a second or two, so it is called in a thread."""
    return Frame(f"Lock {shown.commitment.short}", shown.root, _Overview(shown)).rendered()


class _Overview(Element):
    def __init__(self, shown: _Shown) -> None:
        super().__init__(template("address"))
        self._shown = shown

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        shown, lock = self._shown, self._shown.commitment.lock
        return tag.fillSlots(
            address=shown.commitment.address,
            documents=_documents(shown),
            pins=counted(len(lock.pins), "pin"),
            digests=_digests(len(lock.pins), lock.without_digests),
            committed=_committed(shown),
            state=state_of(shown.state, shown.here),
            use=how_to_use(shown.index, shown.base, shown.commitment.address),
            actions=list(shown.actions),
            refused=refused(shown.refusals, shown.lines, lock.format, shown.graph, shown.here),
            denied=denied(shown.withheld),
            targets=targets_of(shown.covered, shown.closed, shown.here),
            more=list(shown.more),
            table=first_pins(shown.commitment, shown.here, shown.rows),
            trusted=trusted_on_first_use(shown.freezings, named=shown.named),
            exports=exports_table(shown.here, lock.format, held=shown.state.complete, audits=shown.audits),
            receipts=list(receipts(shown.base, shown.commitment.address)),
        )


def _documents(shown: _Shown) -> list[Tag | str]:
    """Return the documents of the lock, with links to their bytes."""
    lock = shown.commitment.lock
    link = tags.a("as it was uploaded", href=f"{shown.here}lock")
    if len(lock.documents) < 2:
        return [lock.format, ", ", link]
    listed = tags.ul([tags.li(tags.code(document.path), f" ({document.format})") for document in lock.documents[:100]])
    return [counted(len(lock.documents), "document"), ", ", link, listed]


def _committed(shown: _Shown) -> list[Tag]:
    """Return when and by whom the lock was committed, for a description list; nothing if that is not known."""
    if shown.committed is None:
        return []
    by = f", by {shown.committed.by or UNNAMED}" if shown.named else ""
    return [tags.dt("Committed"), tags.dd(shown_time(shown.committed.at), by)]


def _digests(pins: int, without: int) -> str:
    if not pins:
        return "It pins nothing."
    if not without:
        return "Each has a digest: no other bytes are ever served."
    return (
        f"{counted(without, 'pin has', 'pins have')} no digest: the files that are seen first are served from then on "
        "(trust on first use)."
    )
