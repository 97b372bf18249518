"""Tests of :mod:`reqpi.core`."""

from hypothesis import HealthCheck, settings

# The same inputs in each run, and no bound of seconds: a machine that is busy is no defect.
settings.register_profile(
    "reqpi", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("reqpi")
