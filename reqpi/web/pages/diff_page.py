"""The page of the differences between two locks: projects, versions, files, licences and advisories."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from attrs import field, frozen
from twisted.web.http import SEE_OTHER
from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core.advisories.changed import AdvisedChanges, advised_changes
from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.diff import Change, Contents, changes
from reqpi.core.lock_comparison import Compared, compared, contents_with_crates, undetermined
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.sbom.model import Licence
from reqpi.core.sbom.text import words
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.web.http import problems
from reqpi.web.http.access import Access, not_offered
from reqpi.web.pages.diff_advisories import advised_words, advisories_of
from reqpi.web.pages.frame import Frame, Shown, root_of, scrolled, send_page
from reqpi.web.pages.pins_page import back_to
from reqpi.web.pages.text import counted

__all__ = ["LookUpAdvisories", "ask_for_other", "diff_page"]

_ADDRESS = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")

_MOST_READ = 500
"""Projects of which the frozen pages are read, on each side."""

_PAGES = 50
"""Frozen pages of each side that are in memory at the same time."""

_MOST_CHANGES = 1000
"""Rows of the page, at most."""

_MOST_VERSIONS = 20
"""Versions in one row."""

_LONGEST = 300
"""Characters of a version."""

_KINDS = {"added": "added", "removed": "removed", "version": "another version", "files": "other files"}

_NO_ADDRESS = problems.Problem(
    problems.NO_SUCH_PATH, "no such address", "An address has 64 hex digits, as sha256sum prints them."
)

Licences = Mapping[File, tuple[Licence, ...] | None]

LookUpAdvisories = Callable[[], AdvisoryIndex | None]
"""Returns the advisories that the server knows now; ``None``: it was given none."""


@frozen
class _Shown:
    """Everything that the page shows.

    :param changes: the first of all changes.
    :param count: the number of all changes.
    :param unread: the number of projects whose files were not compared, because there are too many.
    :param advised: the advisories about all changes; ``None``: the server has no advisories.
    """

    before: Commitment
    after: Commitment
    root: str
    changes: Sequence[Compared]
    count: int
    unread: int
    licences_before: Licences
    licences_after: Licences
    advised: AdvisedChanges | None = field(kw_only=True)


async def diff_page(
    request: Request, shelf: Shelf, address: str, other: str, *, access: Access | None, advisories: LookUpAdvisories
) -> bytes:
    """Answer ``GET /<address>/diff/<other>``. No upstream is asked.

    :param access: says whether the other address may be read; the routes have asked it about the first.
    """
    if _ADDRESS.fullmatch(other) is None:
        return problems.send(request, _NO_ADDRESS)
    if access is not None and not access.offers(other):
        return problems.send(request, not_offered())
    before, after = await shelf.commitment(address), await shelf.commitment(other)
    shown = await _compared(shelf, before, after, root_of(request), advisories())
    return send_page(request, await in_thread(_rendered, shown))


async def ask_for_other(request: Request, shelf: Shelf, address: str) -> bytes:
    """Answer ``GET /<address>/diff``: ask for the other address, or lead to ``?other=``."""
    commitment = await shelf.commitment(address)
    said = request.args.get(b"other", [b""])[-1].decode("utf-8", "replace")
    found = _ADDRESS.search(said[:2000])
    if found is None:
        return send_page(request, _asked(commitment, root_of(request), wrong=bool(said.strip())))
    request.setResponseCode(SEE_OTHER)
    request.setHeader("Location", f"{root_of(request)}{commitment.address}/diff/{found[0].lower()}")
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Content-Length", "0")
    return b""


async def _compared(
    shelf: Shelf, before: Commitment, after: Commitment, root: str, advisories: AdvisoryIndex | None
) -> _Shown:
    """Compare the locks, and the files where the locks alone do not decide."""
    old = await in_thread(contents_with_crates, before.lock)
    new = await in_thread(contents_with_crates, after.lock)
    open_ones = await in_thread(undetermined, old, new)
    looked_at = frozenset(open_ones[:_MOST_READ])
    found = await in_thread(changes, _without(old, looked_at), _without(new, looked_at))
    for names in _groups(sorted(looked_at)):
        pages = [await _pages(shelf, commitment, names) for commitment in (before, after)]
        found += await in_thread(compared, _only(old, names), _only(new, names), *pages)
    found.sort()
    differing = await _with_files(shelf, before, after, found[:_MOST_CHANGES])
    licences = [
        await shelf.insides.licences(commitment, filter(None, wheels))
        for commitment, wheels in (
            (before, [each.wheel_before for each in differing]),
            (after, [each.wheel_after for each in differing]),
        )
    ]
    advised = None if advisories is None else await in_thread(advised_changes, advisories, found)
    unread = len(open_ones) - len(looked_at)
    return _Shown(before, after, root, differing, len(found), unread, *licences, advised=advised)


def _only(contents: Contents, names: Iterable[str]) -> Contents:
    return {name: contents[name] for name in names}


def _without(contents: Contents, names: Container[str]) -> Contents:
    return {name: versions for name, versions in contents.items() if name not in names}


def _groups(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the names in groups whose frozen pages are in memory together: one may have thousands of files."""
    return (names[start : start + _PAGES] for start in range(0, len(names), _PAGES))


async def _pages(shelf: Shelf, commitment: Commitment, names: Iterable[str]) -> dict[Project, Page]:
    """Return the frozen pages of those names that are projects: a crate has none."""
    projects = commitment.lock.projects
    return await shelf.frozen(commitment, [Project(name) for name in names if name in projects])


async def _with_files(shelf: Shelf, before: Commitment, after: Commitment, found: Sequence[Change]) -> list[Compared]:
    """Add what the frozen pages of the first projects say."""
    named = {change.project: change for change in found}
    compared_ones: list[Compared] = []
    for names in _groups([*named][:_MOST_READ]):
        old, new = await _pages(shelf, before, names), await _pages(shelf, after, names)
        compared_ones += [Compared.of(named[name], old.get(Project(name)), new.get(Project(name))) for name in names]
    return [*compared_ones, *map(Compared, found[_MOST_READ:])]


def _rendered(shown: _Shown) -> bytes:
    """Render the page, in a thread."""
    before, after = shown.before, shown.after
    body = [
        back_to(f"{shown.root}{before.address}/", before),
        tags.p("From ", _link(shown, before), " to ", _link(shown, after), "."),
        tags.p(tags.a("The other way round", href=f"{shown.root}{after.address}/diff/{before.address}")),
        *_result(shown),
    ]
    return Frame(f"From {before.short} to {after.short}", shown.root, body).rendered()


def _link(shown: _Shown, commitment: Commitment) -> Tag:
    return tags.a(tags.code(commitment.address), href=f"{shown.root}{commitment.address}/")


def _result(shown: _Shown) -> list[Shown]:
    notes = []
    if shown.unread:
        notes.append(
            tags.p(
                f"The files of {counted(shown.unread, 'project')} were not compared: there are too many.", class_="note"
            )
        )
    if not shown.changes:
        return [*notes, tags.p("Both locks pin the same.")]
    more = f", of which the first {len(shown.changes):,} are shown" if shown.count > len(shown.changes) else ""
    caption = tags.caption(f"{counted(shown.count, 'project differs', 'projects differ')}{more}.")
    names = ["project", "change", "before", "after", "files", "licence"]
    names += ["advisories"] if shown.advised is not None else []
    head = tags.thead(tags.tr([tags.th(name, scope="col") for name in names]))
    rows = tags.tbody([_row(shown, each) for each in shown.changes])
    advised = [] if shown.advised is None else advisories_of(shown.advised, f"{shown.root}{shown.after.address}/")
    return [*notes, scrolled(tags.table(caption, head, rows), "Differences"), *advised]


def _row(shown: _Shown, each: Compared) -> Tag:
    change, advised = each.change, shown.advised
    return tags.tr(
        tags.th(_project(shown, change), scope="row"),
        tags.td(_KINDS[change.kind]),
        tags.td(_versions(change.before)),
        tags.td(_versions(change.after)),
        tags.td(_names(each)),
        tags.td(_licences(shown, each)),
        [] if advised is None else tags.td(advised_words(advised.by_project.get(change.project))),
    )


def _project(shown: _Shown, change: Change) -> Tag | str:
    """Return the name of a project, with a link to its pins. A crate has no such page."""
    commitment = shown.before if change.kind == "removed" else shown.after
    if change.project not in commitment.lock.projects:
        return words(change.project, _LONGEST)
    return tags.a(change.project, href=f"{shown.root}{commitment.address}/pins/{quote(change.project)}")


def _versions(versions: Sequence[str]) -> str:
    more = f" and {len(versions) - _MOST_VERSIONS:,} more" if len(versions) > _MOST_VERSIONS else ""
    return ", ".join(words(version, _LONGEST) for version in versions[:_MOST_VERSIONS]) + more


def _names(each: Compared) -> Shown:
    """Return the files that only one side has, if both are known, or the only side."""
    sides = ((each.removed, "removed", "-"), (each.added, "added", "+"))
    summary = ", ".join(f"{only.count:,} {what}" for only, what, _ in sides if only.count)
    if not summary:
        return ""
    listed = [tags.li(tags.code(f"{sign} {name}")) for only, _, sign in sides for name in only.names]
    more = sum(only.count - len(only.names) for only, _, _ in sides)
    return tags.details(
        tags.summary(summary), tags.ul(listed, tags.li(f"{more:,} more") if more else "", class_="files")
    )


def _licences(shown: _Shown, each: Compared) -> str | Tag:
    """Return the licence, or both if it has changed."""
    before = _licence(shown.licences_before, each.wheel_before)
    after = _licence(shown.licences_after, each.wheel_after)
    if before and after and before != after:
        return tags.strong(f"{before} → {after}", class_="warn")
    return after or before


def _licence(licences: Licences, wheel: File | None) -> str:
    """Return the licence of a release, as far as the store has its core metadata."""
    named = None if wheel is None else licences[wheel]
    return "" if named is None else words(", ".join(licence.text for licence in named), _LONGEST) or "none stated"


def _asked(commitment: Commitment, root: str, *, wrong: bool) -> bytes:
    """Return the page that asks for the other address."""
    note = (
        [tags.p("That has no address: an address has 64 hex digits.", class_="note bad", role="alert")] if wrong else []
    )
    form = tags.form(
        tags.label("The other address, or the URL of its index", for_="other"),
        tags.input(type="text", id="other", name="other", required="required", maxlength="2000"),
        " ",
        tags.button("Compare", type="submit"),
        method="get",
    )
    body = [back_to(f"{root}{commitment.address}/", commitment), *note, form]
    return Frame(f"Compare lock {commitment.short} with another", root, body).rendered()
