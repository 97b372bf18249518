"""The check of a lock in several environments, and the report on it."""

from __future__ import annotations

from collections.abc import Mapping

from reqpi.core.build_requirements import BuildReport
from reqpi.core.closed.checking import Checking
from reqpi.core.closed.environments import Environments
from reqpi.core.closed.releases import LockedRelease, Requirements
from reqpi.core.closed.report import ClosedReport, report_on

__all__ = ["checked"]

_TOO_MUCH = "the lock takes too much work to be checked completely: specify one platform and one Python version"


def checked(
    checking: Checking,
    environments: Environments,
    requires: Mapping[LockedRelease, Requirements],
    building: BuildReport,
) -> ClosedReport:
    """Check a lock in its environments; of the common ones, one in which it is closed suffices.

    :param requires: the requirements of the releases, as far as they are known.
    """
    found = []
    for environment in environments.each:
        found.append((environment.name, checking.unmet_in(environment, requires)))
        if checking.exhausted or (environments.basis == "common" and not found[-1][1]):
            break
    unknown = [f"{release.name()}: {text}" for release, known in requires.items() for text in known.unknown]
    troubles = [known.trouble for known in requires.values() if known.trouble]
    troubles += [*building.troubles, *([_TOO_MUCH] if checking.exhausted else [])]
    troubles += [f"{one.file.filename}: {one.trouble}" for one in building.sdists if one.trouble and one.must_be_built]
    return report_on(environments.basis, found, building, unknown=[*unknown, *checking.unknown], troubles=troubles)
