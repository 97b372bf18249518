"""Facts about a release, or about one file of it: the input of a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from attrs import frozen

from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.model import File
from reqpi.core.policy.model import ATTESTATIONS, GONE, MALWARE, MIN_AGE, VULNERABLE, YANKED

__all__ = [
    "AdvisedFact",
    "Fact",
    "Release",
    "ReleaseAdvisories",
    "facts_of_file",
    "facts_of_release",
    "gone",
]

_CRATE = "crate:"
_LONGEST = 150


class AdvisedFact(Protocol):
    """An advisory, as far as a policy reads it."""

    @property
    def id(self) -> str:
        """The id."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other ids of the same."""

    @property
    def summary(self) -> str:
        """One line, from outside."""

    @property
    def malware(self) -> bool:
        """Whether the release itself is malicious."""


class ReleaseAdvisories(Protocol):
    """An index of advisories."""

    def affecting(self, ecosystem: str, name: str, version: str) -> Iterable[AdvisedFact]:
        """Return those that affect a release.

        :param name: normalized.
        :param version: as the pin spells it.
        """


@frozen(order=True)
class Release:
    """One release.

    :param project: the name of a project, or ``crate:NAME``, as :func:`reqpi.core.denials.read_denied` spells them.
    """

    project: str
    version: str


@frozen
class Fact:
    """One fact.

    :param rule: the rule that it is about.
    :param text: what is so, for people; it may come from outside.
    :param ids: of an advisory, its id first.
    :param sha256: of the only file that it is about; empty: it is about the release.
    :param filename: likewise.
    :param uploaded: for the rule ``min-age``.
    :param publishers: for the rule ``require-attestations``: the members of each whose attestation was verified.
    """

    rule: str
    release: Release
    text: str = ""
    ids: tuple[str, ...] = ()
    sha256: str = ""
    filename: str = ""
    uploaded: datetime | None = None
    publishers: tuple[Mapping[str, str], ...] = ()


def facts_of_release(advisories: ReleaseAdvisories, release: Release) -> Iterator[Fact]:
    """Yield what advisories say about a release."""
    crate = release.project.startswith(_CRATE)
    name = release.project.removeprefix(_CRATE)
    for found in advisories.affecting(CRATES if crate else PYPI, name, release.version):
        text = f"{found.id}: {found.summary[:_LONGEST]}" if found.summary else found.id
        rule = MALWARE if found.malware else VULNERABLE
        yield Fact(rule, release, text, (found.id, *found.aliases))


def facts_of_file(file: File, publishers: Iterable[Mapping[str, str]] | None = None) -> Iterator[Fact]:
    """Yield what the page of an index says about a file.

    :param publishers: the members of each publisher whose attestation was verified; ``None``: that is not known.
    """
    release, sha256, name = Release(str(file.project), str(file.version)), str(file.sha256 or ""), file.filename
    if file.yanked is not None:
        reason = "" if file.yanked is True else file.yanked[:_LONGEST]
        yield Fact(YANKED, release, f"{name} was yanked{f': {reason}' if reason else ''}", (), sha256, name)
    if file.upload_time is not None:
        yield Fact(MIN_AGE, release, name, (), sha256, name, uploaded=_time(file.upload_time))
    if publishers is not None:
        yield Fact(ATTESTATIONS, release, name, (), sha256, name, publishers=tuple(publishers))


def gone(release: Release, why: str) -> Fact:
    """Return the fact that an index no longer has a release."""
    return Fact(GONE, release, f"gone: {why}")


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
