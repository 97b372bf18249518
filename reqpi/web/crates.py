"""The crates of an address, as a sparse registry for cargo: its configuration, its index, its files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from twisted.web.resource import Resource
from twisted.web.server import Request

from reqpi.core.crates.cargo_config import config_of_index
from reqpi.core.model import Commitment
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.shelf import Shelf
from reqpi.web.crate_answers import (
    OF_FILES,
    OF_INDEX,
    CrateAnswers,
    CrateListener,
    no_such_path,
    outspoken,
    send_config,
    send_fleeting,
)
from reqpi.web.crate_commits import CommitListener, send_commit
from reqpi.web.http.access import identity_of
from reqpi.web.http.answers import answer_with
from reqpi.web.permission import logins_for
from reqpi.web.public_url import PublicUrl

__all__ = ["CratesResource", "answered"]

_ROOTS = ("crates", "cargo")
"""The first segments below an address that lead here."""


class CratesResource(Resource):
    """``/<address>/crates/`` and ``/<address>/cargo/``, with everything below them; the same below a run.

    :param login: cargo has to log in for each request: nothing here can be read without a login.
    """

    isLeaf = True
    names: frozenset[str] = frozenset()

    def __init__(self, shelf: Shelf, crates: CratesOfLocks, base: PublicUrl, *, login: bool = False) -> None:
        super().__init__()
        self._shelf = shelf
        self._crates = crates
        self._answers = CrateAnswers(crates)
        self._base = base
        self._login = login

    @staticmethod
    def takes(segments: list[str]) -> bool:
        """Return whether a path leads here.

        :param segments: of the path, with the address first, or the token of a run.
        """
        return len(segments) > 2 and segments[1] in _ROOTS

    def answer(self, request: Request, segments: list[str]) -> int:
        """Answer the path, whose first segment is the address."""
        return answer_with(request, partial(self._answer, request, *segments))

    async def _answer(self, request: Request, address: str, *rest: str) -> None:
        async def work() -> None:
            commitment = await self._shelf.commitment(address)
            await self._send(request, commitment, commitment.address, rest)

        await answered(request, work, rest)

    async def send(
        self,
        request: Request,
        commitment: Commitment,
        here: str,
        rest: tuple[str, ...],
        listener: CommitListener | None,
    ) -> None:
        """Answer a request for ``crates/…`` or ``cargo/…``, wherever that is.

        :param here: the path that they are below.
        :param listener: learns what is about to be sent.
        """
        await answered(request, partial(self._send, request, commitment, here, rest, listener), rest, listener)

    async def _send(
        self,
        request: Request,
        commitment: Commitment,
        here: str,
        rest: tuple[str, ...],
        listener: CommitListener | None = None,
    ) -> None:
        """Send what is at a path.

        :raises reqpi.core.errors.ReqPIError: it cannot be sent.
        """
        logins = logins_for(identity_of(request))
        place = f"{self._base.of(request)}/{here}/crates"
        match rest:
            case ("cargo", "config.toml"):
                registries = await self._crates.registries(commitment)
                body = config_of_index(f"{place}/", registries, login=self._needs_login(request))
                send_fleeting(request, body, "application/toml")
            case ("crates", "dl", name, version, filename):
                await self._answers.file(request, commitment, (name, version, filename), listener, logins=logins)
            case ("crates", "config.json") | ("crates", "registry", _, "config.json"):
                send_config(request, f"{place}/dl", login=self._needs_login(request))
            case ("crates", "git", *path) if path:
                await send_commit(request, self._crates.commits, commitment, path, listener, logins=logins)
            case ("crates", "registry", key, *path) if path:
                await self._answers.index(request, commitment, key, path, logins=logins)
            case ("crates", *path):
                await self._answers.index(request, commitment, "", path, logins=logins)
            case _:
                raise no_such_path()

    def _needs_login(self, request: Request) -> bool:
        """Return whether cargo has to log in. A login in the request may be for a proxy in front, for crates too."""
        return self._login or request.requestHeaders.hasHeader("Authorization")


async def answered(
    request: Request, work: Callable[[], Awaitable[None]], rest: tuple[str, ...], listener: CrateListener | None = None
) -> None:
    """Answer a request as cargo understands it, if it is one of cargo."""
    match rest:
        case ("crates", "git", _, *_):
            await work()  # it is a client of ours
        case ("crates", "dl", _, _, _):
            await outspoken(request, work, OF_FILES, listener)
        case ("crates", *_):
            await outspoken(request, work, OF_INDEX, listener)
        case _:
            await work()
