"""The crates of an address, as a sparse registry for cargo: its configuration, its index, its files.

cargo takes 404, 410 and 451 in an index to mean that there is no such crate, and says nothing about the reason. It
shows the beginning of the body of any other 4xx, and does not ask again, as it does after a 5xx. So a crate that cannot
be served, now or later, is 403 in the index and 410 among the files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from functools import partial

from attrs import evolve
from twisted.web.resource import Resource
from twisted.web.server import Request

from reqpi.core.crates.cargo_config import config_of_index
from reqpi.core.crates.index import index_path
from reqpi.core.errors import NotServed, ReqPIError, UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.shelf import Shelf
from reqpi.web.crate_commits import send_commit
from reqpi.web.http import problems
from reqpi.web.http.answers import answer_with, send_representation
from reqpi.web.http.file_body import send_elsewhere, send_file
from reqpi.web.http.representation import Representation
from reqpi.web.public_url import PublicUrl

__all__ = ["CratesResource"]

_ROOTS = ("crates", "cargo")
"""The first segments below an address that lead here."""

_NO_CACHE = "no-cache"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,256}")
_FILE = re.compile(r"([0-9a-f]{64})\.crate")

_NO_BODY_SHOWN = (404, 410)
"""The statuses after which cargo does not show what it was told."""


class CratesResource(Resource):
    """``/<address>/crates/`` and ``/<address>/cargo/``, with everything below them.

    :param login: cargo has to log in for each request: the server has one client, with a password.
    """

    isLeaf = True
    names: frozenset[str] = frozenset()

    def __init__(self, shelf: Shelf, crates: CratesOfLocks, base: PublicUrl, *, login: bool = False) -> None:
        super().__init__()
        self._shelf = shelf
        self._crates = crates
        self._base = base
        self._login = login

    @staticmethod
    def takes(segments: list[str]) -> bool:
        """Return whether a path leads here.

        :param segments: of the path, with the address first.
        """
        return len(segments) > 2 and segments[1] in _ROOTS

    def answer(self, request: Request, segments: list[str]) -> int:
        """Answer the path, whose first segment is the address."""
        return answer_with(request, partial(self._answer, request, *segments))

    async def _answer(self, request: Request, address: str, root: str, *rest: str) -> None:
        match (root, *rest):
            case ("cargo", "config.toml"):
                await self._cargo_config(request, await self._shelf.commitment(address))
            case ("crates", "dl", name, version, filename):
                await self._outspoken(request, partial(self._file, request, address, name, version, filename), 410)
            case ("crates", "git", *path) if path:
                await send_commit(request, self._crates.commits, await self._shelf.commitment(address), path)
            case ("crates", "registry", key, *path) if path:
                await self._outspoken(request, partial(self._registry, request, address, key, path), 403)
            case ("crates", *path):
                await self._outspoken(request, partial(self._registry, request, address, "", path), 403)
            case _:
                raise _no_such_path()

    @staticmethod
    async def _outspoken(request: Request, work: Callable[[], Awaitable[None]], status: int) -> None:
        """Answer a request of cargo, with an error that cargo shows at once if asking again is of no use.

        :param status: of such an error.
        """
        try:
            await work()
        except ReqPIError as error:
            problem = problems.problem_of(error)
            if problem.status not in _NO_BODY_SHOWN and not (isinstance(error, UpstreamTrouble) and error.final):
                raise
            request.write(problems.send(request, evolve(problem, status=status, headers={})))

    async def _registry(self, request: Request, address: str, key: str, path: list[str]) -> None:
        """Answer a path of an index."""
        commitment = await self._shelf.commitment(address)
        if path == ["config.json"]:
            self._config(request, commitment)
        else:
            await self._index(request, commitment, key, path)

    def _config(self, request: Request, commitment: Commitment) -> None:
        place = f"{self._base.of(request)}/{commitment.address}/crates/dl"
        # A client that logs in here, perhaps at a proxy in front, has to be told to log in for crates too.
        login = self._login or request.requestHeaders.hasHeader("Authorization")
        config = {"dl": f"{place}/{{crate}}/{{version}}/{{sha256-checksum}}.crate", "auth-required": login}
        self._send(request, json.dumps(config).encode() + b"\n", "application/json")

    async def _index(self, request: Request, commitment: Commitment, key: str, path: list[str]) -> None:
        name = path[-1]
        if not _NAME.fullmatch(name) or index_path(name) != "/".join(path):
            raise _no_such_path()
        self._send(request, await self._crates.index(commitment, key, "/".join(path)), "text/plain; charset=utf-8")

    async def _file(self, request: Request, address: str, name: str, version: str, filename: str) -> None:
        """Send a crate, if a Cargo.lock admits it."""
        commitment = await self._shelf.commitment(address)
        named = _FILE.fullmatch(filename)
        if named is None or not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise _no_such_path()
        response = await self._crates.file(commitment, name, version, named[1])
        elsewhere = await response.link() if response.link is not None and request.method == b"GET" else None
        if elsewhere is not None:
            send_elsewhere(request, elsewhere)
            return
        await send_file(request, response.size, f'"{named[1]}"', response.read, local=response.local)

    async def _cargo_config(self, request: Request, commitment: Commitment) -> None:
        """Send the configuration that makes cargo take all crates from here, as far as registries are known."""
        here = f"{self._base.of(request)}/{commitment.address}/crates"
        body = config_of_index(f"{here}/", await self._crates.registries(commitment))
        self._send(request, body, "application/toml")

    def _send(self, request: Request, body: bytes, content_type: str) -> None:
        """Send what may be more the next time: another sdist was fetched, or the server has another URL."""
        request.write(send_representation(request, Representation(body, content_type, caching=_NO_CACHE)))


def _no_such_path() -> NotServed:
    return NotServed("no such path", "cargo requests config.json, the index files, and dl/<crate>/<version>/<file>.")
