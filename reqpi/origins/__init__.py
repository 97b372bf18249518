"""Upstreams: each an implementation of :class:`reqpi.interfaces.Origin`."""
