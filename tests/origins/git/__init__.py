"""Tests of :mod:`reqpi.origins.git`, against a real git host on loopback."""
