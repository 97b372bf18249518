"""Tests of :mod:`reqpi.origins`, over real sockets."""
