"""Bytes -> :class:`~reqpi.model.Lock`: one format a file, one :func:`read` that recognises the format."""
