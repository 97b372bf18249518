"""Sessions of the open index and the files downloaded in them, in the store for every process that shares it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from attrs import field, frozen
from packaging.utils import canonicalize_name
from twisted.internet.interfaces import IReactorTime

from reqpi.core import frozen_pages as freezer
from reqpi.core.errors import Occupied
from reqpi.core.interfaces import Store
from reqpi.core.model import File, Page, Project
from reqpi.core.stored_json import mapping, optional, parse
from reqpi.runtime.lru import LruCache
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import claimed_metadata_record, recorded_file_record, session_record
from reqpi.shelf.token_records import TokenKind, TokenRecords

__all__ = ["FILES", "LASTS", "SESSIONS", "UNTIMED", "LearnSession", "LearnSessions", "load_exclude_newer"]

SESSIONS = 256
"""Sessions that may be open at the same time, on all servers that share a store."""

LASTS = 6 * 3600.0
"""Seconds that a session lasts without use: a build may compile for hours before it asks for the next thing."""

FILES = 10_000
"""Files that one session may take."""

UNTIMED = "untimed"
"""The last part of the name of a record without content: all files of the project were withheld."""


@frozen
class LearnSession:
    """One session of the open index.

    :param token: a secret that cannot be guessed: 32 hexadecimal digits.
    :param exclude_newer: files that were uploaded from this time on are not seen.
    """

    token: str = field(repr=False)
    exclude_newer: datetime | None = None

    @property
    def name(self) -> str:
        """The name of the session for logs, from which its token cannot be derived."""
        return sha256(self.token.encode()).hexdigest()[:32]


class LearnSessions:
    """All sessions of one store."""

    def __init__(self, store: Store, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._sessions = TokenRecords(_KIND, store, clock)
        self._noted: LruCache[str, set[str]] = LruCache(SESSIONS)

    @property
    def now(self) -> datetime:
        """The time from which durations are counted back, in UTC."""
        return datetime.fromtimestamp(self._clock.seconds(), UTC)

    async def begin(self, exclude_newer: datetime | None = None) -> LearnSession:
        """Open a session.

        :raises reqpi.core.errors.Occupied: :data:`SESSIONS` sessions are open.
        """
        said = {"exclude-newer": exclude_newer.isoformat() if exclude_newer else None}
        return await self._sessions.begin(json.dumps(said).encode())

    async def get(self, token: str) -> LearnSession:
        """Return the session of a token. This counts as use of the session.

        :raises reqpi.core.errors.UnknownSession: there is no such session, or it has ended.
        """
        return await self._sessions.get(token)

    async def end(self, session: LearnSession) -> None:
        """Remove a session and its records. The downloaded files stay until a sweep."""
        await self._sessions.end(session.token)
        self._noted.drop(session.token)

    async def expire(self) -> None:
        """End the sessions that were not used for :data:`LASTS` seconds."""
        for token in await self._sessions.expire():
            self._noted.drop(token)

    async def note(self, session: LearnSession, file: File) -> None:
        """Record that a file is being downloaded.

        :param file: a file whose sha256 is known.
        :raises reqpi.core.errors.Occupied: the session has downloaded :data:`FILES` files.
        :raises reqpi.core.errors.UnknownSession: the session has ended.
        """
        page = Page(file.project, (file,))
        await self._note(
            session, recorded_file_record(session.token, file.project, _key(file.filename)), freezer.dump(page)
        )

    async def note_untimed(self, session: LearnSession, project: Project) -> None:
        """Record that all files of a project were withheld because their upload times are unknown.

        :raises reqpi.core.errors.Occupied: as :meth:`note`.
        :raises reqpi.core.errors.UnknownSession: as :meth:`note`.
        """
        await self._note(session, recorded_file_record(session.token, project, UNTIMED), b"-")

    async def _note(self, session: LearnSession, record: str, value: bytes) -> None:
        noted = self._noted.get(session.token)
        if noted is None:
            noted = {name async for name in self._store.names(recorded_file_record(session.token))}
            self._noted.put(session.token, noted, 1)
        if record in noted:
            return
        if len(noted) >= FILES:
            raise Occupied(f"this session has downloaded {FILES} files", "Begin another session.")
        await self._store.create(record, value)
        await self._sessions.confirm(session.token)
        noted.add(record)

    async def noted(self, session: LearnSession) -> tuple[tuple[File, ...], tuple[Project, ...]]:
        """Return the recorded files, in order of projects, and the projects whose files were all withheld."""
        files: list[File] = []
        untimed: list[Project] = []
        for record in sorted([name async for name in self._store.names(recorded_file_record(session.token))]):
            *_, said, key = record.split("/")
            project = canonicalize_name(said)
            if key == UNTIMED:
                untimed.append(project)
            elif (written := await self._store.get(record)) is not None:
                files += read_record(record, written, partial(freezer.load, project=project)).files
        return tuple(files), tuple(untimed)


def load_exclude_newer(data: bytes) -> datetime | None:
    """Return the bound on upload times in the record of a session; ``None`` if it has none.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    until = optional(mapping(parse(data))["exclude-newer"], str)
    if until is None:
        return None
    bound = datetime.fromisoformat(until)
    if bound.utcoffset() is None:
        raise ValueError("a time has no zone")
    return bound


_KIND = TokenKind(
    session_record,
    lambda token: (recorded_file_record(token), claimed_metadata_record(LearnSession(token).name)),
    lambda token, data: LearnSession(token, load_exclude_newer(data)),
    SESSIONS,
    LASTS,
    (f"{SESSIONS} learning sessions are open", "End one of them with DELETE, or try again later."),
    ("no such learning session", "It has ended. Begin another session with POST /learn."),
)


def _key(filename: str) -> str:
    return sha256(filename.encode()).hexdigest()
