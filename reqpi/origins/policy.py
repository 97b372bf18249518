"""What an operator allows a lock to name: which indexes, and which hosts for archives and repositories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import field, frozen

from reqpi.errors import Defect
from reqpi.model import Lock, Pin
from reqpi.origins.hosts import Hosts, host_and_port
from reqpi.origins.reach import Forbidden
from reqpi.origins.urls import as_shown, host_of, index_key, source_flaw

__all__ = ["Policy"]

UPSTREAM, ALLOW_HOST = "unknown-upstream", "host-not-allowed"
"""The names of the two rules, as ``docs/locks.md`` has them."""

_MOST = 1000
"""Defects of a lock: nobody mends more at a time."""


@frozen
class Policy:
    """The upstreams and the hosts that there are.

    :param labels: how people call each upstream, by :func:`~reqpi.origins.urls.index_key`; the default one first.
    :param built_in: the key of the index that pip has built in, which stands for the default one: tools write it into
        a lock (uv.lock does, and ``pip-compile --emit-index-url``) whatever the installer is told later.
    :param hosts: for archives and repositories.
    """

    labels: Mapping[str, str] = field(factory=dict)
    built_in: str | None = None
    hosts: Hosts = field(factory=Hosts)

    def upstream(self, index: str) -> str | None:
        """The key of the upstream that an index of a lock is; ``None`` where it is none of them.

        :param index: its URL; empty for the default one.
        """
        default = next(iter(self.labels), None)
        if not index:
            return default
        key = index_key(index)
        if key in self.labels:
            return key
        return default if key == self.built_in else None

    def check(self, url: str) -> None:
        """Whether an archive or a repository may be taken from ``url``.

        :raises reqpi.origins.reach.Forbidden: not from there.
        """
        wrong = self._wrong_source(url)
        if wrong is not None:
            raise Forbidden(*wrong)

    def refuses(self, lock: Lock) -> tuple[Defect, ...]:
        """See :meth:`reqpi.interfaces.Origin.refuses`."""
        defects: list[Defect] = []
        seen: set[tuple[str, str]] = set()
        for pin in lock.pins:
            if len(defects) >= _MOST:
                break
            # An index is said once in a document, and by every pin of it.
            indexes = [index for index in pin.indexes if (pin.document, index) not in seen]
            seen.update((pin.document, index) for index in indexes)
            defects += [*self._indexes(pin, indexes), *self._source(pin)]
        return tuple(defects)

    def _indexes(self, pin: Pin, indexes: list[str]) -> Iterator[Defect]:
        for index in indexes:
            if self.upstream(index) is None:
                problem = f"{as_shown(index)} is not among this server's upstreams"
                yield _defect(pin, problem, self.said(), UPSTREAM)

    def said(self) -> str:
        """Which upstreams there are, and how there could be another."""
        there_are = f"name one of those: {', '.join(self.labels.values())}; or" if self.labels else "there is none;"
        return f"{there_are} let the operator add it with --upstream NAME=URL"

    def _source(self, pin: Pin) -> Iterator[Defect]:
        wrong = None if pin.source is None else self._wrong_source(pin.source.url)
        if wrong is not None:
            yield _defect(pin, *wrong, ALLOW_HOST)

    def _wrong_source(self, url: str) -> tuple[str, str] | None:
        flaw = source_flaw(url)
        if flaw is not None:
            return f"nothing is taken from {as_shown(url)!r:.200}: {flaw}", "write an https URL without any of that"
        host, port = host_and_port(url)
        if self.hosts.has(host, port):
            return None
        where = host_of(url)
        return (
            f"archives and repositories are not taken from {where}",
            f"pin a release of an index; or let the operator allow the host with --allow-host {where}",
        )


def _defect(pin: Pin, problem: str, advice: str, rule: str) -> Defect:
    return Defect(pin.line, pin.text[:200], problem, advice, rule=rule, document=pin.document)
