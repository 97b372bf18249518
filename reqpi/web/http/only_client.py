"""The one client of a server inside a command: the one that has its password, only for what the command is about.

Everyone on the machine can connect to loopback. The password is in the environment of the child process, which other
users cannot read.
"""

from __future__ import annotations

from base64 import b64encode
from hmac import compare_digest

from attrs import field, frozen
from twisted.web.server import Request

from reqpi.web.http.headers import header
from reqpi.web.http.problems import LOGIN_REQUIRED, NOT_OFFERED, Problem

__all__ = ["LOGIN", "OnlyClient", "not_offered", "problem_of_client"]

LOGIN = "reqpi"

_OPEN = ("", "locks", "learn")
"""First segments of a path that belong to no lock."""


@frozen
class OnlyClient:
    """The access to a server inside a command.

    :param password: of the user :data:`LOGIN`, in characters that a URL can have as they are.
    :param address: the only lock that can be committed and read; empty: no lock can; ``None``: any lock can.
    """

    password: str = field(repr=False)
    address: str | None = None

    def is_client(self, authorization: str) -> bool:
        """Return whether this ``Authorization`` has the password."""
        expected = f"Basic {b64encode(f'{LOGIN}:{self.password}'.encode()).decode()}"
        return compare_digest(authorization.encode("latin-1", "replace"), expected.encode())

    def offers(self, address: str) -> bool:
        """Return whether the lock at this address can be committed and read."""
        return self.address is None or address.lower() == self.address


def problem_of_client(request: Request, only: OnlyClient | None) -> Problem | None:
    """Return the problem with the client of a request, or with the lock that its path is below."""
    if only is None:
        return None
    if not only.is_client(header(request, "Authorization")):
        challenge = {"WWW-Authenticate": 'Basic realm="reqpi"'}
        detail = "It belongs to a command that runs on this machine, whose child processes have the password."
        return Problem(LOGIN_REQUIRED, "this server has one client", detail, headers=challenge)
    first = next((each for each in request.path.decode("latin-1").split("/") if each), "")
    return None if first in _OPEN or only.offers(first) else not_offered()


def not_offered() -> Problem:
    """Return the problem of a lock, or a learn session, that is not the one of the command."""
    return Problem(NOT_OFFERED, "not offered here", "This server serves what its command is about, and nothing else.")
