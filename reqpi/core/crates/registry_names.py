"""The names of registries in Cargo.locks. The standard library is enough: ``reqpi run`` reads them before it starts."""

from __future__ import annotations

__all__ = ["CRATES_IO", "DEFAULT_INDEX", "registry_named", "registry_of"]

_DEFAULT = "crates.io"

CRATES_IO = f"registry+https://github.com/rust-lang/{_DEFAULT}-index"
"""The default registry as every Cargo.lock spells it, whichever protocol cargo asks it by."""

DEFAULT_INDEX = f"https://index.{_DEFAULT}/"
"""The URL at which a cargo without a configuration asks for the index of the default registry."""

_SPELLINGS = frozenset(
    [
        CRATES_IO,
        f"{CRATES_IO}.git",
        f"{CRATES_IO}/",
        f"sparse+{DEFAULT_INDEX.rstrip('/')}",
        f"sparse+{DEFAULT_INDEX}",
    ]
)


def registry_of(source: str) -> str:
    """Return the registry of a source, as a crate has it: empty for cargo's default registry."""
    return "" if source in _SPELLINGS else source


def registry_named(url: str) -> str:
    """Return the registry that a manifest or a line of an index names: the URL of its index."""
    return registry_of(url if url.startswith("sparse+") else f"registry+{url}")
