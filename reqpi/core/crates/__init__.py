"""Crates of Rust that an sdist needs to be built: the Cargo.lock inside it names each with its sha256.

The sdist is pinned by its own digest, so its Cargo.lock is pinned too: the lock inside the lock. A committed Cargo.lock
counts in the same way.
"""
