"""The page for the operator: the state of the server, what is denied, and the end of the audit log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.web.server import Request
from twisted.web.template import Element, Tag, renderer, tags

from reqpi.core.access.clients import AccessScope
from reqpi.core.denials import BadDenial, Denial, read_denied, read_reason
from reqpi.shelf.denials import Denials
from reqpi.web.http import problems
from reqpi.web.http.access import identity_of
from reqpi.web.http.answers import after
from reqpi.web.http.audit import note_detail
from reqpi.web.http.login_cookie import form_key, is_own_form
from reqpi.web.operating import not_for_anyone
from reqpi.web.pages.forms import not_own_form, text_field
from reqpi.web.pages.frame import Frame, Shown, root_of, scrolled, send_page, template
from reqpi.web.pages.text import counted, shown_size, shown_time

__all__ = ["OperatorPage"]

_OPERATOR = "operator"

_MOST = 500
"""Denials that are shown. ``reqpi deny --list`` has all of them."""

Report = Callable[[], Awaitable[Mapping[str, Any]]]


@frozen
class _State:
    """Everything that the page shows.

    :param problem: what is wrong with a denial that was sent; empty if nothing is.
    :param lines: the end of the audit log, the latest first.
    """

    report: Mapping[str, Any]
    denials: Sequence[Denial]
    lines: Sequence[str]
    key: str
    problem: str = ""


class OperatorPage:
    """A :class:`~reqpi.web.http.feature.Feature`, which answers ``/operator``.

    :param report: returns the state of the server, as ``/status`` shows it.
    """

    names = frozenset({_OPERATOR})

    def __init__(self, report: Report, denials: Denials) -> None:
        self._report = report
        self._denials = denials

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return segments == [_OPERATOR]

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        if request.method not in (b"GET", b"HEAD", b"POST"):
            return problems.send(request, problems.not_allowed("GET, HEAD, POST"))
        if not identity_of(request).may(AccessScope.OPERATE):
            return problems.send(request, not_for_anyone())
        found: list[bytes] = []

        async def done() -> None:
            found.append(await self._answered(request))

        return after(request, Deferred.fromCoroutine(done()), lambda: found[0])

    async def _answered(self, request: Request) -> bytes:
        problem = ""
        if request.method == b"POST":
            if not is_own_form(request, text_field(request, "key")):
                return problems.send(request, not_own_form())
            try:
                await self._change(request)
            except BadDenial as bad:
                problem = f"{bad}. {bad.advice}"
            else:
                return _back(request)
        return await self._page(request, problem)

    async def _change(self, request: Request) -> None:
        """Deny something, or revoke a denial, as ``/denials`` does.

        :raises BadDenial: it cannot be denied.
        """
        revoked = text_field(request, "revoke")
        if revoked:
            what = read_denied(revoked)
            number = len(await self._denials.revoke(what, identity_of(request).name))
            note_detail(request, denied=what, revoked=number)
            return
        what, because = read_denied(text_field(request, "what")), read_reason(text_field(request, "because"))
        note_detail(request, denied=what, because=because)
        await self._denials.deny(what, because, identity_of(request).name)

    async def _page(self, request: Request, problem: str) -> bytes:
        site: Any = request.site
        lines = [] if site.audit is None else list(reversed(site.audit.latest))
        state = _State(await self._report(), await self._denials.listed(), lines, form_key(request), problem)
        if problem:
            request.setResponseCode(400)
        return send_page(request, Frame("Operator", root_of(request), _Operator(state)).rendered())


def _back(request: Request) -> bytes:
    """Show the page again: loading it once more then changes nothing."""
    request.setResponseCode(303)
    request.setHeader("Location", _OPERATOR)
    request.setHeader("Content-Length", "0")
    return b""


class _Operator(Element):
    def __init__(self, state: _State) -> None:
        super().__init__(template("operator"))
        self._state = state

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        state = self._state
        return tag.fillSlots(
            key=state.key,
            problem=tags.p(state.problem, class_="note bad", role="alert") if state.problem else "",
            state=_facts(state.report),
            upstreams=_upstreams(state.report["upstreams"]),
            denials=_denials(state),
            log=_log(state.lines),
        )


def _facts(report: Mapping[str, Any]) -> list[Tag]:
    """Return the terms and values of the state of the server."""
    store, size = report["store"], "not measured"
    if store["files"] is not None:
        size = f"{counted(store['files'], 'file')}, {shown_size(store['bytes'])}"
    ready = tags.strong("ready", class_="good")
    facts: list[tuple[str, Shown]] = [
        ("State", ready if report["ready"] else tags.strong(report["problem"], class_="bad")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in report["versions"].items())),
        ("Store", f"{store['kind']}: {size}; {shown_size(store['free_bytes'])} free"),
        ("Damage", _numbers(store["damage"])),
        ("Last sweep", shown_time(store["swept_at"]) if store["swept_at"] else "none since the start"),
        ("Holds", f"{report['holds']:,} under way"),
        ("Answers", _numbers(report["requests"])),
        ("Downloads", _numbers(report["downloads"])),
        ("Refused by limits", _numbers(report["refusals"])),
    ]
    return [part for name, value in facts for part in (tags.dt(name), tags.dd(value))]


def _numbers(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {number:,}" for name, number in sorted(numbers.items())) or "none"


def _upstreams(hosts: Sequence[Mapping[str, Any]]) -> Tag:
    if not hosts:
        return tags.p("No upstream was asked since the start.")
    words = {True: ("answers", "good"), False: ("does not answer", "bad"), None: ("was not asked", "faint")}
    rows = [
        tags.tr(
            tags.td(tags.code(str(host["host"]))),
            tags.td(words[host["up"]][0], class_=words[host["up"]][1]),
            tags.td(shown_time(host["answered_at"]) if host["answered_at"] else "never"),
        )
        for host in hosts
    ]
    head = tags.tr([tags.th(name, scope="col") for name in ("host", "state", "last answer")])
    return scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Upstreams")


def _denials(state: _State) -> Tag:
    if not state.denials:
        return tags.p("Nothing is denied.")
    rows = [_denial(denial, state.key) for denial in sorted(state.denials, key=lambda each: -each.at)[:_MOST]]
    head = tags.tr([tags.th(name, scope="col") for name in ("what", "because", "since", "by", "action")])
    caption = tags.caption(f"{counted(len(state.denials), 'denial')}. Clients get 410, with the reason.")
    return scrolled(tags.table(caption, tags.thead(head), tags.tbody(rows)), "Denials")


def _denial(denial: Denial, key: str) -> Tag:
    hidden = partial(tags.input, type="hidden")
    label = {"aria-label": f"Revoke {denial.what}"}
    fields = [hidden(name="key", value=key), hidden(name="revoke", value=denial.what)]
    revoke = tags.form(fields, tags.button("Revoke", type="submit", **label), method="post", action=_OPERATOR)
    cells: list[Shown] = [tags.code(denial.what), denial.because, shown_time(denial.at), denial.by, revoke]
    return tags.tr([tags.td(cell) for cell in cells])


def _log(lines: Sequence[str]) -> Tag:
    if not lines:
        return tags.p("Nothing was done since the start, or the server has no ", tags.code("--audit-log"), ".")
    rows = [_line(json.loads(line)) for line in lines]
    head = tags.tr([tags.th(name, scope="col") for name in ("time", "what", "outcome", "client", "address or thing")])
    return scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Audit log")


def _line(line: Mapping[str, Any]) -> Tag:
    client = line.get("client", {})
    names = (client.get(name) for name in ("token", "subject", "user", "address"))
    who = next((str(name) for name in names if name), "the server")
    about = line.get("address") or line.get("denied") or line.get("project") or ""
    cells: list[Shown] = [line.get("time", ""), line.get("what", ""), line.get("outcome", ""), who]
    return tags.tr([tags.td(cell) for cell in cells], tags.td(tags.code(str(about)[:64])))
