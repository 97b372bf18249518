"""``/learn``: the sessions of record mode, if the operator allows them, and the open index of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from twisted.web.server import Request

from reqpi.core import simple
from reqpi.core.errors import NotServed, UnknownSession
from reqpi.core.exclude_newer import BadExcludeNewer, read_exclude_newer
from reqpi.core.export import learned_releases
from reqpi.core.model import File, Page
from reqpi.runtime.offload import RENDERED_LINKS
from reqpi.shelf.learn_sessions import LearnSession
from reqpi.shelf.open_index import OpenIndex
from reqpi.web.http import problems
from reqpi.web.http.access import not_offered
from reqpi.web.http.answers import answer_with, send_fresh, send_representation
from reqpi.web.http.file_body import send_response
from reqpi.web.http.headers import listed
from reqpi.web.http.representation import PAGE_POLICY, Representation

__all__ = ["LearnResource"]


class LearnResource:
    """Everything under ``/learn``.

    :param learning: the open index; ``None`` if the operator does not allow record mode.
    :param single: there is one session, the first that is begun, and no other, not even one of the same store.
    """

    def __init__(self, learning: OpenIndex | None, *, single: bool = False) -> None:
        self._open_index = learning
        self._single = single
        self._own = ""

    # Sessions

    async def begin(self, request: Request, base: str) -> bytes:
        """Answer ``POST /learn``; ``?exclude-newer=`` hides files that were uploaded then or later."""
        sessions = self._allowed.sessions
        if self._own:
            return problems.send(request, not_offered())
        given = request.args.get(b"exclude-newer")
        try:
            exclude_newer = (
                None if given is None else read_exclude_newer(given[-1].decode("utf-8", "replace"), sessions.now)
            )
        except BadExcludeNewer as bad:
            problem = problems.Problem(problems.BAD_PARAMETER, "not a timestamp", f"exclude-newer={bad}.")
            return problems.send(request, problem)
        session = await sessions.begin(exclude_newer)
        if self._single:
            self._own = session.token
        request.setResponseCode(201)
        request.setHeader("Location", f"{base}/learn/{session.token}/")
        shown = {"token": session.token, "index": f"{base}/learn/{session.token}/simple/"}
        return _json(request, shown | _exclude_newer(session))

    async def end(self, request: Request, token: str) -> bytes:
        """Answer ``DELETE /learn/<token>``."""
        await self._allowed.sessions.end(await self._session(token))
        request.setResponseCode(204)
        request.setHeader("Cache-Control", "no-store")
        return b""

    async def taken(self, request: Request, token: str) -> bytes:
        """Answer ``GET /learn/<token>/``: the files taken so far; ``?all-files=1`` adds the rest of their releases."""
        session = await self._session(token)
        taken = await self._allowed.taken(session, beside=_all_files(request))
        shown = {
            "taken": [_shown(file) for file in taken.files],
            "beside": [_shown(file) for file in taken.beside],
            "untimed": list(taken.untimed),
        }
        return _json(request, _exclude_newer(session) | shown)

    async def requirements(self, request: Request, token: str) -> bytes:
        """Answer ``GET /learn/<token>/requirements.txt``: the files taken so far, as a lock."""
        session = await self._session(token)
        taken = await self._allowed.taken(session, beside=_all_files(request))
        body = learned_releases.lines(learned_releases.releases((*taken.files, *taken.beside))).encode()
        return send_fresh(request, "text/plain; charset=utf-8", body)

    # The index

    def answer(self, request: Request, token: str, rest: list[str]) -> int:
        """Answer ``/learn/<token>/simple/<rest…>``."""
        return answer_with(request, partial(self._answer, request, token, rest))

    async def _answer(self, request: Request, token: str, rest: list[str]) -> None:
        session = await self._session(token)
        match rest:
            case []:
                raise NotServed("the list of all projects is not served", "Request the page of a project.")
            case [project]:
                request.write(await self._page(request, await self._allowed.page(session, project)))
            case [project, filename] if filename.endswith(".metadata"):
                metadata = await self._allowed.metadata(session, project, filename.removesuffix(".metadata"))
                request.write(send_representation(request, Representation(metadata, "application/octet-stream")))
            case [project, filename]:
                await self._file(request, session, project, filename)
            case _:
                raise NotServed("no such path", "An index has projects, and a project has files.")

    async def _page(self, request: Request, page: Page) -> bytes:
        content_type = simple.choose(listed(request, "Accept"))
        render = simple.page_json if content_type == simple.V1_JSON else simple.page_html
        prefix = "" if (request.path or b"").endswith(b"/") else f"{page.project}/"
        work = partial(render, page, show_yanked=True, unhashed=True, prefix=prefix)
        body = await RENDERED_LINKS.run(len(page.files), work)
        request.setHeader("Vary", "Accept")
        if content_type == simple.HTML:
            request.setHeader(*PAGE_POLICY)
        return send_fresh(request, content_type + ("; charset=utf-8" if content_type == simple.HTML else ""), body)

    async def _file(self, request: Request, session: LearnSession, project: str, filename: str) -> None:
        file_response = await self._allowed.file(session, project, filename)
        if request.method == b"GET":
            await self._allowed.sessions.note(session, file_response.file)
        await send_response(request, file_response)

    async def _session(self, token: str) -> LearnSession:
        """Return a session.

        :raises reqpi.core.errors.UnknownSession: there is none, or it is not the only one of this server.
        """
        if self._single and token != self._own:
            raise UnknownSession("this session has ended", "This server has one session, and it is another one.")
        return await self._allowed.sessions.get(token)

    @property
    def _allowed(self) -> OpenIndex:
        if self._open_index is None:
            raise NotServed("record mode is not enabled on this server", "Its operator can enable it with --learning.")
        return self._open_index


def _all_files(request: Request) -> bool:
    return request.args.get(b"all-files") == [b"1"]


def _exclude_newer(session: LearnSession) -> dict[str, Any]:
    until = session.exclude_newer
    return {"exclude-newer": None if until is None else until.isoformat().replace("+00:00", "Z")}


def _shown(file: File) -> dict[str, Any]:
    return {
        "project": file.project,
        "version": str(file.version),
        "filename": file.filename,
        "sha256": file.sha256,
        "size": file.size,
    }


def _json(request: Request, value: Mapping[str, Any]) -> bytes:
    return send_fresh(request, "application/json", json.dumps(value, indent=2).encode() + b"\n")
