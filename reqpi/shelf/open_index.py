"""The open index: it lets everything through, and records which files a command downloads.

It is open on purpose, so no part of it is below an address, and nothing below an address is reachable through it. Its
pages are those of the default upstream. A file is stored and served as everywhere else, under a verified digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from attrs import evolve, frozen
from packaging.utils import canonicalize_name
from twisted.internet.interfaces import IReactorTime

from reqpi.core.denials import DenyList
from reqpi.core.errors import NotFound, NothingUpstream, NotServed
from reqpi.core.exclude_newer import before, has_no_times
from reqpi.core.interfaces import Upstream
from reqpi.core.model import File, Page, Project
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.denials import Denials
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.files.file_responses import FileResponse
from reqpi.shelf.learn_sessions import LearnSession, LearnSessions

__all__ = ["OpenIndex", "RecordedFile"]

_PAGES = 20_000
"""Files on upstream pages kept in memory."""

_MEASURED = 10_000
"""Measured files that are remembered."""

_AT_ONCE = 4
"""Files that one answer measures concurrently."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?")


@frozen
class RecordedFile:
    """The files that were downloaded in a session.

    :param files: the files whose download was begun, each with its sha256.
    :param beside: the other files of the same releases, if they were requested.
    :param untimed: projects whose files were all withheld because the upstream does not report upload times.
    """

    files: tuple[File, ...]
    beside: tuple[File, ...] = ()
    untimed: tuple[Project, ...] = ()


class OpenIndex:
    """The index that lets everything through, and the record of what was downloaded from it."""

    def __init__(
        self,
        sessions: LearnSessions,
        upstream: Upstream,
        files: FileParts,
        clock: IReactorTime,
        denials: Denials | None = None,
    ) -> None:
        self._denials = denials
        self.sessions = sessions
        self._upstream = upstream
        self._files = files
        self._clock = clock
        self._pages: LruCache[tuple[str, Project], Page] = LruCache(_PAGES)
        self._asking: SingleFlight[Page] = SingleFlight()
        self._measured: LruCache[tuple[str, str], File] = LruCache(_MEASURED)
        self._measuring: SingleFlight[File] = SingleFlight()
        self._gathering: SingleFlight[RecordedFile] = SingleFlight()

    async def page(self, session: LearnSession, name: str) -> Page:
        """Return the page of a project as the upstream has it, without files excluded by the session's exclude-newer.

        :param name: the project's name, in any spelling.
        :raises reqpi.core.errors.DeniedByOperator: the operator denies all of its files.
        :raises reqpi.core.errors.NothingUpstream: there is no such project, or the upload times that exclude-newer
            needs are not known.
        :raises reqpi.core.errors.NotServed: the name is not a valid project name.
        :raises reqpi.core.errors.UpstreamTrouble: the upstream cannot be asked.
        """
        whole = await self._whole(session, name)
        denied = await self._denied()
        page = denied.left_on(whole)
        denial = denied.first_of(whole.files) if page.withheld and not page.files else None
        if denial is not None:
            raise denial.error(whole.project)
        return page

    async def _denied(self) -> DenyList:
        return DenyList() if self._denials is None else await self._denials.current()

    async def _check(self, file: File) -> None:
        """Check that the operator does not deny a file.

        :raises reqpi.core.errors.DeniedByOperator: that is so.
        """
        if self._denials is not None:
            await self._denials.gate.check_page(Page(file.project, (file,)))  # its page lists all that there ever was
        denial = (await self._denied()).of(file)
        if denial is not None:
            raise denial.error(file.filename)

    async def _whole(self, session: LearnSession, name: str) -> Page:
        """Return the page with the files that the operator denies."""
        project = canonicalize_name(name)
        if _NAME.fullmatch(project) is None:
            raise NotServed("no such project", "The name is not a valid project name.")
        key = (session.name, project)
        page = self._pages.get(key)
        if page is None:
            waiting = self._asking.do(key, partial(self._page, session, project))
            page = await within(PATIENCE, self._clock, waiting, f"the page of {project} is")
        return page

    async def _page(self, session: LearnSession, project: Project) -> Page:
        try:
            page = await self._upstream.page(project)
        except NotFound as error:
            raise NothingUpstream(
                f"the upstream has no project {project}", f"The index asked was {self._upstream.name}."
            ) from error
        if session.exclude_newer is not None:
            if has_no_times(page):
                await self.sessions.note_untimed(session, project)
                raise NothingUpstream(
                    f"the upload times of the files of {project} are not known",
                    f"{self._upstream.name} does not report them. With --exclude-newer, none of the files is served.",
                )
            page = before(page, session.exclude_newer)
        if all(file.downgraded for file in page.files) and page.files:
            raise NothingUpstream(
                f"the files of {project} are not served",
                f"The page of {self._upstream.name} came over https, but its links are plain http.",
            )
        page = evolve(page, files=tuple(file for file in page.files if not file.downgraded))
        # With core metadata a resolver need not download files that it then does not choose.
        page = evolve(page, files=tuple(map(_with_metadata, page.files)))
        self._pages.put((session.name, project), page, len(page.files) + 1)
        return page

    async def file(self, session: LearnSession, name: str, filename: str) -> FileResponse:
        """Return a file; if the upstream gives no digest of it, it is fetched and measured first.

        :raises reqpi.core.errors.NotServed: the file is not on its project's page.
        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained, or differs from the upstream's claim.
        """
        return await self._files.file_responses.of(
            await self._digested(session, await self._listed(session, name, filename))
        )

    async def metadata(self, session: LearnSession, name: str, filename: str) -> bytes:
        """Return the core metadata of a wheel. Reading it does not count as downloading the wheel.

        :raises reqpi.core.errors.NotServed: the file is not a wheel, or not on its project's page.
        :raises reqpi.core.errors.UpstreamTrouble: the metadata cannot be obtained.
        """
        file = await self._listed(session, name, filename)
        if not file.wheel:
            raise NotServed(f"{filename} has no metadata file", "Only wheels have one.")
        return await self._files.core_metadata.of(await self._digested(session, file), session.name)

    async def _listed(self, session: LearnSession, name: str, filename: str) -> File:
        file = (await self._whole(session, name)).by_filename.get(filename)
        if file is None:
            raise NotServed(f"the upstream lists no {filename[:100]}", "Ask for the page of its project.")
        await self._check(file)
        return file

    async def _digested(self, session: LearnSession, file: File) -> File:
        """Return the file with the sha256 that it is stored under: the upstream's claim, or computed from its bytes.

        :raises reqpi.core.errors.DeniedByOperator: the operator denies a file with these bytes.
        """
        digested = await self._with_digest(session, file)
        await self._check(digested)
        return digested

    async def _with_digest(self, session: LearnSession, file: File) -> File:
        if file.sha256 is not None:
            return file
        key = (session.name, file.url)
        known = self._measured.get(key)
        if known is not None:
            return known
        waiting = self._measuring.do(key, partial(self._measure, key, file))
        return await within(PATIENCE, self._clock, waiting, f"{file.filename} is")

    async def _measure(self, key: tuple[str, str], file: File) -> File:
        digested = await self._files.file_responses.measured(file)
        self._measured.put(key, digested, 1)
        return digested

    # Recorded files

    async def taken(self, session: LearnSession, *, beside: bool = False) -> RecordedFile:
        """Return what was downloaded so far.

        :param beside: include the other files of the same releases, measured if the upstream gives no digest of them.
        :raises reqpi.core.errors.UpstreamTrouble: these other files are not known yet.
        """
        waiting = self._gathering.do((session.name, beside), partial(self._taken, session, beside))
        return await within(PATIENCE, self._clock, waiting, "the files of these releases are")

    async def _taken(self, session: LearnSession, beside: bool) -> RecordedFile:
        files, untimed = await self.sessions.noted(session)
        others = await self._beside(session, files) if beside else ()
        return RecordedFile(files, tuple(others), untimed)

    async def _beside(self, session: LearnSession, files: Iterable[File]) -> list[File]:
        releases = {(file.project, file.version) for file in files}
        filenames = {file.filename for file in files}
        pages = await each(dict.fromkeys(project for project, _ in sorted(releases)), partial(self._seen, session), 1)
        others = [
            file
            for page in pages.values()
            for file in page.files
            if (file.project, file.version) in releases and file.filename not in filenames
        ]
        return list((await each(others, partial(self._known, session), _AT_ONCE)).values())

    async def _seen(self, session: LearnSession, project: Project) -> Page:
        return await self.page(session, project)

    async def _known(self, session: LearnSession, file: File) -> File:
        return await self._digested(session, file)


def _with_metadata(file: File) -> File:
    return evolve(file, core_metadata=True) if file.wheel and file.core_metadata is None else file
