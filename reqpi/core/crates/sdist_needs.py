"""The needs of an sdist for Rust: whether it has any, and the Cargo.lock inside it."""

from __future__ import annotations

from io import BytesIO

from attrs import frozen

from reqpi.core.crates.sdist import SdistCargoLock, cargo_lock_in, needs_rust
from reqpi.core.metadata.build_system import build_system, enough
from reqpi.core.metadata.sdist import look, look_into_zip

__all__ = ["RustNeeds", "rust_needs"]


@frozen
class RustNeeds:
    """The needs of an sdist for Rust.

    :param rust: one of its build requirements compiles Rust.
    :param lock: its Cargo.lock; ``None`` if it has none, or needs no Rust.
    """

    rust: bool
    lock: SdistCargoLock | None = None


def rust_needs(data: bytes, filename: str, subdirectory: str | None = None) -> RustNeeds:
    """Return what an sdist needs of Rust.

    :param data: the whole archive.
    :param filename: for messages.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    :raises reqpi.core.metadata.BrokenSdist: the archive cannot be read.
    """
    if data.startswith(b"PK"):
        files = look_into_zip(BytesIO(data), filename, subdirectory, enough)
    else:
        files = look(data, filename, subdirectory, enough, whole=True) or {}
    system = build_system(files)
    if not needs_rust([*system.requires, *system.setup_requires]):
        return RustNeeds(rust=False)
    return RustNeeds(rust=True, lock=cargo_lock_in(data, filename, subdirectory))
