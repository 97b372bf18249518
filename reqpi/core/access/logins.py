"""Which logins of the server may be used for a client, where no project is asked for: for crates, and in a hold."""

from __future__ import annotations

from attrs import frozen

__all__ = ["EVERY_LOGIN", "NO_LOGIN", "UsableLogins"]


@frozen
class UsableLogins:
    """The upstreams whose logins may be used.

    :param names: as :attr:`reqpi.core.access.clients.Client.upstreams`; ``None``: those of all upstreams.
    """

    names: frozenset[str] | None = None

    def cover(self, name: str) -> bool:
        """Return whether the login for the upstream of this name may be used."""
        return self.names is None or name in self.names

    def __or__(self, other: UsableLogins) -> UsableLogins:
        """Return the logins of two clients that want the same."""
        return EVERY_LOGIN if self.names is None or other.names is None else UsableLogins(self.names | other.names)


EVERY_LOGIN = UsableLogins()

NO_LOGIN = UsableLogins(frozenset())
