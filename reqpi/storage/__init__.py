"""Stores: in memory, in a directory. Each keeps the contract of :class:`reqpi.core.interfaces.Store`."""
