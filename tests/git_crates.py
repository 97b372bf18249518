"""A repository with a workspace of crates, and sdists whose Cargo.lock takes crates from it."""

from __future__ import annotations

from collections.abc import Mapping

from reqpi.core.crates.registry_names import CRATES_IO
from tests.fake_upstream import Distribution
from tests.rust_sdists import WORDS, maturin_sdist

__all__ = ["WORKSPACE", "git_lock", "git_sdist"]

WORKSPACE: Mapping[str, str] = {
    "Cargo.toml": (
        '[workspace]\nmembers = ["crates/*"]\n\n'
        '[workspace.package]\nversion = "0.4.0"\nedition = "2021"\n\n'
        "[workspace.dependencies]\n"
        f'made-words = "{WORDS.version}"\n'
        'loud = { path = "crates/loud", features = ["very"] }\n'
    ),
    "crates/greet/Cargo.toml": (
        '[package]\nname = "made_greet"\nversion.workspace = true\nedition = { workspace = true }\n\n'
        "[dependencies]\nmade-words.workspace = true\nloud = { workspace = true, features = [] }\n"
    ),
    "crates/greet/src/lib.rs": (
        'pub fn greet() -> String {\n    format!("{}{}", made_words::words(), loud::mark())\n}\n'
    ),
    "crates/loud/Cargo.toml": (
        '[package]\nname = "loud"\nversion = "2.0.0"\nedition = "2021"\n\n[features]\nvery = []\n'
    ),
    "crates/loud/src/lib.rs": (
        "pub fn mark() -> &'static str {\n"
        '    if cfg!(feature = "very") { include_str!("mark.txt").trim() } else { "?" }\n'
        "}\n"
    ),
    "mark.txt": "!\n",
    "crates/other/Cargo.toml": '[package]\nname = "other"\nversion = "1.0.0"\n',
    "crates/other/src/lib.rs": "",
}
"""Two members with what they inherit, a member that nothing needs, and a file that a crate has through a link."""


def git_lock(url: str, commit: str, query: str = "", name: str = "shout") -> str:
    """Return the Cargo.lock of a package that takes its crates from a commit of :data:`WORKSPACE`."""
    source = f"git+{url}?{query or f'rev={commit}'}#{commit}"
    return (
        "version = 4\n\n"
        f'[[package]]\nname = "loud"\nversion = "2.0.0"\nsource = "{source}"\n\n'
        f'[[package]]\nname = "made-words"\nversion = "{WORDS.version}"\nsource = "{CRATES_IO}"\n'
        f'checksum = "{WORDS.sha256}"\n\n'
        f'[[package]]\nname = "made_greet"\nversion = "0.4.0"\nsource = "{source}"\n'
        'dependencies = [\n "loud",\n "made-words",\n]\n\n'
        f'[[package]]\nname = "{name}"\nversion = "1.0.0"\ndependencies = [\n "made_greet",\n]\n'
    )


def git_sdist(url: str, commit: str, *, locked: bool = True) -> Distribution:
    """Return an sdist that maturin builds from a commit of :data:`WORKSPACE`; it says the words, and a mark.

    :param locked: it has a Cargo.lock.
    """
    manifest = (
        '[package]\nname = "shout"\nversion = "1.0.0"\nedition = "2021"\n\n'
        f'[dependencies]\nmade_greet = {{ git = "{url}", rev = "{commit}" }}\n'
    )
    return maturin_sdist(lock=git_lock(url, commit) if locked else None, more={"Cargo.toml": manifest})
