"""HTML pages for people: the front page, and the overview of a lock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from shlex import quote as quoted
from urllib.parse import quote

from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core import admission
from reqpi.core.denials import Denial
from reqpi.core.env_vars import trusted_host
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.runtime.offload import in_thread
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.refusals import RecordedRefusal
from reqpi.shelf.shelf import Shelf
from reqpi.web.sheet import Sheet, send

__all__ = ["PageSection", "front", "overview"]

_MOST_ROWS = 2000
"""Pins shown on one page, at most. A longer lock is read by programs."""


def front(request: Request, base: str) -> bytes:
    """Answer ``GET /``: what ReqPI is, and the first steps."""
    sheet = Sheet(
        "ReqPI",
        [
            tags.p("Commit a lock, and get a package index that serves what the lock pins and nothing else."),
            tags.h2("Commit a lock"),
            tags.pre(f"PYPI=$(python -m reqpi gethash --url {base} requirements.txt)"),
            tags.p("Without ReqPI on this machine, the answer has the URL in ", tags.code("index"), ":"),
            tags.pre(f"curl --data-binary @requirements.txt {base}/locks"),
            tags.h2("Install from it"),
            tags.pre(_commands("$PYPI", base)),
            tags.p(
                "The address in the URL is the sha256 of the file: ",
                tags.code("sha256sum requirements.txt"),
                " prints it. The same file always has the same address, and an address always serves the same bytes.",
            ),
        ],
    )
    return send(request, sheet.rendered())


PageSection = Callable[[Request, Commitment, str], Awaitable[list[Tag]]]
"""Returns a part of the overview of a lock, for a request. The last argument is the prefix of relative links."""


async def overview(
    request: Request, shelf: Shelf, base: str, address: str, sections: Sequence[PageSection] = ()
) -> bytes:
    """Answer ``GET /<address>/``: the pins, their files, the refusals, the commands to use the index.

    :param sections: further parts, which features add.
    """
    commitment = await shelf.commitment(address)
    frozen = await shelf.frozen(commitment, dict.fromkeys(pin.project for pin in _shown(commitment)))
    refusals = await shelf.refused(address)
    withheld = await shelf.withheld(commitment, frozen)
    freezings = await shelf.freezings(commitment)
    # Links are relative, so they depend on whether the path ends with a slash.
    here = "" if (request.path or b"").endswith(b"/") else f"{address}/"
    more = [tag for section in sections for tag in await section(request, commitment, here)]
    render = partial(_overview, withheld=withheld, freezings=freezings, more=more)
    return send(request, await in_thread(render, commitment, base, here, frozen, refusals))


def _overview(
    commitment: Commitment,
    base: str,
    here: str,
    frozen: dict[Project, Page],
    refusals: list[RecordedRefusal],
    *,
    withheld: Sequence[tuple[File, Denial]],
    freezings: Mapping[Project, PageFreezing],
    more: Sequence[Tag],
) -> bytes:
    """Render the page. For a long lock it takes a second or two, so it is called in a thread."""
    sheet = Sheet(
        f"Lock {commitment.short}",
        [
            tags.p(tags.code(commitment.address, class_="faint")),
            tags.h2("Use it"),
            tags.pre(_commands(quoted(f"{base}/{commitment.address}/simple/"), base)),
            tags.p(
                "The ", tags.a("lock", href=f"{here}lock"), " as it was uploaded; the ",
                tags.a("lock with every digest", href=f"{here}requirements.txt"), "; the ",
                tags.a("index", href=f"{here}simple/"), "; the SBOM as ",
                tags.a("CycloneDX", href=f"{here}sbom.cdx.json"), " and as ",
                tags.a("SPDX", href=f"{here}sbom.spdx.json"), ".",
            ),
            *_denied(withheld),
            *_refused(refusals),
            *more,
            tags.h2("What it pins"),
            _pins(commitment, here, frozen),
            *_frozen(freezings),
        ],
    )  # fmt: skip
    return sheet.rendered()


def _commands(index: str, base: str) -> str:
    """Return the commands that install from an index.

    :param index: the URL of the index, quoted for a shell.
    :param base: the URL of this server.
    """
    trusted = trusted_host(base)
    trust = f" --trusted-host {quoted(trusted)}" if trusted else ""
    return (
        f"pip install --index-url {index}{trust} -r requirements.txt\n"
        f"uv pip install --default-index {index} -r requirements.txt"
    )


def _link(text: str, url: str) -> Tag:
    return tags.div(tags.code(tags.a(text, href=url)))


def _shown(commitment: Commitment) -> list[Pin]:
    """Return the pins that are shown, by project in alphabetical order."""
    return list(islice(chain.from_iterable(commitment.lock.projects.values()), _MOST_ROWS))


def _pins(commitment: Commitment, here: str, frozen: dict[Project, Page]) -> Tag:
    shown = _shown(commitment)
    count = len(commitment.lock.pins)
    more = f", of which the first {len(shown)} are shown" if len(shown) < count else ""
    files: dict[Pin, Sequence[File]] = {}
    for page in frozen.values():
        files.update(admission.by_pin(commitment.lock, page))
    rows = [_row(pin, here, files.get(pin, ()) if pin.project in frozen else None) for pin in shown]
    return tags.table(
        tags.caption(
            f"{count} pin{'' if count == 1 else 's'}{more}. Files are known once a client has requested the project."
        ),
        tags.thead(tags.tr(tags.th("project"), tags.th("version"), tags.th("marker"), tags.th("files"))),
        tags.tbody(rows),
    )


def _row(pin: Pin, here: str, ours: Sequence[File] | None) -> Tag:
    index = f"{here}simple/{pin.project}/"
    name = f"{pin.project}[{','.join(pin.extras)}]" if pin.extras else pin.project
    files: list[Tag] | Tag = tags.span("not requested yet", class_="faint")
    if ours is not None:
        files = tags.details(
            tags.summary(str(len(ours))), [_link(file.filename, f"{index}{quote(file.filename)}") for file in ours]
        )
    return tags.tr(
        tags.td(tags.a(name, href=index)),
        tags.td(pin.version),
        tags.td(tags.code(pin.marker or "")),
        tags.td(files),
    )


def _refused(refusals: Iterable[RecordedRefusal]) -> list[Tag]:
    rows = [
        tags.tr(
            tags.td(refusal.filename or refusal.project),
            tags.td(refusal.reason),
            tags.td(str(refusal.count), class_="number"),
            tags.td(_at(refusal.last)),
        )
        for refusal in refusals
    ]
    if not rows:
        return []
    head = tags.tr(tags.th("request"), tags.th("reason"), tags.th("times"), tags.th("last"))
    return [tags.h2("What was refused"), tags.table(tags.thead(head), tags.tbody(rows))]


def _denied(withheld: Sequence[tuple[File, Denial]]) -> list[Tag]:
    if not withheld:
        return []
    rows = [
        tags.tr(tags.td(file.filename), tags.td(denial.because), tags.td(_at(denial.at)))
        for file, denial in withheld[:_MOST_ROWS]
    ]
    head = tags.tr(tags.th("file"), tags.th("reason"), tags.th("since"))
    return [tags.h2("What the operator denies"), tags.table(tags.thead(head), tags.tbody(rows))]


def _frozen(freezings: Mapping[Project, PageFreezing]) -> list[Tag]:
    """Return the table of pages that the lock gives no digests for: the upstream decided what is on them."""
    if not freezings:
        return []
    rows = [
        tags.tr(
            tags.td(project),
            tags.td(_at(freezing.at) + (", again" if freezing.again else "")),
            tags.td(freezing.by or "a client without a token"),
        )
        for project, freezing in islice(freezings.items(), _MOST_ROWS)
    ]
    head = tags.tr(tags.th("project"), tags.th("frozen"), tags.th("for"))
    return [tags.h2("What was trusted on first use"), tags.table(tags.thead(head), tags.tbody(rows))]


def _at(seconds: float) -> str:
    """Return a time for people. The store may have any number in its place."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "an unknown time"
