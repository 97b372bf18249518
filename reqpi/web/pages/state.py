"""The part of a page about the state of an address: what is frozen, what is held, and whether a hold runs."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from twisted.web.template import Tag, tags

from reqpi.core.model import Commitment, Page, Project
from reqpi.core.targets import EVERYWHERE
from reqpi.shelf.whole_lock.hold_count import HoldCount, held_count
from reqpi.shelf.whole_lock.hold_record import HoldProgress
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.pages.text import counted, shown_size

__all__ = ["AddressState", "read_state", "state_of"]

_MOST = 1000
"""Files that are counted for a page: each is looked for in the store."""


@frozen
class AddressState:
    """The state of an address.

    :param projects: how many the lock pins.
    :param frozen: how many of them have a frozen page.
    :param progress: of a hold that runs; ``None`` if none does.
    :param count: of the files in the store; ``None`` for a lock that is too long to count them now.
    """

    projects: int
    frozen: int
    progress: HoldProgress | None
    count: HoldCount | None

    @property
    def complete(self) -> bool:
        """All files are known and in the store."""
        return self.count is not None and self.count.files > 0 and not self.count.missing

    @property
    def is_settled(self) -> bool:
        """Whether a hold would do nothing: all files are in the store, or it runs already."""
        return self.progress is not None or (self.count is not None and not self.count.missing)


async def read_state(services: LockServices, commitment: Commitment, frozen: Mapping[Project, Page]) -> AddressState:
    """Return the state of an address. No upstream is asked.

    :param frozen: the frozen pages of the first projects.
    """
    projects = len(commitment.lock.projects)
    progress = await services.holds.progress(commitment, EVERYWHERE)
    known = await services.shelf.frozen_count(commitment)
    count = None
    if progress is None and len(frozen) >= known and sum(len(page.files) for page in frozen.values()) <= _MOST:
        count = await held_count(services.shelf, services.further, commitment)
    return AddressState(projects, known, progress, count)


def state_of(state: AddressState, here: str = "") -> list[Tag]:
    """Return the terms and values of the state, for a description list.

    :param here: the relative URL of the address, with a slash at its end; empty for the folder of the page.
    """
    return [
        tags.dt("Frozen"),
        tags.dd(
            f"{state.frozen:,} of {counted(state.projects, 'project')}. ",
            tags.span(
                "A project is frozen when a client first requests it: its files never change then.", class_="hint"
            ),
        ),
        tags.dt("Held"),
        tags.dd(_held(state, here), id="held"),
    ]


def _held(state: AddressState, here: str) -> list[Tag | str]:
    held = f"{here}held"
    if state.progress is not None:
        return _running(state.progress, held)
    count = state.count
    if count is None:
        return ["The lock is too long to count its files here: ", tags.a("held", href=held), " does."]
    size = f", {shown_size(count.held_size)} of {shown_size(count.size)}" if count.files else ""
    words = f"{count.held:,} of {counted(count.files, 'known file')}{size}. "
    if state.complete:
        return [words, tags.strong("Complete: no build needs the upstream any more.", class_="good")]
    hint = f"{counted(count.missing, 'file or project is', 'files or projects are')} not in the store yet."
    return [words, tags.span(hint, class_="hint")]


def _running(progress: HoldProgress, held: str) -> list[Tag | str]:
    """Return the bar of a hold that runs. The script looks at ``held`` again and again, and moves it.

    Without a script, a link loads the page again: its URL is empty, as one with a fragment would only scroll.
    """
    most = str(max(progress.size, progress.held_size, 1))
    bar = tags.progress(
        "", max=most, value=str(progress.held_size), id="bar", **{"data-held": held, "aria-label": "held"}
    )
    words = (
        f"{progress.held:,} of {counted(progress.files, 'file')}, {shown_size(progress.held_size)} of "
        f"{shown_size(progress.size)}"
    )
    return [bar, tags.span(words, id="bar-text", role="status"), ". A hold runs. ", tags.a("Look again", href="")]
