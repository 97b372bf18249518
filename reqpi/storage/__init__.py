"""Stores: in memory, in a directory, in an object store. Each fulfils :class:`reqpi.core.interfaces.Store`."""
