"""Tests of :mod:`reqpi.upstream.git`, against a real git host on loopback."""
