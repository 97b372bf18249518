"""A server with tokens, over a store in memory."""

from __future__ import annotations

from base64 import b64encode

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.tokens import Token, Tokens, digest_of, token_text
from reqpi.shelf.runs import Runs
from reqpi.web.http.site import BoundedSite
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.routes import Root
from tests.web.case import WatchedSite, WebCase
from tests.web.wire import Reply

__all__ = ["TokensCase", "basic", "text_of"]

SCOPES = {
    "reader": {AccessScope.READ},
    "committer": {AccessScope.READ, AccessScope.COMMIT},
    "holder": {AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD},
    "learner": {AccessScope.LEARN},
    "nothing": set[AccessScope](),
}
"""The tokens, by name."""


def text_of(name: str) -> str:
    """The token of this name."""
    return token_text(name, "s" * 43)


def token(name: str) -> Token:
    """What the server knows of it."""
    return Token(name, digest_of(text_of(name)), frozenset(SCOPES[name]))


def basic(password: str, user: str = "__token__") -> str:
    """An ``Authorization``."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


class TokensCase(WebCase):
    """The server of :class:`WebCase`, with a token for each scope."""

    anonymous = "none"
    """What a client without a token may do."""

    site: BoundedSite

    def made_root(self) -> Root:
        self.access = TokenAccess(Tokens(map(token, SCOPES)), self.anonymous, self.clock.seconds)
        runs = Runs(self.store, self.clock, "tests")
        return Root(self.services(), self.base, self.ready_answers, access=self.access, runs=runs)

    def make_site(self, *args: object) -> WatchedSite:  # type: ignore[override]
        return WatchedSite(*args, clients=self.access)

    async def as_client(self, name: str, path: str, method: str = "GET", body: bytes | None = None) -> Reply:
        """Ask with a token."""
        return await self.ask(path, method, body, Authorization=basic(text_of(name)))

    def revoke(self, name: str) -> None:
        """Remove a token, as a changed file does."""
        self.access.tokens = Tokens(token(each) for each in SCOPES if each != name)
        self.site.clients_changed()
