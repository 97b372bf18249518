"""The answers of the proxy: the files and pages that original URLs name, from the shelf that has the address too."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, frozen
from packaging.version import Version
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from reqpi.core import simple
from reqpi.core.crates.model import Crate
from reqpi.core.errors import NotAdmitted, NotServed, ReqPIError
from reqpi.core.model import Commitment, File, Git, Page, Pin
from reqpi.core.original_urls import FileUrl, IndexUrl, Originals, ReleaseUrl, RepositoryUrl, SourceUrl, source_on
from reqpi.core.release_json import release_json, wheel_of
from reqpi.runtime.offload import RENDERED_LINKS, in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf
from reqpi.web.http import problems
from reqpi.web.http.answers import answer_with, send_representation
from reqpi.web.http.authority import is_host, named_host, split_target
from reqpi.web.http.bounded_request import BoundedRequest
from reqpi.web.http.file_body import send_file
from reqpi.web.http.headers import all_of, header, listed
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.http.problems import MISDIRECTED, NOT_OFFERED, PROXY_LOGIN_REQUIRED, Problem
from reqpi.web.http.representation import COMMON, SERVER, Representation
from reqpi.web.http.sent import how_sent
from reqpi.web.proxy.connect import REFUSED, ConnectHead
from reqpi.web.proxy.crates import OriginalCrates
from reqpi.web.proxy.events import RefusedRequest, Report, TakenCrate, TakenThing

__all__ = ["OriginalsResource", "ProxyRequest"]


class ProxyRequest(BoundedRequest):
    """A request that remembers the target that its client sent."""

    target = b""

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Process the request, once its body is complete."""
        self.target = path
        super().requestReceived(command, path, version)


class _NotInLock(NotServed):
    """No part of the lock answers the request."""


class _GitRefused(NotServed):
    """The lock has a commit of the repository, which is served as an archive alone."""


class OriginalsResource(Resource):
    """Everything that a child asks its proxy for.

    :param address: of the one lock.
    :param only: the child.
    :param default_indexes: the URLs that mean the default index.
    :param crates: those of the lock, for cargo.
    """

    isLeaf = True

    def __init__(
        self,
        shelf: Shelf,
        address: str,
        only: OnlyClient,
        report: Report,
        *,
        default_indexes: tuple[str, ...],
        crates: OriginalCrates,
    ) -> None:
        super().__init__()
        self._shelf = shelf
        self._address = address
        self._only = only
        self._report = report
        self._default_indexes = default_indexes
        self._crates = crates
        self._originals: Originals | None = None
        self._preparing: SingleFlight[Originals] = SingleFlight()

    def render(self, request: Any) -> Any:
        """Answer a request."""
        request.setHeader("Server", SERVER)
        request.setHeader("Date", request.site.date(request.site.clock.seconds()))
        for name, value in COMMON:
            request.setHeader(name, value)
        tunnel: ConnectHead | None = request.channel.tunnel
        if tunnel is None and not self._only.is_client(header(request, "Proxy-Authorization")):
            challenge = {"Proxy-Authenticate": 'Basic realm="reqpi"'}
            return self._send(request, Problem(PROXY_LOGIN_REQUIRED, "this proxy has one client", headers=challenge))
        url = _url_in(request, tunnel) if tunnel is not None else _url_of(request)
        if isinstance(url, Problem):
            return self._refuse(request, f"https://{tunnel.authority}/" if tunnel else "", url)
        if request.method not in (b"GET", b"HEAD"):
            problem = _refusal(url, f"It can be read, not changed: {request.method.decode('latin-1')[:20]} is refused.")
            return self._refuse(request, url, problem)
        return answer_with(request, partial(self._answer, request, url))

    def _refuse(self, request: Request, url: str, problem: Problem) -> int:
        self.note(request, url, problem.title)
        return self._send(request, problem)

    def _send(self, request: Request, problem: Problem) -> int:
        request.setHeader(REFUSED, problem.reason.decode("ascii"))
        request.write(problems.send(request, problem))
        request.finish()
        return NOT_DONE_YET

    def note(self, request: Request, url: str, reason: str, project: str = "") -> None:
        """Report a request that is refused."""
        host = urlsplit(url).hostname or "an invalid URL"
        self._report(RefusedRequest(host, url, header(request, "User-Agent")[:300], reason, project))

    async def _answer(self, request: Request, url: str) -> None:
        try:
            await self._answer_original(request, url)
        except _NotInLock as error:
            self.note(request, url, error.title)
            request.write(_sent(request, _refusal(url, error.detail)))
        except _GitRefused as error:
            self.note(request, url, error.title)
            request.write(_in_words(request, Problem(NOT_OFFERED, error.title, error.detail)))
        except (NotAdmitted, NotServed) as error:
            self.note(request, url, error.title, url.rpartition("/")[2] if isinstance(error, NotAdmitted) else "")
            request.setHeader(REFUSED, problems.problem_of(error).reason.decode("ascii"))
            raise

    async def _answer_original(self, request: Request, url: str) -> None:
        """Answer with what the URL is to the lock.

        :raises reqpi.core.errors.ReqPIError: the lock does not have it, or it cannot be obtained.
        """
        commitment = await self._shelf.commitment(self._address)
        originals = await self._originals_of(commitment)
        match originals.meaning(url):
            case IndexUrl(""):
                projects = tuple(commitment.lock.projects)
                await self._rendered(request, len(projects), partial(_listing, projects))
            case IndexUrl(project):
                await self._page(request, commitment, url, project)
            case ReleaseUrl(project, version):
                await self._release(request, commitment, url, project, version)
            case FileUrl() as file:
                await self._listed_file(request, commitment, url, file, originals)
            case SourceUrl(pin, metadata):
                file_of_source = await self._source(commitment, pin)
                await self._file(request, commitment, url, file_of_source, metadata=metadata)
            case RepositoryUrl(pin):
                found = await self._source(commitment, pin)
                raise _GitRefused(
                    f"git is not served: take {found.filename}",
                    f"Lock {commitment.short} has one commit of this repository, as an archive in its index: "
                    f"${{PIP_INDEX_URL}}{pin.project}/{found.filename}",
                )
            case None:
                if await self._crates.answer(request, commitment, url, _OfCrates(self, request, url)):
                    return
                raise _NotInLock("not in this lock", f"Nothing at this URL is in lock {commitment.short}.")

    async def _originals_of(self, commitment: Commitment) -> Originals:
        if self._originals is None or self._originals.lock is not commitment.lock:
            self._originals = await self._preparing.do(commitment.address, partial(self._prepared, commitment))
        return self._originals

    async def _prepared(self, commitment: Commitment) -> Originals:
        """Return the original URLs of the lock. Reading them from a large document takes a tenth of a second."""
        originals = Originals(commitment.lock, self._default_indexes)
        await in_thread(originals.prepare)
        return originals

    async def _page(self, request: Request, commitment: Commitment, url: str, project: str) -> None:
        page = await self._shelf.page(commitment, project)
        shown = evolve(page, files=tuple(file for file in page.files if not isinstance(file.source, Git)))
        await self._rendered(request, len(page.files), partial(_page, shown), TakenThing("page", url, page.project))

    async def _release(self, request: Request, commitment: Commitment, url: str, project: str, text: str) -> None:
        """Answer with the facts of a release.

        :raises reqpi.core.errors.NotServed: the lock pins no such version.
        """
        page = await self._shelf.page(commitment, project)
        version = _version_on(page, text)
        if version is None:
            raise _NotInLock("not in this lock", f"Lock {commitment.short} pins another version of {page.project}.")
        wheel = wheel_of(page, version)
        described = wheel is not None and await self._shelf.metadata(commitment, page.project, wheel.filename)
        body = await RENDERED_LINKS.run(len(page.files), release_json, page, version, described or None)
        self.follow(request, TakenThing("facts", url, page.project, size=len(body)))
        request.write(send_representation(request, Representation(body, "application/json", page=True)))

    async def _rendered(self, request: Request, many: int, render: Any, thing: TakenThing | None = None) -> None:
        """Send a page in the format that the client prefers.

        :param thing: is reported with the length of the page.
        """
        content_type = simple.choose(listed(request, "Accept"))
        body = await RENDERED_LINKS.run(many, render, content_type)
        if thing is not None:
            self.follow(request, evolve(thing, size=len(body)))
        charset = "; charset=utf-8" if content_type == simple.HTML else ""
        request.write(send_representation(request, Representation(body, content_type + charset, page=True)))

    async def _listed_file(
        self, request: Request, commitment: Commitment, url: str, asked: FileUrl, originals: Originals
    ) -> None:
        """Answer with a file of an index.

        :raises reqpi.core.errors.NotAdmitted: the lock pins the project, but does not admit the file.
        """
        elsewhere = False
        for project in asked.projects:
            page = await self._shelf.page(commitment, project)
            file = originals.file_on(asked, page)
            if file is not None:
                await self._file(request, commitment, url, file, metadata=asked.metadata)
                return
            elsewhere |= asked.filename in page.by_filename
        if elsewhere:
            detail = f"Lock {commitment.short} has {asked.filename}, but not from this URL."
            raise _NotInLock("not in this lock", detail)
        await self._shelf.file(commitment, asked.projects[0], asked.filename)

    async def _source(self, commitment: Commitment, pin: Pin) -> File:
        """Return the file of a source.

        :raises reqpi.core.errors.NotServed: the page of the project was frozen without it.
        """
        found = source_on(pin, await self._shelf.page(commitment, pin.project))
        if found is None:
            raise NotServed(f"the source of {pin.project} is not here", "Its page was frozen without it.")
        return found

    async def _file(self, request: Request, commitment: Commitment, url: str, file: File, *, metadata: bool) -> None:
        if metadata:
            data = await self._shelf.metadata(commitment, file.project, file.filename)
            self.follow(request, TakenThing("metadata", url, file.project, file.filename, size=len(data)))
            request.write(send_representation(request, Representation(data, "application/octet-stream")))
            return
        found = await self._shelf.file(commitment, file.project, file.filename)
        sha256 = str(found.file.sha256)
        self.follow(request, TakenThing("file", url, file.project, file.filename, sha256, found.size))
        await send_file(request, found.size, f'"{sha256}"', found.read, local=found.local, growing=found.growing)

    def follow(self, request: Request, thing: TakenThing | TakenCrate) -> None:
        """Report a thing once it has been sent, or a part of it once the client is gone."""
        if request.method == b"GET":
            ended = request.notifyFinish()
            ended.addCallbacks(
                lambda _: self._sent(request, thing, whole=True), lambda _: self._sent(request, thing, whole=False)
            )

    def _sent(self, request: Request, thing: TakenThing | TakenCrate, *, whole: bool) -> None:
        how = how_sent(request.code, whole=whole) if request.startedWriting else None
        if how is not None:
            self._report(evolve(thing, how=how))


@frozen
class _OfCrates:
    """The listener for crates of one request: a :class:`~reqpi.web.crate_answers.CrateListener`."""

    resource: OriginalsResource
    request: Request
    url: str

    async def crate(self, crate: Crate, size: int) -> None:
        """Follow a crate."""
        self.resource.follow(self.request, TakenCrate(crate, self.url, size))

    async def crate_refused(self, error: ReqPIError) -> None:
        """Report a refusal."""
        named = isinstance(error, NotAdmitted)
        self.resource.note(self.request, self.url, error.title, self.url.rpartition("/")[2] if named else "")
        self.request.setHeader(REFUSED, problems.problem_of(error).reason.decode("ascii"))


def _url_in(request: ProxyRequest, tunnel: ConnectHead) -> str | Problem:
    """Return the URL of a request inside a tunnel. All names that it gives for its host must be the same."""
    transport: Any = request.transport
    named = transport.getHandle().get_servername() or b""
    hosts = all_of(request, "Host")
    same = len(hosts) == 1 and tunnel.is_to(hosts[0])
    if not same or (named and named_host(named.decode("latin-1")) != tunnel.host):
        return Problem(MISDIRECTED, "CONNECT, TLS and Host name different hosts")
    if not request.target.startswith(b"/"):
        return Problem(MISDIRECTED, "a request inside a tunnel needs a path")
    return f"https://{tunnel.authority}{request.target.decode('latin-1')}"


def _url_of(request: ProxyRequest) -> str | Problem:
    """Return the URL of a request that names all of it."""
    absolute = split_target(request.target)
    if absolute is None or not is_host(absolute[0].decode("latin-1")):
        return Problem(problems.BAD_PATH, "a proxy needs a whole URL")
    return request.target.decode("latin-1")


def _refusal(url: str, detail: str) -> Problem:
    return Problem(NOT_OFFERED, f"{urlsplit(url).hostname}: not in this lock", detail)


def _sent(request: Request, problem: Problem) -> bytes:
    request.setHeader(REFUSED, problem.reason.decode("ascii"))
    return problems.send(request, problem)


def _in_words(request: Request, problem: Problem) -> bytes:
    """Set the head of a response in plain text, and return its body: git shows the user no other."""
    _sent(request, problem)
    body = f"{problem.title}\n{problem.detail}\n".encode()
    request.setHeader("Content-Type", "text/plain; charset=utf-8")
    request.setHeader("Content-Length", str(len(body)))
    return body


def _page(page: Page, content_type: str) -> bytes:
    render = simple.page_json if content_type == simple.V1_JSON else simple.page_html
    return render(page, prefix=None)


def _version_on(page: Page, text: str) -> Version | None:
    """Return the version on a page that ``text`` names, or the newest one if it is empty; ``None`` if it has none."""
    versions = [Version(each) for each in page.versions]
    try:
        return next(each for each in versions if each == Version(text)) if text else max(versions)
    except (ValueError, StopIteration):
        return None


def _listing(projects: tuple[Any, ...], content_type: str) -> bytes:
    return (simple.index_json if content_type == simple.V1_JSON else simple.index_html)(projects)
