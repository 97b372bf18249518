r"""Every route of the server.

::

    GET   /                                          the front page, for people
    GET   /login                                     the page on which a person logs in; POST: log in, log out
    GET   /operator                                  the page of the operator; POST: deny something, revoke a denial
    GET   /livez                                     whether the server runs                  \
    GET   /readyz                                    whether it should get requests             } reqpi.web.health
    GET   /version                                   its version                              /
    GET   /status                                    its state, for its operator
    POST  /locks                                     commit a lock
    POST  /learn                                     begin a session of record mode: an open index
    GET   /learn/<token>/                            the files that were taken from it
    DELETE /learn/<token>/                           end the session
    GET   /learn/<token>/requirements.txt            the files that were taken, as a lock
    GET   /learn/<token>/simple/<project>/           a project's files, as upstream has them  \
    GET   /learn/<token>/simple/<project>/<file>     a file; and its core metadata: .metadata / reqpi.web.learning
    POST  /<address>/runs                            begin a run: the index of the address, with a receipt
    DELETE /runs/<token>/                            end the run
    GET   /runs/<token>/receipt                      what was taken in the run
    GET   /runs/<token>/simple/                      the index of the address                 \
    GET   /runs/<token>/simple/<project>/            a project's files                         } reqpi.web.runs
    GET   /runs/<token>/simple/<project>/<file>      a file; and its core metadata: .metadata /
    GET   /runs/<token>/crates/<path>                the crates of its sdists                 \
    GET   /runs/<token>/crates/git/<key>/<commit>.json           the digest of an archive      |
    GET   /runs/<token>/crates/git/<key>/<commit>.tar.gz         an archive of crates          |
    GET   /runs/<token>/cargo/config.toml            the configuration for cargo              / reqpi.web.run_crates
    GET   /<address>/                                the overview of a lock, for people
    GET   /<address>/pins                            its pins, to search and to sort         \
    GET   /<address>/pins/<project>                  the pins of a project                    |
    GET   /<address>/pins/<project>/<file>           a file, for people                       |
    GET   /<address>/diff                            ask for another address                  |
    GET   /<address>/diff/<other>                    how another lock differs                / reqpi.web.pages.pin_pages
    POST  /<address>/hold                            begin to hold all of its files           \
    POST  /<address>/deny                            deny something that it pins               } reqpi.web.pages.actions
    POST  /<address>/revoke                          revoke a denial                          /
    GET   /<address>/lock                            the bytes that were uploaded
    GET   /<address>/lock/<path>                     one of several documents
    GET   /<address>/requirements.txt                the lock with the sha256 of every file it admits
    GET   /<address>/pylock.toml                     the same as a pylock.toml
    GET   /<address>/uv.lock                         the committed uv.lock, with its URLs under this address
    GET   /<address>/pdm.lock                        the committed pdm.lock, likewise
    GET   /<address>/files/<host>/<path>             every file that it admits, at its original path
    GET   /<address>/graph                           which of its projects requires which, for people
    GET   /<address>/files.json                      every file that it admits, with everything known about it
    GET   /<address>/env                             the variables that point clients here and nowhere else
    GET   /<address>/refused                         the requests that it did not admit
    GET   /<address>/held                            whether all its files are in the store
    GET   /<address>/wheelhouse.tar                  everything that it admits, as one archive
    GET   /<address>/sbom.cdx.json                   its SBOM, as CycloneDX
    GET   /<address>/sbom.spdx.json                  its SBOM, as SPDX
    GET   /<address>/build-requirements              the build requirements of its sdists, and those it lacks
    GET   /<address>/closed                          whether it pins everything that its releases require
    GET   /<address>/drift                           what became of the files that it pins     reqpi.web.drift
    GET   /<address>/frozen                          when and by whom pages were frozen       \
    POST  /<address>/refreeze                        freeze its pages again                   |
    POST  /<address>/forget                          remove the lock and its frozen lists     |
    GET   /denials                                   everything that the operator denies      | reqpi.web.operating
    POST  /denials                                   deny something                           |
    DELETE /denials                                  revoke a denial                          /
    GET   /<address>/osv/                            how many advisories the server has       \
    POST  /<address>/osv/v1/query                    those that affect a release              |
    POST  /<address>/osv/v1/querybatch               their ids, for many releases             | reqpi.web.osv
    GET   /<address>/osv/v1/vulns/<id>               one of them                              /
    GET   /<address>/simple/                         the index                                \
    GET   /<address>/simple/<project>/               a project's files                         } reqpi.web.index
    GET   /<address>/simple/<project>/<file>         a file; and its core metadata: .metadata |
    GET   /<address>/simple/<project>/<file>.provenance     what its index lists (PEP 740)     /
    GET   /<address>/crates/config.json              the crates of its sdists, as a registry  \
    GET   /<address>/crates/<path>                   the index of a crate                     |
    GET   /<address>/crates/dl/<crate>/<version>/<sha256>.crate          a crate              | reqpi.web.crates
    GET   /<address>/crates/git/<key>/<commit>.json              the digest of an archive     |
    GET   /<address>/crates/git/<key>/<commit>.tar.gz            an archive of crates         |
    GET   /<address>/cargo/config.toml               the configuration for cargo              /

Additional slashes, or no slash at the end, make no difference and cause no redirect: some clients send such paths, and
a redirect costs each of them a round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from functools import partial
from typing import Any

from klein import Klein, KleinRenderable
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException

from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.runs import Runs
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web import api
from reqpi.web.health import HealthResource
from reqpi.web.http import problems
from reqpi.web.http.access import Access, problem_of_client
from reqpi.web.http.answers import after, answer_with
from reqpi.web.http.authority import needs_tls, problem_of_host
from reqpi.web.http.cross_site import problem_of_page
from reqpi.web.http.feature import Feature
from reqpi.web.http.headers import header, prefers_html
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.representation import COMMON, SERVER, STRICT_TRANSPORT
from reqpi.web.index import IndexResource
from reqpi.web.learning import LearnResource
from reqpi.web.pages.actions import AddressActions
from reqpi.web.pages.address import PageSection
from reqpi.web.pages.diff_page import LookUpAdvisories
from reqpi.web.pages.people import PeopleResource
from reqpi.web.pages.pin_drift import KnownFindings
from reqpi.web.pages.pin_pages import PinPages
from reqpi.web.pages.static_files import StaticFiles
from reqpi.web.permission import FrozenPages
from reqpi.web.public_url import PublicUrl
from reqpi.web.rewritten import OriginalFiles, RewrittenLocks
from reqpi.web.route_problems import problem_of_path, problem_of_route
from reqpi.web.runs import RunsResource
from reqpi.web.sboms import SbomResource

__all__ = ["Root"]


class Routes:
    """The routes of klein: everything except the index and the archive."""

    app = Klein()

    def __init__(
        self,
        services: LockServices,
        exports: api.Exports,
        base: PublicUrl,
        learning: LearnResource,
        runs: RunsResource,
        *,
        access: Access | None = None,
        audits: bool = False,
        people: PeopleResource,
    ) -> None:
        self._access = access
        self._people = people
        self._audits = audits
        self._runs = runs
        self._learn = learning
        self._services = services
        self._shelf = services.shelf
        self._sboms = SbomResource(services.shelf, services.sboms, exports)
        self._rewritten = RewrittenLocks(services.shelf, exports, base)
        self._exports = exports
        self._base = base

    @app.route("/locks")
    async def locks(self, request: Request) -> bytes:
        """Commit a lock. The route takes any method, because GET must not be routed to an address of this name."""
        if request.method != b"POST":
            return problems.send(request, problems.not_allowed("POST"))
        if prefers_html(request):
            return await self._people.commit(request)
        return await api.commit(request, self._services, self._base.of(request), access=self._access)

    @app.route("/learn")
    async def learn(self, request: Request) -> bytes:
        """Begin a session of record mode. The route takes any method, as ``/locks`` does."""
        if request.method != b"POST":
            return problems.send(request, problems.not_allowed("POST"))
        return await self._learn.begin(request, self._base.of(request))

    @app.route("/learn/<token>", methods=["GET", "HEAD"])
    async def taken(self, request: Request, token: str) -> bytes:
        """List the files that were taken."""
        return await self._learn.taken(request, token)

    @app.route("/learn/<token>", methods=["DELETE"])
    async def end_session(self, request: Request, token: str) -> bytes:
        """End the session."""
        return await self._learn.end(request, token)

    @app.route("/learn/<token>/requirements.txt", methods=["GET", "HEAD"])
    async def taken_requirements(self, request: Request, token: str) -> bytes:
        """Serve the files that were taken, as a lock."""
        return await self._learn.requirements(request, token)

    @app.route("/<address>/runs")
    async def runs(self, request: Request, address: str) -> bytes:
        """Begin a run."""
        if request.method != b"POST":
            return problems.send(request, problems.not_allowed("POST"))
        return await self._runs.begin(request, self._base.of(request), address)

    @app.route("/runs/<token>", methods=["DELETE"])
    async def end_run(self, request: Request, token: str) -> bytes:
        """End the run."""
        return await self._runs.end(request, token)

    @app.route("/runs/<token>/receipt", methods=["GET", "HEAD"])
    async def receipt(self, request: Request, token: str) -> bytes:
        """Serve the receipt of the run."""
        return await self._runs.receipt(request, token)

    @app.route("/<address>/lock", methods=["GET", "HEAD"])
    async def lock(self, request: Request, address: str) -> bytes:
        """Serve the bytes that were uploaded."""
        return await api.lock(request, self._shelf, address)

    @app.route("/<address>/lock/<path:path>", methods=["GET", "HEAD"])
    async def document(self, request: Request, address: str, path: str) -> bytes:
        """Serve one of several documents."""
        return await api.lock(request, self._shelf, address, path)

    @app.route("/<address>/requirements.txt", methods=["GET", "HEAD"])
    async def requirements(self, request: Request, address: str) -> bytes:
        """Serve the lock with the sha256 of every file that it admits."""
        return await api.requirements(request, self._shelf, self._exports, self._base, address)

    @app.route("/<address>/pylock.toml", methods=["GET", "HEAD"])
    async def pylock(self, request: Request, address: str) -> bytes:
        """Serve the same as a pylock.toml."""
        return await api.pylock(request, self._shelf, self._exports, self._base, address)

    @app.route("/<address>/uv.lock", methods=["GET", "HEAD"])
    async def uv_lock(self, request: Request, address: str) -> bytes:
        """Serve a uv.lock with its URLs under the address."""
        return await self._rewritten.answer(request, address, "uv.lock")

    @app.route("/<address>/pdm.lock", methods=["GET", "HEAD"])
    async def pdm_lock(self, request: Request, address: str) -> bytes:
        """Serve a pdm.lock with its URLs under the address."""
        return await self._rewritten.answer(request, address, "pdm.lock")

    @app.route("/<address>/files.json", methods=["GET", "HEAD"])
    async def files(self, request: Request, address: str) -> bytes:
        """Serve every file that it admits, with everything known about it."""
        return await api.files(request, self._shelf, self._exports, address)

    @app.route("/<address>/env", methods=["GET", "HEAD"])
    async def env(self, request: Request, address: str) -> bytes:
        """Serve the environment variables that point clients here and nowhere else."""
        return await api.env(request, self._shelf, self._base, address, audits=self._audits)

    @app.route("/<address>/refused", methods=["GET", "HEAD"])
    async def refused(self, request: Request, address: str) -> bytes:
        """Serve the requests that it did not admit."""
        return await api.refused(request, self._shelf, address)

    @app.route("/<address>/held", methods=["GET", "HEAD"])
    async def held(self, request: Request, address: str) -> bytes:
        """Report whether all its files are in the store."""
        return await api.held(request, self._services, address)

    @app.route("/<address>/sbom.cdx.json", methods=["GET", "HEAD"])
    async def cyclonedx(self, request: Request, address: str) -> bytes:
        """Serve its SBOM, as CycloneDX."""
        return await self._sboms.cyclonedx(request, address)

    @app.route("/<address>/sbom.spdx.json", methods=["GET", "HEAD"])
    async def spdx(self, request: Request, address: str) -> bytes:
        """Serve its SBOM, as SPDX."""
        return await self._sboms.spdx(request, address)

    @app.route("/<address>/build-requirements", methods=["GET", "HEAD"])
    async def build_requirements(self, request: Request, address: str) -> bytes:
        """Serve the build requirements of its sdists, and those that it lacks."""
        return await api.build_requirements(request, self._services, address)

    @app.route("/<address>/closed", methods=["GET", "HEAD"])
    async def closed(self, request: Request, address: str) -> bytes:
        """Report whether it pins everything that its releases require."""
        return await api.closed(request, self._shelf, self._services.closed, address)

    @app.handle_errors(HTTPException)  # type: ignore[arg-type]  # its protocol wants an IRequest or None
    def no_route(self, request: Request, failure: Failure) -> KleinRenderable:
        """Answer a request for a path that does not exist, or does not take the method."""
        return problems.send(request, problem_of_route(failure.value))

    @app.handle_errors(Exception)  # type: ignore[arg-type]
    def failed(self, request: Request, failure: Failure) -> KleinRenderable:
        """Answer any other error. Klein does not report what happens once the client is gone."""
        return problems.respond(request, failure)


class Root(Resource):
    """The root resource: splits the path; :class:`~reqpi.web.index.IndexResource` answers everything below ``simple/``.

    :param memory: bytes for rendered pages, and as many for exports.
    :param learning: everything under ``/learn``, if the operator allows record mode.
    :param features: what else it answers, the first one first that takes a path.
    :param access: the clients of the server; ``None``: it requires no login.
    :param runs: the runs; ``None``: the server offers none.
    :param health: what it answers to any client and under any name.
    :param sections: further parts of the overview of a lock.
    :param known: returns the drift of a lock, for the table of its pins.
    :param audits: it has advisories, so that variables for audits are among those of an address.
    :param advisories: returns them, for the differences between two locks.
    """

    isLeaf = True

    def __init__(
        self,
        services: LockServices,
        base: PublicUrl,
        ready_answers: ReadyAnswers | None = None,
        memory: int = 32 << 20,
        *,
        learning: LearnResource | None = None,
        features: Sequence[Feature] = (),
        access: Access | None = None,
        runs: Runs | None = None,
        health: HealthResource | None = None,
        audits: bool = False,
        sections: Sequence[PageSection] = (),
        known: KnownFindings | None = None,
        advisories: LookUpAdvisories = lambda: None,
    ) -> None:
        super().__init__()
        ready = ready_answers or ReadyAnswers(0)
        self._index = IndexResource(services.shelf, ready, memory, services.variants)
        self._files = OriginalFiles(services.shelf, self._index)
        self._shelf = services.shelf
        self._wheelhouses = services.wheelhouses
        self._base = base
        self._access = access
        self._frozen = FrozenPages(services.shelf)
        self._learn = learning or LearnResource(None)
        self._people = PeopleResource(services, base, access, sections, audits=audits)
        pages = (PinPages(services.shelf, access, known, advisories), AddressActions(services, access), self._people)
        self._features = (*features, *pages)
        self._open = (health or HealthResource(), StaticFiles())
        self._names = frozenset[str]().union(*(feature.names for feature in self._features))
        self._runs = RunsResource(services.shelf, self._index, self._frozen, runs)
        self._with_token: dict[str, LearnResource | RunsResource] = {"learn": self._learn, "runs": self._runs}
        rest = partial(Routes, access=access, audits=audits, people=self._people)
        self._rest = rest(services, DerivedCache(memory), base, self._learn, self._runs).app.resource()

    def render(self, request: Request) -> Any:
        """Answer a request."""
        site: Any = request.site
        request.setHeader("Server", SERVER)
        request.setHeader("Date", site.date(site.clock.seconds()))
        if request.isSecure() and needs_tls(header(request, "Host")):
            request.setHeader(*STRICT_TRANSPORT)
        for name, value in COMMON:
            request.setHeader(name, value)
        request.postpath = [segment for segment in request.postpath or () if segment] or [b""]
        self._people.show_problems(request)
        for each in self._open:
            if each.takes(request.postpath):
                return each.answer(request, request.postpath)
        problem = (
            problem_of_client(request, self._access, request.postpath)
            or problem_of_host(request, site.names)
            or problem_of_page(request, self._base.of(request))
            or problem_of_path(request.postpath, self._names)
        )
        if problem is not None:
            return problems.send(request, problem)
        segments = [segment.decode("utf-8") for segment in request.postpath]
        if self._access is None or not self._frozen.concern(request, segments):
            return self._routed(request, segments)
        checked = Deferred.fromCoroutine(self._frozen.check(request, segments))
        return after(request, checked, partial(copy_context().run, self._routed, request, segments))

    def _routed(self, request: Request, segments: list[str]) -> Any:
        """Answer a request for a sound path."""
        with_token = self._with_token.get(segments[0])
        if with_token is not None and segments[2:3] == ["simple"]:
            return with_token.answer(request, segments[1], segments[3:])
        if len(segments) > 1 and segments[1] == "simple":
            return self._index.answer(request, segments[0], segments[2:])
        if len(segments) > 1 and segments[1] == "files":
            return self._files.answer(request, segments[0], segments[2:])
        feature = next((each for each in self._features if each.takes(segments)), None)
        if feature is not None:
            return feature.answer(request, segments)
        if segments[1:] == ["wheelhouse.tar"]:
            work = partial(api.wheelhouse, request, self._shelf, self._wheelhouses, segments[0])
            return answer_with(request, work)
        return self._rest.render(request)
