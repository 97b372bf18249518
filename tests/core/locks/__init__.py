"""Tests of :mod:`reqpi.core.locks`."""

from hypothesis import settings

settings.register_profile("locks", derandomize=True, deadline=None, database=None, max_examples=200)
settings.load_profile("locks")
