"""The operator's policy: the indexes that a lock may name, and the hosts for archives and repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from attrs import field, frozen

from reqpi.core.errors import NotAllowed
from reqpi.core.interfaces import Indexes, UpstreamUse
from reqpi.core.locks.required_digests import missing_digests
from reqpi.core.model import Archive, Git, Lock, Pin
from reqpi.core.report import NOTE, WARNING, Defect, Note
from reqpi.core.shown_urls import as_shown
from reqpi.upstream.allowed import needs
from reqpi.upstream.allowed.addresses import why_refused
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts, host_and_port
from reqpi.upstream.allowed.needs import Need, projects_of
from reqpi.upstream.allowed.own_addresses import Here, base_of
from reqpi.upstream.allowed.urls import host_of, index_key, source_flaw

__all__ = ["Policy", "sentence"]

UPSTREAM, ALLOW_HOST = "unknown-upstream", "host-not-allowed"
"""The names of the two rules, as ``docs/locks.md`` has them."""

_MOST = 1000
"""The most defects, and the most notes, for one lock."""


@frozen
class Policy:
    """The upstreams and the hosts that the operator allows.

    :param labels: the name of each upstream for messages, by :func:`~reqpi.upstream.allowed.urls.index_key`; the
        default one first.
    :param built_in: the key of the index that is built into pip, which stands for the default one: tools write it into
        a lock (uv.lock, ``pip-compile --emit-index-url``) whichever index the installer uses later.
    :param hosts: for archives and repositories.
    :param urls: the URL of each upstream, by its key.
    :param here: this server's own URLs, which stand for the default index too.
    :param local: whether the user of this server is its operator. If so, public hosts that a lock names are allowed;
        :mod:`reqpi.upstream.allowed.connect` keeps out those on private addresses.
    :param require_hashes: whether each pin of a lock must have a digest.
    :param with_login: the keys of the upstreams for which the server has a login.
    :param names: the name of each upstream in the operator's options, by its key.
    :param has_login: whether the server has a login for the URL of an archive or a repository.
    """

    labels: Mapping[str, str] = field(factory=dict)
    built_in: str | None = None
    hosts: Hosts = field(factory=Hosts)
    urls: Mapping[str, str] = field(factory=dict)
    here: Here = field(factory=Here)
    local: bool = False
    require_hashes: bool = False
    with_login: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(factory=dict)
    has_login: Callable[[str], bool] = lambda _: False

    def upstream(self, index: str) -> str | None:
        """Return the key of the upstream that a lock names; ``None`` if it is not one of them.

        :param index: the URL of the index; empty for the default one.
        """
        default = next(iter(self.labels), None)
        if not index:
            return default
        key = index_key(index)
        if key in self.labels:
            return key
        return default if key == self.built_in or self.here.has(index) else None

    def is_open(self, index: str) -> bool:
        """Return whether an index that is not one of the upstreams is asked anyway, as the user is the operator."""
        return self.local and source_flaw(index) is None and self._is_open(index) and self.upstream(index) is None

    def reveals(self, index: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Upstream.reveals`. The operator, who has the login, may know everything."""
        return self.local or self.upstream(index) not in self.with_login

    def uses(self, pin: Pin) -> tuple[UpstreamUse, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.uses`."""
        if pin.source is not None:
            return (UpstreamUse(host_of(pin.source.url), self.has_login(pin.source.url)),)
        indexes = self.indexes_for(pin)
        keys = dict.fromkeys(self.upstream(index) for index in (*indexes.named, *indexes.further))
        return tuple(UpstreamUse(self.names.get(key, key), key in self.with_login) for key in keys if key is not None)

    def indexes_for(self, pin: Pin) -> Indexes:
        """See :meth:`reqpi.core.interfaces.Upstream.indexes_for`.

        An index that is not one of the operator's upstreams is never among them, unless the user is the operator.
        """
        named = pin.indexes or ("",)
        known = tuple(index for index in named if self.upstream(index) is not None)
        if known == named or not pin.digests:
            return Indexes(named)
        others: dict[str | None, str] = {}
        for index in ("", *self.urls.values()):
            others.setdefault(self.upstream(index), index)
        for key in (None, *map(self.upstream, known)):
            others.pop(key, None)
        return Indexes(known, (*others.values(), *filter(self.is_open, named)))

    def allow(self, pin: Pin, source: Archive | Git) -> None:
        """See :meth:`reqpi.core.interfaces.Upstream.allow`."""
        wrong = self._wrong_source(source.url)
        if wrong is not None:
            raise NotAllowed(f"{pin.project} is not served: {wrong[0]}", f"{sentence(wrong[1])}.")

    def check(self, url: str) -> None:
        """Check that an archive or a repository may be taken from ``url``.

        :raises reqpi.upstream.allowed.denied.Denied: it may not.
        """
        wrong = self._wrong_source(url)
        if wrong is not None:
            raise Denied(*wrong)

    def denies(self, lock: Lock) -> tuple[Defect, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.denies`."""
        return (*self._denied(lock), *(missing_digests(lock) if self.require_hashes else ()))

    def _denied(self, lock: Lock) -> list[Defect]:
        """Return the sources and indexes that a lock may not name."""
        defects: list[Defect] = []
        seen: set[tuple[str, str]] = set()
        listed: set[tuple[str, tuple[str, ...]]] = set()
        for pin in lock.pins:
            if len(defects) >= _MOST:
                break
            if pin.source is not None:
                flaw = source_flaw(pin.source.url)
                defects += [] if flaw is None else [_defect(pin, *_flawed(pin.source.url, flaw), ALLOW_HOST)]
            elif not pin.digests and (pin.document, pin.indexes) not in listed:
                # An index is named once in a document, but listed with every pin of it.
                listed.add((pin.document, pin.indexes))
                indexes = [index for index in pin.indexes if (pin.document, index) not in seen]
                seen.update((pin.document, index) for index in indexes)
                defects += self._unknown(pin, indexes)
        return defects

    def needs(self, lock: Lock) -> tuple[Need, ...]:
        """Return the options that a lock needs in addition to those that are set."""
        return needs.needs_of(
            lock, lambda index: self.upstream(index) is not None, lambda url: self._is_allowed(url) is not False
        )

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """See :meth:`reqpi.core.interfaces.Upstream.notes`."""
        noted = [(need.pins[0], *self._noted(need)) for need in self.needs(lock)[:_MOST]]
        return tuple(
            Note(pin.line, pin.text[:200], message, pin.document, level) for pin, message, level in noted if message
        )

    def said(self) -> str:
        """Return which upstreams there are, and how to add another."""
        there_are = f"name one of them: {', '.join(self.labels.values())}; or" if self.labels else "there is none;"
        return f"{there_are} {self._add('--upstream NAME=URL')}"

    def _add(self, option: str) -> str:
        """Return the advice to add an option: to the command, or to the start of the server."""
        return f"add {option}" if self.local else f"start the server with {option}"

    def _unknown(self, pin: Pin, indexes: list[str]) -> Iterator[Defect]:
        for index in indexes:
            if self.upstream(index) is None and not self.is_open(index):
                problem = f"{as_shown(index)} is not among this server's upstreams, and {pin.project} has no digest"
                yield _defect(pin, problem, self._instead_of(index), UPSTREAM)

    def _instead_of(self, index: str) -> str:
        digests = "add digests to the pins (--generate-hashes), by which their files are found at other upstreams"
        base = base_of(index)
        if base is None:
            return f"{digests}; or {self.said()}"
        return (
            "this looks like an address of a ReqPI: leave the index out of the lock (pip-compile --no-emit-index-url); "
            f"or {digests}; or, if it is this server under another name, {self._add(f'--url {as_shown(base)}')}"
        )

    def _noted(self, need: Need) -> tuple[str, str]:
        """Return a message about a need of a lock, and its level: a warning if a client will be refused.

        The message is empty if the need is a defect, which has its own message.
        """
        projects = projects_of(need.pins)
        if need.option == needs.ALLOW_HOST:
            if all(self._wrong_source(pin.source.url) is None for pin in need.pins if pin.source):
                return f"{projects}: taken from {need.place}, as the lock names it", NOTE
            refused = f"{projects}: refused when asked for, as nothing is taken from {need.place}"
            return f"{refused}; to take it, {self._add(f'{need.option} {need.value}')}", WARNING
        if self.is_open(need.place):
            what = projects if need.decisive else f"those files of {projects} that no other upstream has"
            return f"{need.place} is asked for {what}, as the lock names it", NOTE
        if need.decisive:
            return "", NOTE
        where = ", ".join(self.labels.values()) or "no upstream"
        return (
            f"{need.place} is not contacted: the files of {projects} are looked for by their digests at {where}",
            NOTE,
        )

    def _is_allowed(self, url: str) -> bool | None:
        """Return whether the operator named the host of a source; ``None`` if its URL is not valid."""
        if source_flaw(url) is not None:
            return None
        return self.hosts.has(*host_and_port(url))

    def _is_open(self, url: str) -> bool:
        """Return whether the host of a URL was named, or may be on the public internet: not a private address.

        The address of a name is not known here: :mod:`reqpi.upstream.allowed.connect` checks it.
        """
        host, port = host_and_port(url)
        if self.hosts.has(host, port):
            return True
        is_name = host.strip(".0123456789") != "" and ":" not in host
        return host.rpartition(".")[2] != "localhost" if is_name else why_refused(host) is None

    def _wrong_source(self, url: str) -> tuple[str, str] | None:
        flaw = source_flaw(url)
        if flaw is not None:
            return _flawed(url, flaw)
        if self._is_allowed(url) or (self.local and self._is_open(url)):
            return None
        where = host_of(url)
        return f"nothing is taken from {where}", f"{self._add(f'--allow-host {where}')}, or pin a release of an index"


def sentence(text: str) -> str:
    """Return ``text`` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _flawed(url: str, flaw: str) -> tuple[str, str]:
    return f"nothing is taken from {as_shown(url)!r:.200}: {flaw}", "write an https URL without this"


def _defect(pin: Pin, problem: str, advice: str, rule: str) -> Defect:
    return Defect(pin.line, pin.text[:200], problem, advice, rule=rule, document=pin.document)
