"""Tests of :mod:`reqpi.core.locks`."""
