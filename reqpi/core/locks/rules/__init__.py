"""The rules for reading a lock, as data."""
