"""Upstreams: each an implementation of :class:`reqpi.core.interfaces.Upstream`."""
