"""The page of a file: its digests, its core metadata and the members of its archive, as far as the store has them.

The predicate decides whether there is such a page, as it does for the file itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from attrs import frozen
from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core import admission
from reqpi.core.file_inside import DescribedRelease, FileInside
from reqpi.core.metadata.archive_listing import ArchiveListing
from reqpi.core.model import Commitment, Digest, File, Pin
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.sbom.text import words
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.web.pages.action_forms import actions_on_file
from reqpi.web.pages.files import came_from, yanked_text
from reqpi.web.pages.frame import Frame, Shown, root_of, scrolled, send_page
from reqpi.web.pages.pins_page import back_to
from reqpi.web.pages.text import counted, shown_size

__all__ = ["file_page"]

_LONGEST = 500
"""Characters of a text that an upstream chose."""

_MOST_PINS = 20
"""Pins that are named as those that admit the file."""


@frozen
class _Shown:
    """Everything that the page shows.

    :param pins: those that admit the file.
    :param published: by whom, or why that is not known; ``None``: nothing was verified.
    :param actions: see :func:`reqpi.web.pages.action_forms.actions_on_file`.
    """

    commitment: Commitment
    root: str
    inside: FileInside
    pins: tuple[Pin, ...]
    published: tuple[Publisher, ...] | str | None
    actions: Sequence[Tag]

    @property
    def here(self) -> str:
        """The relative URL of what is below the address."""
        return f"{self.root}{self.commitment.address}/"


async def file_page(request: Request, shelf: Shelf, address: str, name: str, filename: str) -> bytes:
    """Answer ``GET /<address>/pins/<project>/<file>``. No upstream is asked, except by a policy.

    :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
    :raises reqpi.core.errors.DeniedByOperator: the operator denies it.
    :raises reqpi.core.errors.NotServed: the page of its project is not frozen yet.
    """
    commitment = await shelf.commitment(address)
    inside = await shelf.insides.of(commitment, name, filename)
    pins = admission.admitting(commitment.lock, inside.file)
    published = (await shelf.provenance.known(commitment, [inside.file])).get(inside.file)
    actions = actions_on_file(request, f"{root_of(request)}{commitment.address}/", inside.file, pins)
    shown = _Shown(commitment, root_of(request), inside, pins, published, actions)
    return send_page(request, await in_thread(_rendered, shown))


def _rendered(shown: _Shown) -> bytes:
    """Render the page, in a thread."""
    file = shown.inside.file
    project = tags.a(file.project, href=f"{shown.here}pins/{file.project}")
    way = back_to(shown.here, shown.commitment, tags.a("pins", href=f"{shown.here}pins"), project)
    body = [way, tags.dl(list(_facts(shown))), *shown.actions, _described(shown.inside), _members(shown.inside)]
    return Frame(file.filename, shown.root, body).rendered()


def _facts(shown: _Shown) -> Iterator[Tag]:
    """Yield the terms and their values."""
    file, inside = shown.inside.file, shown.inside
    pins = [tags.div(tags.code(words(pin.text or f"{pin.project}=={pin.version}", _LONGEST))) for pin in shown.pins]
    yield from _fact("Pinned by", pins[:_MOST_PINS])
    for number, digest in enumerate(sorted(file.digests)):
        yield from _fact(digest.algorithm, _digest(digest, f"digest-{number}", file))
    size = file.size if inside.size is None else inside.size
    here = "in the store" if inside.size is not None else "not in the store yet"
    yield from _fact("Size", f"{shown_size(size)}, {here}")
    yield from _fact("Uploaded", words(file.upload_time or "not stated", 40))
    yield from _fact("For Python", words(file.requires_python or "not stated", _LONGEST))
    yield from _fact("Comes from", words(as_shown(file.url), _LONGEST) if file.source is None else came_from(file))
    yield from _fact("Provenance", _provenance(file, shown.published))
    if file.yanked is not None:
        yield from _fact("State", tags.strong(yanked_text(file), class_="warn"))
    link = tags.a("download", href=f"{shown.here}simple/{file.project}/{quote(file.filename)}", rel="nofollow")
    yield from _fact("File", link)


def _fact(term: str, value: Shown) -> Iterable[Tag]:
    return (tags.dt(term), tags.dd(value))


def _digest(digest: Digest, name: str, file: File) -> list[Tag | str]:
    label = f"Copy the {digest.algorithm} of {file.filename}"
    button = tags.button("Copy", type="button", class_="script", **{"data-copy": name, "aria-label": label})
    return [tags.code(digest.hex, id=name), " ", button]


def _provenance(file: File, published: tuple[Publisher, ...] | str | None) -> Shown:
    """Return who published the file, and the URL of the attestations.

    The URL is text: a link would lead a browser wherever an upstream wants.
    """
    if not file.provenance:
        return "The index lists none."
    said: Shown = "It was not verified here."
    if isinstance(published, str):
        said = tags.strong(words(published, _LONGEST), class_="bad")
    elif published:
        said = f"Published by {words(', '.join(map(str, published)), _LONGEST)}, which was verified here."
    return [said, " ", tags.code(words(as_shown(file.provenance), _LONGEST))]


def _described(inside: FileInside) -> list[Shown]:
    """Return the section about the core metadata."""
    title = tags.h2("Metadata")
    described = inside.described
    if described is None:
        return [title, tags.p("The store does not have the metadata of this file.")]
    of_whom = "It was read from the verified file." if inside.verified else "The index says this; it is not verified."
    return [title, tags.p(of_whom, class_="hint"), *_release(described)]


def _release(described: DescribedRelease) -> Iterator[Shown]:
    licences = ", ".join(words(licence, _LONGEST) for licence in described.licences)
    facts = (("Summary", described.summary or "none"), ("Licence", licences or "none stated"))
    yield tags.dl([_fact(term, value) for term, value in facts])
    for name, lines in (("Requirements", described.requires), ("Classifiers", described.classifiers)):
        if lines:
            listed = tags.ul([tags.li(tags.code(line)) for line in lines])
            yield tags.details(tags.summary(f"{name}: {len(lines):,}"), listed, open="open")
    if described.more:
        yield tags.p(f"{counted(described.more, 'further line')} are not shown.", class_="hint")


def _members(inside: FileInside) -> list[Shown]:
    """Return the section about the archive."""
    title = tags.h2("Members of the archive")
    listing = inside.listing
    if listing is None:
        return [title, tags.p(inside.unread)]
    rows = [
        tags.tr(tags.td(tags.code(member.name)), tags.td(shown_size(max(0, member.size)), class_="number"))
        for member in listing.members
    ]
    head = tags.tr(tags.th("name", scope="col"), tags.th("size", scope="col", class_="number"))
    table = tags.table(tags.caption(_caption(listing)), tags.thead(head), tags.tbody(rows))
    return [title, scrolled(table, "Members of the archive")]


def _caption(listing: ArchiveListing) -> str:
    shown = counted(len(listing.members), "member")
    if listing.more is None:
        return f"The first {shown}. More follow; they were not counted."
    return f"The first {shown}, and {listing.more:,} more." if listing.more else f"{shown}."
