"""A hand-made export of forty advisories, the releases of a lock, and which of them are affected by what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reqpi.core.advisories.model import CRATES
from tests.advisories import a_document, a_package, a_range

__all__ = ["AFFECTING", "FORTY", "MALICIOUS", "PINNED", "PINNED_CRATES"]

WITHDRAWN = {"withdrawn": "2026-03-01T00:00:00Z"}
COMMITS = a_range(("introduced", "0"), ("fixed", "c0ffee"), kind="GIT")
REPOSITORY = {"ranges": [{**COMMITS, "repo": "https://git.example/alpha"}]}

PINNED = {
    "alpha": "1.4.2",
    "beta-tools": "2.0rc1",
    "gamma": "3.1.post2",
    "delta": "2.1.0+cpu",
    "epsilon": "1!1.0",
    "evil": "6.6.6",
    "calm": "1.0",
}
"""The releases that the lock pins."""

PINNED_CRATES = {"serde_like": "1.0.150", "ring-like": "0.17.0-alpha.2", "calm-crate": "2.0.0"}

MALICIOUS = "evil"


def _crate(name: str, *events: tuple[str, str]) -> Mapping[str, Any]:
    return a_package(name, a_range(*events, kind="SEMVER"), ecosystem=CRATES)


FORTY = (
    # alpha 1.4.2: ranges, lists, several ranges, limits, commits
    a_document(
        "PYSEC-2026-1", a_package("alpha", a_range(("introduced", "0"), ("fixed", "1.4.3"))), aliases=["CVE-2026-1"]
    ),
    a_document("PYSEC-2026-2", a_package("alpha", a_range(("introduced", "0"), ("fixed", "1.4.2")))),
    a_document("PYSEC-2026-3", a_package("Alpha", a_range(("introduced", "1.4.2.0"), ("last_affected", "1.4.2")))),
    a_document("PYSEC-2026-4", a_package("alpha", a_range(("introduced", "1.0"), ("last_affected", "1.4.1")))),
    a_document("PYSEC-2026-5", a_package("alpha", versions=["1.4.1", "1.4.2", "1.4.3"])),
    a_document("PYSEC-2026-6", a_package("alpha", versions=["1.4", "1.42", "1.4.20"])),
    a_document("PYSEC-2026-7", a_package("alpha", COMMITS)),
    a_document("PYSEC-2026-8", a_package("alpha", COMMITS, a_range(("introduced", "1"), ("fixed", "2")))),
    a_document("PYSEC-2026-9", a_package("alpha", a_range(("introduced", "0"), ("fixed", "9"))), **WITHDRAWN),
    a_document(
        "PYSEC-2026-10",
        a_package("alpha", a_range(("introduced", "2"), ("fixed", "2.2"), ("introduced", "1"), ("fixed", "1.4.2"))),
    ),
    a_document("PYSEC-2026-11", a_package("alpha", a_range(("introduced", "1.4"), ("limit", "1.5")))),
    a_document("PYSEC-2026-12", a_package("alpha", a_range(("introduced", "1.4"), ("limit", "1.4.2")))),
    # beta-tools 2.0rc1: spellings of names, prereleases
    a_document("PYSEC-2026-13", a_package("Beta_Tools", a_range(("introduced", "0"), ("fixed", "2.0")))),
    a_document("PYSEC-2026-14", a_package("beta.tools", a_range(("introduced", "2.0"), ("fixed", "3.0")))),
    a_document("PYSEC-2026-15", a_package("beta-tools", versions=["2.0-rc.1"])),
    a_document("PYSEC-2026-16", a_package("beta-tools", a_range(("introduced", "2.0b9"), ("last_affected", "2.0rc1")))),
    # gamma 3.1.post2: post-releases
    a_document("GHSA-2222-2222-2222", a_package("gamma", a_range(("introduced", "3.1"), ("fixed", "3.1.post2")))),
    a_document("GHSA-3333-3333-3333", a_package("gamma", a_range(("introduced", "3.1.post1"), ("fixed", "3.2")))),
    a_document("GHSA-4444-4444-4444", a_package("gamma", a_range(("introduced", "3.0"), ("last_affected", "3.1")))),
    a_document("GHSA-5555-5555-5555", a_package("gamma", a_range(("introduced", "0"))), aliases=["CVE-2026-5"]),
    # delta 2.1.0+cpu: local versions
    a_document("GHSA-6666-6666-6666", a_package("delta", versions=["2.1.0"])),
    a_document("GHSA-7777-7777-7777", a_package("delta", a_range(("introduced", "2"), ("last_affected", "2.1.0")))),
    a_document("GHSA-8888-8888-8888", a_package("delta", a_range(("introduced", "0"), ("fixed", "2.1.0")))),
    # epsilon 1!1.0: epochs
    a_document("GHSA-9999-9999-9999", a_package("epsilon", a_range(("introduced", "0"), ("fixed", "2022.1")))),
    a_document("GHSA-cccc-cccc-cccc", a_package("epsilon", a_range(("introduced", "2022.1"), ("fixed", "1!1.1")))),
    # malware
    a_document("MAL-2026-1", a_package("evil", versions=["6.6.6"])),
    a_document("MAL-2026-2", a_package("evil", versions=["6.6.7"])),
    a_document("MAL-2026-3", a_package("evil", a_range(("introduced", "0")))),
    a_document("MAL-2026-4", a_package("evil", a_range(("introduced", "0"))), **WITHDRAWN),
    a_document("MAL-2026-5", a_package("wicked", a_range(("introduced", "0")))),
    # calm 1.0: other ecosystems, other names, several packages
    a_document("GHSA-ffff-ffff-ffff", a_package("calm", a_range(("introduced", "0")), ecosystem="npm")),
    a_document(
        "PYSEC-2026-17", a_package("calm-tools", a_range(("introduced", "0"))), a_package("calm", versions=["0.9"])
    ),
    a_document("PYSEC-2026-18", a_package("calm"), REPOSITORY),
    # crates
    a_document("RUSTSEC-2026-0001", _crate("serde_like", ("introduced", "0.0.0-0"), ("fixed", "1.0.151"))),
    a_document("RUSTSEC-2026-0002", _crate("serde_like", ("introduced", "0.0.0-0"), ("fixed", "1.0.15"))),
    a_document("RUSTSEC-2026-0003", _crate("serde-like", ("introduced", "1.0.150"))),
    a_document("RUSTSEC-2026-0004", _crate("ring-like", ("introduced", "0.17.0-alpha.10"))),
    a_document("RUSTSEC-2026-0005", _crate("ring-like", ("introduced", "0.17.0-alpha"), ("fixed", "0.17.0"))),
    a_document("RUSTSEC-2026-0006", _crate("calm-crate", ("introduced", "0.0.0-0"), ("fixed", "2.0.0"))),
    a_document("MAL-2026-6", a_package("serde_lite", a_range(("introduced", "0")), ecosystem=CRATES)),
)
"""The documents."""

AFFECTING = {
    "alpha": {"PYSEC-2026-1", "PYSEC-2026-3", "PYSEC-2026-5", "PYSEC-2026-8", "PYSEC-2026-11"},
    "beta-tools": {"PYSEC-2026-13", "PYSEC-2026-15", "PYSEC-2026-16"},
    "gamma": {"GHSA-3333-3333-3333", "GHSA-5555-5555-5555"},
    "delta": {"GHSA-6666-6666-6666", "GHSA-7777-7777-7777"},
    "epsilon": {"GHSA-cccc-cccc-cccc"},
    "evil": {"MAL-2026-1", "MAL-2026-3"},
    "calm": set[str](),
    "serde_like": {"RUSTSEC-2026-0001", "RUSTSEC-2026-0003"},
    "ring-like": {"RUSTSEC-2026-0005"},
    "calm-crate": set[str](),
}
"""The advisories that affect each release, by its project or crate."""
