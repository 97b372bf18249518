"""The client that sends a request, and its scopes: what it may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from attrs import field, frozen

__all__ = ["ANONYMOUS", "BY_RULE", "EVERYTHING", "AccessScope", "Client", "anonymous_client", "name_in"]


class AccessScope(StrEnum):
    """A thing that a client may do."""

    READ = "read"
    """Read under every address that it knows."""

    COMMIT = "commit"
    """Commit a lock."""

    HOLD = "hold"
    """Have the server fetch all files of a lock."""

    LEARN = "learn"
    """Use the open index, where the operator allows it."""

    OPERATE = "operate"
    """Change what the server serves to others."""


EVERYTHING = frozenset(AccessScope)

ANONYMOUS: Mapping[str, frozenset[AccessScope]] = {
    "all": EVERYTHING - {AccessScope.OPERATE},
    "read": frozenset({AccessScope.READ}),
    "commit": frozenset({AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD}),
    "none": frozenset(),
}
"""The scopes of a client without a token, by the value of ``--anonymous``."""


BY_RULE = " oidc:"
"""In the account of a client with a signed token, between the name and what identifies its rule. No token has it."""


@frozen
class Client:
    """A client, as far as its login identifies it.

    :param name: of its token; empty for a client without one.
    :param upstreams: the names of the upstreams that its locks may use, where the default one has the name ``default``,
        and a registry of crates the prefix ``crates:``; ``None``: all of them.
    :param projects: the normalized names of the projects that its locks may pin; ``None``: all of them.
    :param issuer: of a signed token, whose subject is the name; empty for any other client.
    :param account: the text under which the client is counted and charged. Different clients have different ones; by
        default it is the name.
    """

    name: str = ""
    scopes: frozenset[AccessScope] = EVERYTHING
    upstreams: frozenset[str] | None = field(default=None, kw_only=True)
    projects: frozenset[str] | None = field(default=None, kw_only=True)
    issuer: str = field(default="", kw_only=True)
    account: str = field(kw_only=True)

    @account.default
    def _account(self) -> str:
        return self.name

    def may(self, scope: AccessScope) -> bool:
        """Return whether the client has a scope."""
        return scope in self.scopes

    def is_denied(self, project: str, upstreams: Iterable[str]) -> str:
        """Return which limit keeps a lock of this client from taking a project from some upstreams; empty if none does.

        :param project: its normalized name.
        :param upstreams: the names of all upstreams that may be asked for it.
        """
        if self.projects is not None and project not in self.projects:
            return f"the project {project}"
        denied = () if self.upstreams is None else sorted(set(upstreams) - self.upstreams)
        return f"the upstream {denied[0]}" if denied else ""

    def may_know(self, project: str, upstreams: Iterable[str]) -> bool:
        """Return whether the client may be told what upstreams with a login have of a project.

        It has to be logged in itself, and to be one that may commit a lock which takes the project from them.
        """
        return bool(self.name) and self.may(AccessScope.COMMIT) and not self.is_denied(project, upstreams)

    @property
    def is_limited(self) -> bool:
        """Whether some upstreams or projects are not for it."""
        return self.upstreams is not None or self.projects is not None


def name_in(account: str) -> str:
    """Return the name of the client that has an account."""
    return account.rpartition(BY_RULE)[0] or account


def anonymous_client(allowed: str) -> Client:
    """Return the client without a token.

    :param allowed: one of :data:`ANONYMOUS`.
    """
    return Client(scopes=ANONYMOUS[allowed])
