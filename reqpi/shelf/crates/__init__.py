"""Crates of locks: admitted by the Cargo.locks inside their sdists and by committed ones, frozen, verified."""
