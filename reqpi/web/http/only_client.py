"""The one client of a server inside a command: the one that has its password, only for what the command is about.

Everyone on the machine can connect to loopback. The password is in the environment of the child process, which other
users cannot read.
"""

from __future__ import annotations

from base64 import b64encode
from hmac import compare_digest

from attrs import field, frozen

from reqpi.core.access.clients import ANONYMOUS, EVERYTHING, Client

__all__ = ["LOGIN", "OnlyClient"]

LOGIN = "reqpi"


@frozen
class OnlyClient:
    """The access to a server inside a command: an :class:`~reqpi.web.http.access.Access`.

    :param password: of the user :data:`LOGIN`, in characters that a URL can have as they are.
    :param address: the only lock that can be committed and read; empty: no lock can; ``None``: any lock can.
    :param operates: it is an operator.
    """

    password: str = field(repr=False)
    address: str | None = None
    operates: bool = False

    @property
    def advice(self) -> str:
        """See :class:`~reqpi.web.http.access.Access`."""
        return "The server belongs to a command that runs on this machine, whose child processes have the password."

    def client_of(self, authorization: str) -> Client | None:
        """See :class:`~reqpi.web.http.access.Access`."""
        scopes = EVERYTHING if self.operates else ANONYMOUS["all"]
        return Client(LOGIN, scopes) if self.is_client(authorization) else None

    def is_client(self, authorization: str) -> bool:
        """Return whether this ``Authorization`` has the password."""
        expected = f"Basic {b64encode(f'{LOGIN}:{self.password}'.encode()).decode()}"
        return compare_digest(authorization.encode("latin-1", "replace"), expected.encode())

    def offers(self, address: str) -> bool:
        """See :class:`~reqpi.web.http.access.Access`."""
        return self.address is None or address.lower() == self.address
