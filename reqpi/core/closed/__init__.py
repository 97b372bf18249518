"""Closed locks: every requirement of every pinned release is met by another pin.

A lock with a target is checked there. Otherwise it is checked in each common environment that it describes. A lock that
describes none was made for one environment and does not say which: it is closed if it is closed in one of the common
ones.
"""

from __future__ import annotations

from reqpi.core.closed.checked import checked
from reqpi.core.closed.checking import Checking
from reqpi.core.closed.covered import CoveredTarget, covered_targets
from reqpi.core.closed.environments import Environments, environments_for
from reqpi.core.closed.releases import LockedRelease, Requirements, releases_of, requirements_in, requirements_of
from reqpi.core.closed.report import ClosedReport, UnmetRequirement, report_on

__all__ = [
    "Checking",
    "ClosedReport",
    "CoveredTarget",
    "Environments",
    "LockedRelease",
    "Requirements",
    "UnmetRequirement",
    "checked",
    "covered_targets",
    "environments_for",
    "releases_of",
    "report_on",
    "requirements_in",
    "requirements_of",
]
