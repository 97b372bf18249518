"""Tests of :mod:`reqpi.upstream`, over real sockets."""
