"""Fuzzing: the same inputs in each run of CI, and other ones for as long as ``REQPI_TEST_FUZZ_SECONDS`` says."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

__all__ = ["fuzz", "json_of"]

SECONDS = "REQPI_TEST_FUZZ_SECONDS"
"""The environment variable with the seconds for which each fuzz test runs, with random inputs."""

_BATCH = 500
"""Inputs between two looks at the clock."""

_TEXTS = ["\ud800", "a\nb", "../../x", "sha256", "0" * 64, "https://example.org/", "1.0", "six-1.0.zip"]

_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([*_TEXTS, 10**400])
)


def json_of(keys: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Return a strategy for JSON values whose objects mostly have these keys."""
    key = st.one_of(st.sampled_from(keys), st.text(max_size=5))
    return st.recursive(
        _SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(key, below, max_size=8), max_leaves=30
    )


def fuzz(test: Callable[..., None], *strategies: st.SearchStrategy[Any], examples: int) -> None:
    """Call ``test`` with many inputs: so many in CI, or for as long as the environment says."""
    seconds = float(os.environ.get(SECONDS) or 0)
    options = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
    if not seconds:
        settings(max_examples=examples, derandomize=True, **options)(given(*strategies)(test))()  # type: ignore[arg-type]
        return
    until = monotonic() + seconds
    start = int.from_bytes(os.urandom(6))
    for number in count(start):
        seed(number)(settings(max_examples=_BATCH, **options)(given(*strategies)(test)))()  # type: ignore[arg-type]
        if monotonic() > until:
            break
