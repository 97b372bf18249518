"""Advisories and policies of the tests, as literals."""

from __future__ import annotations

from attrs import frozen

from reqpi.core.policy.facts import Release
from reqpi.core.policy.file import read_policy
from reqpi.core.policy.model import ReleasePolicy
from reqpi.core.policy.options import read_min_age, read_refusals

__all__ = ["FLAWED", "MALICIOUS", "SIX", "KnownAdvisory", "ListedAdvisories", "a_policy"]

SIX = Release("six", "1.0")


@frozen
class KnownAdvisory:
    """An advisory about one release."""

    id: str
    release: Release
    aliases: tuple[str, ...] = ()
    summary: str = "it is bad"
    malware: bool = False


class ListedAdvisories:
    """An index of advisories as a list."""

    def __init__(self, *advisories: KnownAdvisory) -> None:
        self.advisories = advisories

    def affecting(self, ecosystem: str, name: str, version: str) -> tuple[KnownAdvisory, ...]:
        crate = {"PyPI": "", "crates.io": "crate:"}[ecosystem]
        return tuple(each for each in self.advisories if each.release == Release(crate + name, version))


MALICIOUS = KnownAdvisory("MAL-2026-1", SIX, malware=True)
FLAWED = KnownAdvisory("PYSEC-2026-2", SIX, ("CVE-2026-3",))


def a_policy(*refused: str, min_age: str = "", text: str = "") -> ReleasePolicy:
    """A policy of the words of ``--refuse``, of ``--min-age``, and of a file."""
    min_ages = read_min_age(min_age) if min_age else None
    return read_policy(text.encode()).with_options(read_refusals(refused), min_ages)
