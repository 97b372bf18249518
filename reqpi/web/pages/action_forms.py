"""The forms with which a person acts on an address: hold its files, deny what it pins, revoke a denial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core.access.clients import AccessScope
from reqpi.core.denials import LONGEST_REASON, Denial
from reqpi.core.errors import ReqPIError
from reqpi.core.model import Commitment, File, Pin, Project
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http.access import identity_of
from reqpi.web.http.login_cookie import form_key
from reqpi.web.pages.frame import Shown, root_of, scrolled
from reqpi.web.pages.pins import shown_pins
from reqpi.web.pages.text import shown_time
from reqpi.web.permission import check_lock

__all__ = ["DENY", "HOLD", "REVOKE", "actions_on_address", "actions_on_file", "actions_on_project"]

HOLD, DENY, REVOKE = "hold", "deny", "revoke"
"""The names below an address that the forms are sent to. They are in the audit log, too."""

_DONE = {
    HOLD: "The hold has begun: the server fetches every file of this lock.",
    DENY: "It is denied now. Clients that request it get the reason; other servers of this store follow in seconds.",
    REVOKE: "The denial is revoked. Clients get the files again that the lock admits.",
}

_MOST = 100
"""Versions to choose from, and denials that are shown."""

Choice = tuple[str, str]
"""Something to deny, as :func:`reqpi.core.denials.read_denied` takes it, and how a person reads it."""


async def actions_on_address(
    request: Request,
    services: LockServices,
    commitment: Commitment,
    here: str,
    *,
    held: bool,
    withheld: Iterable[tuple[File, Denial]],
) -> list[Tag]:
    """Return the section of the page of an address; nothing if there is nothing that the client may do.

    :param here: the relative URL of what is below the address.
    :param held: all files are in the store, or are on their way.
    :param withheld: the files that the operator denies.
    """
    parts = list(_done(request))
    if not held and await _may_hold(request, services, commitment):
        parts.append(_to_hold(form_key(request), here))
    if identity_of(request).may(AccessScope.OPERATE):
        denials = await _in_force(services.shelf, shown_pins(commitment), withheld)
        parts += [_deny_anything(request, here), *_revoking(request, here, denials)]
    return _section(parts)


async def actions_on_project(
    request: Request, shelf: Shelf, commitment: Commitment, here: str, project: Project
) -> list[Tag]:
    """Return the section of the page of a project, for those who may deny."""
    parts = list(_done(request))
    if identity_of(request).may(AccessScope.OPERATE):
        pins = commitment.lock.projects[project]
        denials = await _in_force(shelf, pins, await shelf.withheld(commitment, [project]))
        parts.append(_deny_choice(request, here, project, _choices(project, pins)))
        parts += _revoking(request, here, denials, project)
    return _section(parts)


def actions_on_file(request: Request, here: str, file: File, pins: Sequence[Pin]) -> list[Tag]:
    """Return the section of the page of a file, for those who may deny.

    :param pins: those that admit the file.
    """
    if not identity_of(request).may(AccessScope.OPERATE):
        return []
    choices = [(f"sha256:{file.sha256}", f"this file: {file.filename}"), *_choices(file.project, pins)]
    return _section([_deny_choice(request, here, file.project, choices)])


async def _may_hold(request: Request, services: LockServices, commitment: Commitment) -> bool:
    """Return whether the client could commit this lock with a hold."""
    client = identity_of(request)
    if not (client.may(AccessScope.COMMIT) and client.may(AccessScope.HOLD)):
        return False
    try:
        await check_lock(services, client, commitment.lock)
    except ReqPIError:
        return False
    return True


async def _in_force(shelf: Shelf, pins: Iterable[Pin], withheld: Iterable[tuple[File, Denial]]) -> Iterable[Denial]:
    """Return the denials of some pins, and of the files that they admit, each once."""
    certain = (await shelf.denials.current()).of_pins(pins)
    return dict.fromkeys((*certain, *(denial for _, denial in withheld)))


def _choices(project: Project, pins: Iterable[Pin]) -> list[Choice]:
    """Return each version that the lock pins, and the project as a whole."""
    versions = list(dict.fromkeys(f"{project}=={pin.version}" for pin in pins if pin.version and pin.source is None))
    return [*((each, f"the release {each}") for each in versions[:_MOST]), (project, f"every release of {project}")]


def _section(parts: Sequence[Tag]) -> list[Tag]:
    if not parts:
        return []
    title = tags.h2("What you can do", id="actions-title")
    return [tags.section(title, *parts, id="actions", **{"aria-labelledby": "actions-title"})]


def _done(request: Request) -> Iterator[Tag]:
    """Yield what a form has done that was just sent. The text is one of ours, whatever the URL says."""
    said = request.args.get(b"done", [b""])[-1].decode("ascii", "replace")
    if said in _DONE:
        yield tags.p(_DONE[said], class_="note good", role="status")


def _to_hold(key: str, here: str) -> Tag:
    words = "The server can fetch every file of this lock now. Then no build has to wait for the upstream."
    button = tags.button("Hold all files", type="submit")
    return tags.form(tags.p(words, " ", _hidden("key", key), button), method="post", action=f"{here}{HOLD}")


def _deny_anything(request: Request, here: str) -> Tag:
    """Return the form that denies anything that the address has."""
    field = tags.input(
        id="what", name="what", required="required", maxlength="300", spellcheck="false", autocomplete="off",
        **{"aria-describedby": "what-hint"},
    )  # fmt: skip
    hint = tags.p(
        "A project, one release (", tags.code("project==version"), "), the name of a file, or its ",
        tags.code("sha256:…"), ". It must be one of this lock; the ",
        tags.a("page of the operator", href=f"{root_of(request)}operator"), " can deny anything.",
        class_="hint", id="what-hint",
    )  # fmt: skip
    return _to_deny(request, here, [tags.label("What to deny", for_="what"), field, hint])


def _deny_choice(request: Request, here: str, project: Project, choices: Sequence[Choice]) -> Tag:
    """Return the form that denies one of a few things, and then shows the page of the project."""
    options = [tags.option(words, value=what) for what, words in choices]
    field = tags.select(options, id="what", name="what")
    return _to_deny(request, here, [tags.label("What to deny", for_="what"), field, _hidden("project", project)])


def _to_deny(request: Request, here: str, what: Sequence[Tag]) -> Tag:
    longest = str(LONGEST_REASON)
    reason = tags.input(id="because", name="because", required="required", maxlength=longest, autocomplete="off")
    fields = [
        *what,
        tags.label("The reason, which clients are shown", for_="because"),
        reason,
        tags.p(_hidden("key", form_key(request)), tags.button("Deny", type="submit")),
    ]
    form = tags.form(fields, method="post", action=f"{here}{DENY}")
    return tags.details(tags.summary("Deny something: no client gets it any more, under any address"), form)


def _revoking(request: Request, here: str, denials: Iterable[Denial], project: str = "") -> list[Tag]:
    """Return the table of the denials in force, each with a button that revokes it; nothing if there are none."""
    shown = sorted(denials, key=lambda denial: -denial.at)[:_MOST]
    if not shown:
        return []
    key = form_key(request)
    rows = [_revocable(denial, here, [_hidden("key", key), _hidden("project", project)]) for denial in shown]
    head = tags.tr([tags.th(name, scope="col") for name in ("denied", "reason", "since", "by", "action")])
    return [scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Denials in force")]


def _revocable(denial: Denial, here: str, fields: Sequence[Tag]) -> Tag:
    label = {"aria-label": f"Revoke the denial of {denial.what}"}
    button = tags.button("Revoke", type="submit", **label)
    form = tags.form(_hidden("what", denial.what), *fields, button, method="post", action=f"{here}{REVOKE}")
    cells: list[Shown] = [tags.code(denial.what), denial.because, shown_time(denial.at), denial.by, form]
    return tags.tr([tags.td(cell) for cell in cells])


def _hidden(name: str, value: str) -> Tag:
    return tags.input(type="hidden", name=name, value=value)
