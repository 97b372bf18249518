"""All advisories that a server knows, by the package that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from reqpi.core.advisories.evaluating import EvaluatedVersion, affects
from reqpi.core.advisories.model import ECOSYSTEMS, Advisory
from reqpi.core.advisories.ordering import LONGEST_VERSION, VERSION_RULES

__all__ = ["AdvisoryIndex"]


@frozen
class AdvisoryIndex:
    """The advisories of one or more exports.

    :param by_id: all of them, withdrawn ones too.
    """

    by_id: Mapping[str, Advisory]
    _by_package: Mapping[tuple[str, str], tuple[Advisory, ...]]

    @classmethod
    def of(cls, advisories: Iterable[Advisory]) -> AdvisoryIndex:
        """Return an index. If two documents have the same id, the one that was modified last counts."""
        by_id: dict[str, Advisory] = {}
        for advisory in advisories:
            known = by_id.get(advisory.id)
            if known is None or known.modified <= advisory.modified:
                by_id[advisory.id] = advisory
        by_package: dict[tuple[str, str], list[Advisory]] = {}
        for _, advisory in sorted(by_id.items()):
            for package in _packages(advisory):
                by_package.setdefault(package, []).append(advisory)
        return cls(by_id, {package: tuple(about) for package, about in by_package.items()})

    def __len__(self) -> int:
        """Return the number of advisories."""
        return len(self.by_id)

    def affecting(self, ecosystem: str, name: str, version: str) -> tuple[Advisory, ...]:
        """Return the advisories that affect a release, sorted by id.

        :param ecosystem: ``PyPI`` or ``crates.io``; no advisory is known about another one.
        :param name: normalized.
        :param version: as the pin spells it.
        """
        if ecosystem not in ECOSYSTEMS or len(version) > LONGEST_VERSION:
            return ()
        name = VERSION_RULES[ecosystem].name_of(name)
        about = self._by_package.get((ecosystem, name), ())
        if not about:
            return ()
        evaluated = EvaluatedVersion.of(ecosystem, version)
        return tuple(advisory for advisory in about if affects(advisory, ecosystem, name, evaluated))

    def about(self, ecosystem: str, name: str) -> tuple[Advisory, ...]:
        """Return the advisories about any release of a package, sorted by id."""
        rules = VERSION_RULES.get(ecosystem)
        return () if rules is None else self._by_package.get((ecosystem, rules.name_of(name)), ())


def _packages(advisory: Advisory) -> Iterable[tuple[str, str]]:
    """Return the packages that an advisory is about, each once."""
    return () if advisory.withdrawn else dict.fromkeys((each.ecosystem, each.name) for each in advisory.affected)
