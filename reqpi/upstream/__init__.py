"""Upstreams: the implementations of :class:`reqpi.core.interfaces.Upstream`."""
