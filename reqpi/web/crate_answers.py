"""The answers about crates, wherever cargo asks: below an address, below a run, or at the URLs of a registry.

cargo takes 404, 410 and 451 in an index to mean that there is no such crate, and says nothing about the reason. It
shows the beginning of the body of any other 4xx, and does not ask again, as it does after a 5xx. So a crate that cannot
be served, now or later, is 403 in the index and 410 among the files.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from attrs import evolve
from twisted.web.server import Request

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.crates.cargo_config import config_of_registry
from reqpi.core.crates.index import index_path
from reqpi.core.crates.model import Crate
from reqpi.core.errors import NotServed, ReqPIError, UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.web.http import problems
from reqpi.web.http.answers import send_representation
from reqpi.web.http.file_body import send_response
from reqpi.web.http.representation import Representation

__all__ = [
    "OF_FILES",
    "OF_INDEX",
    "CrateAnswers",
    "CrateListener",
    "no_such_path",
    "outspoken",
    "send_config",
    "send_fleeting",
]

_NO_CACHE = "no-cache"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,256}")
_FILE = re.compile(r"([0-9a-f]{64})\.crate")

_NO_BODY_SHOWN = (404, 410)
"""The statuses after which cargo does not show what it was told."""

OF_INDEX, OF_FILES = 403, 410
"""The statuses of what cannot be served, now or later."""


class CrateListener(Protocol):
    """Learns what is about to be sent in response to one request. Nothing is sent before its method returns."""

    async def crate(self, crate: Crate, size: int) -> None:
        """Take note of a crate.

        :param size: bytes.
        """

    async def crate_refused(self, error: ReqPIError) -> None:
        """Take note that a request cannot be answered, now or later."""


class CrateAnswers:
    """The files of indexes, and the crates themselves."""

    def __init__(self, crates: CratesOfLocks) -> None:
        self._crates = crates

    async def index(
        self,
        request: Request,
        commitment: Commitment,
        key: str,
        path: Sequence[str],
        *,
        logins: UsableLogins = EVERY_LOGIN,
    ) -> None:
        """Send the file of an index, with the lines of the admitted releases.

        :param logins: those that may be used for this client.
        :param key: the :func:`~reqpi.core.crates.cargo_config.registry_key` of the registry.
        """
        name = path[-1]
        if not _NAME.fullmatch(name) or index_path(name) != "/".join(path):
            raise no_such_path()
        lines = await self._crates.index(commitment, key, "/".join(path), logins=logins)
        send_fleeting(request, lines, "text/plain; charset=utf-8")

    async def file(
        self,
        request: Request,
        commitment: Commitment,
        path: tuple[str, str, str],
        listener: CrateListener | None = None,
        *,
        logins: UsableLogins = EVERY_LOGIN,
    ) -> None:
        """Send a crate, if a Cargo.lock admits it.

        :param path: its name, its version, and ``<sha256>.crate``.
        """
        name, version, filename = path
        named = _FILE.fullmatch(filename)
        if named is None or not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise no_such_path()
        response = await self._crates.file(commitment, Crate(name, version, named[1]), logins=logins)
        if listener is not None:
            await listener.crate(Crate(name, version, named[1], response.file.index), response.size)
        await send_response(request, response)


async def outspoken(
    request: Request, work: Callable[[], Awaitable[None]], status: int, listener: CrateListener | None = None
) -> None:
    """Answer a request of cargo, with an error that cargo shows at once if asking again is of no use.

    :param status: of such an error: :data:`OF_INDEX` or :data:`OF_FILES`.
    """
    try:
        await work()
    except ReqPIError as error:
        problem = problems.problem_of(error)
        if problem.status not in _NO_BODY_SHOWN and not (isinstance(error, UpstreamTrouble) and error.final):
            raise
        if listener is not None:
            await listener.crate_refused(error)
        request.write(problems.send(request, evolve(problem, status=status, headers={})))


def send_config(request: Request, place: str, *, login: bool) -> None:
    """Send the configuration of a registry.

    :param place: the URL below which its crates are, without a slash at its end.
    :param login: cargo has to log in for each request.
    """
    send_fleeting(request, config_of_registry(place, login=login), "application/json")


def send_fleeting(request: Request, body: bytes, content_type: str) -> None:
    """Send what may be more the next time: another sdist was fetched, or the server has another URL."""
    request.write(send_representation(request, Representation(body, content_type, caching=_NO_CACHE)))


def no_such_path() -> NotServed:
    """Return the error for a path that cargo does not request."""
    return NotServed("no such path", "cargo requests config.json, the index files, and dl/<crate>/<version>/<file>.")
