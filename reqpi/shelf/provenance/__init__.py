"""Provenance of files: the objects that an index lists are kept, and their attestations are verified."""
