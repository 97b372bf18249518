"""The part of an upstream that the operator's policy decides: the same with and without a network."""

from __future__ import annotations

from reqpi.core.interfaces import Indexes, UpstreamUse
from reqpi.core.model import Archive, Git, Lock, Pin
from reqpi.core.report import Defect, Note
from reqpi.upstream.allowed.policy import Policy

__all__ = ["ByPolicy"]


class ByPolicy:
    """The methods of :class:`~reqpi.core.interfaces.Upstream` that a policy answers."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def denies(self, lock: Lock) -> tuple[Defect, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.denies`."""
        return self._policy.denies(lock)

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.notes`."""
        return self._policy.notes(lock)

    def indexes_for(self, pin: Pin) -> Indexes:
        """See :meth:`reqpi.core.interfaces.Upstream.indexes_for`."""
        return self._policy.indexes_for(pin)

    def reveals(self, index: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Upstream.reveals`."""
        return self._policy.reveals(index)

    def uses(self, pin: Pin) -> tuple[UpstreamUse, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.uses`."""
        return self._policy.uses(pin)

    def allow(self, pin: Pin, source: Archive | Git) -> None:
        """See :meth:`reqpi.core.interfaces.Upstream.allow`."""
        self._policy.allow(pin, source)
