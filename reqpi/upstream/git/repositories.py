"""Git repositories as sources of archives: ``https://host/repo@<commit>`` becomes a ``.tar.gz``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.web.iweb import IResponse

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Transfer
from reqpi.core.proxies import Proxies, url_with_login
from reqpi.core.shown_urls import as_shown
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import host_and_port
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.allowed.urls import host_of
from reqpi.upstream.git.commits import Commit, repository_name
from reqpi.upstream.git.packing import pack
from reqpi.upstream.git.program import GitLimits
from reqpi.upstream.git.repository import FetchedRepository, RepositoryPlace
from reqpi.upstream.git.work import GitWork
from reqpi.upstream.http.client import Check, HttpClient, header
from reqpi.upstream.http.tls import TlsTrust

__all__ = ["Repositories"]

_AT_ONCE = 2
"""The most commits that are fetched at a time. Each takes a thread, and up to some GiB of disk."""

_SUBMODULES = 100
"""The most submodules of a commit, including those of submodules: they can form a cycle."""

_INFO = "/info/refs?service=git-upload-pack"
_SMART = "application/x-git-upload-pack-advertisement"
"""The Content-Type of the smart protocol (gitprotocol-http(5)). The other protocol, plain files, is not supported."""

_PIECE = 1 << 18


_LIMITS = GitLimits()


class Repositories:
    """All git repositories.

    :param permit_of: returns what requests for the repository at a URL may use.
    :param check: is called before every connection, and raises for a URL that is not allowed.
    :param proxies: the proxies to use.
    """

    def __init__(
        self,
        http: HttpClient,
        permit_of: Callable[[str], Permit],
        reach: GuardedReactor,
        trust: TlsTrust,
        *,
        check: Check,
        limits: GitLimits = _LIMITS,
        proxies: Proxies = Proxies(),  # noqa: B008
    ) -> None:
        self._http = http
        self._permit_of = permit_of
        self._reach = reach
        self._trust = trust
        self._check = check
        self._proxies = proxies
        self._limits = limits
        self._turns = DeferredSemaphore(_AT_ONCE)
        self._under_way: dict[GitWork, Deferred[None]] = {}

    async def open(self, url: str) -> Transfer:
        """Return the archive of a commit.

        :param url: ``https://host/repo@<commit>``, with ``#submodules`` if they are to be included.
        :raises reqpi.core.errors.NotFound: there is no such commit.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained, or is not allowed.
        """
        commit = Commit.read(url)
        self._check(commit.url)
        await self._turns.acquire()
        try:
            work = GitWork(self._limits)
        except UpstreamTrouble:
            self._turns.release()
            raise
        self._under_way[work] = Deferred()
        try:
            return _Archive.of(await self._archive(commit, work))
        finally:
            # Not awaited: a caller that cancels this must not have to wait for the clean-up.
            work.close().addCallback(self._ended, work)

    async def close(self) -> None:
        """Stop all work in progress, and wait until it is cleaned up."""
        ended = list(self._under_way.values())
        for work in self._under_way:
            work.stopped.set()
        await gatherResults(ended)

    def _ended(self, _: None, work: GitWork) -> None:
        self._turns.release()
        self._under_way.pop(work).callback(None)

    async def _archive(self, commit: Commit, work: GitWork) -> BinaryIO:
        """Pack the archive of a commit and its submodules, from the outermost in."""
        await work.run(work.git.check)
        prefix = f"{repository_name(commit.url)}-{commit.id}/"
        waiting, archives = [(prefix, commit)], list[Path]()
        while waiting:
            if len(archives) > _SUBMODULES:
                raise UpstreamTrouble(
                    f"{commit.url} has too many submodules", f"It has more than {_SUBMODULES}.", final=True
                )
            where, each = waiting.pop()
            place = await self._place(each.url, work)
            archives.append(work.folder / f"{len(archives)}.tar")
            inside = await work.run(
                _one, FetchedRepository(work.git, archives[-1].with_suffix(".git")), place, each, where
            )
            waiting += [(f"{where}{path}/", module) for path, module in reversed(inside)]
        return await work.run(_packed, archives)

    async def _place(self, url: str, work: GitWork) -> RepositoryPlace:
        """Return where git finds the repository at ``url``: after redirects, and at addresses that were checked."""
        if "?" in url or "#" in url:
            raise UpstreamTrouble(
                f"there is no git repository at {host_of(url)}",
                f"{as_shown(url)} has a query or a fragment.",
                final=True,
            )
        # GitLab redirects to the same URL with .git at its end; a renamed repository redirects too.
        asked, permit, led = f"{url.rstrip('/')}{_INFO}", self._permit_of(url), list[str]()

        def check(place: str) -> None:
            self._check(place)
            led.append(place)

        final, response, body = await self._http.get(asked, {"Git-Protocol": "version=2"}, check, permit)
        body.dismiss()
        if not final.endswith(_INFO) or not _is_smart(response):
            raise UpstreamTrouble(
                f"there is no git repository at {host_of(url)}", f"{url} does not answer as a git server.", final=True
            )
        final = final.removesuffix(_INFO)
        host, port = host_and_port(final)
        permit = permit if all(map(permit.is_home, led)) else permit.without_login
        return RepositoryPlace(final, await self._settings(final, host, port, permit, work))

    async def _settings(self, url: str, host: str, port: int, permit: Permit, work: GitWork) -> Mapping[str, str]:
        settings = await self._way(host, port, self._reach if permit.reaches(url) else self._reach.of_strangers)
        if not self._trust.verifies(host, port):
            settings["http.sslVerify"] = "false"
        bundle = self._trust.bundle()
        if bundle:
            path = _private(work.folder / "authorities.pem", bundle)
            settings |= {"http.sslCAInfo": path, "http.proxySSLCAInfo": path}
        client = self._trust.client_for(host, port) if permit.is_home(url) else None
        if client is not None:
            path = _private(work.folder / "client.pem", client.pem)
            settings |= {"http.sslCert": path, "http.sslKey": path}
        login = permit.login_for(url)
        if login is not None:
            settings["http.extraHeader"] = f"Authorization: {login}"
        return settings

    async def _way(self, host: str, port: int, reach: GuardedReactor) -> dict[str, str]:
        """Return the settings with which git reaches a host: a proxy, or addresses that were checked."""
        proxy = self._proxies.proxy_for("https", host, port)
        if proxy is not None:
            reach.check_name(host, port)
            return {"http.proxy": url_with_login(proxy), "http.proxyAuthMethod": "basic"}
        addresses = await reach.addresses(host, port)
        if _is_address(host):
            return {}
        written = [f"[{address}]" if ":" in address else address for address in addresses]
        return {"http.curloptResolve": f"{host}:{port}:{','.join(written)}"}


@frozen
class _Archive:
    """See :class:`reqpi.core.interfaces.Transfer`."""

    size: int
    _file: BinaryIO
    start: int = 0
    etag: None = None

    @classmethod
    def of(cls, file: BinaryIO) -> _Archive:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return cls(size, file)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._file.closed and (data := self._file.read(_PIECE)):
            yield data

    def close(self) -> None:
        self._file.close()


def _one(repository: FetchedRepository, place: RepositoryPlace, commit: Commit, where: str) -> list[tuple[str, Commit]]:
    """Fetch one repository, write its archive, and return its submodules. Blocks."""
    repository.fetch(place, commit.id)
    repository.archive(commit.id, where, repository.folder.with_suffix(".tar"))
    return repository.submodules(commit) if commit.submodules else []


def _packed(archives: list[Path]) -> BinaryIO:
    """Pack archives into an open file without a name, which disappears in any case. Blocks."""
    file = TemporaryFile()  # noqa: SIM115
    try:
        pack(archives, file)
    except BaseException:
        file.close()
        raise
    return file


def _private(path: Path, data: bytes) -> str:
    """Write a file that only this user can read, and return its path."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    return str(path)


def _is_smart(response: IResponse) -> bool:
    return header(response, "Content-Type").partition(";")[0].strip().lower() == _SMART


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
