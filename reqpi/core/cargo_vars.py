"""The environment variables with which cargo, and what runs it, reads one configuration and installs no compiler."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["cargo_changes", "with_cargo"]


def cargo_changes(home: str, toolchain: str = "") -> dict[str, str]:
    """Return the variables to set.

    :param home: ``CARGO_HOME``: the folder with the configuration.
    :param toolchain: for rustup; empty: its own choice.
    """
    set_to = {"CARGO_HOME": home, "MATURIN_NO_INSTALL_RUST": "true"}
    # An sdist may have a rust-toolchain file, for which rustup downloads another compiler.
    return set_to | ({"RUSTUP_TOOLCHAIN": toolchain} if toolchain else {})


def with_cargo(environ: Mapping[str, str], home: str, toolchain: str = "") -> dict[str, str]:
    """Return ``environ`` changed so that cargo reads the configuration in ``home``."""
    return {**environ, **cargo_changes(home, environ.get("RUSTUP_TOOLCHAIN") or toolchain)}
