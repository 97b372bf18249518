"""Registries of crates: sparse indexes, and the crates that they list."""
