"""Tests of :mod:`reqpi.locks`."""
