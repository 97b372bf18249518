"""The target that the filters of a command line name."""

from __future__ import annotations

import argparse

from reqpi.client import Filters
from reqpi.core.targets import BadFilter, InstallTarget

__all__ = ["target_of_filters"]


def target_of_filters(parser: argparse.ArgumentParser, filters: Filters) -> InstallTarget:
    """Return the target of :func:`reqpi.cli.inputs.waiting.filters_of`; exit with a usage error if one is invalid."""
    values: dict[str, list[str]] = {}
    for name, value in filters:
        values.setdefault(name, []).append(value)
    try:
        return InstallTarget.read(values)
    except BadFilter as bad:
        parser.error(str(bad))
