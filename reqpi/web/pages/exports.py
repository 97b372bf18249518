"""Everything else that there is under an address, each with its purpose."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote as quoted

from twisted.web.template import Tag, tags

from reqpi.web.pages.frame import command, scrolled

__all__ = ["exports_table", "receipts"]

_EXPORTS = (
    ("lock", "The lock as it was uploaded, byte for byte."),
    ("requirements.txt", "The lock with the sha256 of every file: for pip, with --require-hashes."),
    ("pylock.toml", "The same as a pylock.toml, whose URLs lead here: for pip, uv and pdm."),
    ("uv.lock", "The uv.lock with URLs that lead here: for uv sync --frozen."),
    ("pdm.lock", "The pdm.lock with URLs that lead here: for pdm sync."),
    ("env", "The variables that point every client here, for a shell."),
    ("simple/", "The package index itself: the projects and their files."),
    ("cargo/config.toml", "The configuration with which cargo takes crates from here, for sdists that need Rust."),
    ("crates/config.json", "The index of those crates, for cargo."),
    ("wheelhouse.tar", "All files in one archive, for a machine without a network."),
    ("files.json", "Every file with its digests and where it came from, for programs."),
    ("sbom.cdx.json", "The bill of materials (SBOM), which lists all parts for an audit, as CycloneDX."),
    ("sbom.spdx.json", "The same bill of materials, as SPDX."),
    ("pins", "Everything that the lock pins, to search and to sort."),
    ("graph", "Which pinned project requires which, as a drawing and as a list."),
    ("diff", "How this lock differs from another one."),
    ("closed", "Whether the lock pins everything that its releases require."),
    ("build-requirements", "What its sdists need to be built, and what of that is not pinned."),
    ("held", "Whether the store has all files."),
    ("frozen", "When and for whom the lists of files were written down that the lock has no digests for."),
    ("refused", "The requests that the lock did not admit."),
    ("drift", "What has become of its files since: yanked, removed, replaced, or named by an advisory."),
    ("osv/", "The advisories of this server, for pip-audit and uv audit."),
)

_ONLY_FOR = ("uv.lock", "pdm.lock")
"""Exports that a lock of this format has, and no other."""

_ADVISORIES = "osv/"
"""An export of a server that has advisories, and of no other."""

_UNHELD = {"wheelhouse.tar": " Some are not in the store yet: a request begins to fetch them, which takes a while."}
"""Remarks about exports that are made of files, while some of these are missing."""


def exports_table(here: str, formats: str, *, held: bool, audits: bool) -> Tag:
    """Return the table of what is below an address. No crawler should follow a link that begins work.

    :param formats: see :attr:`reqpi.core.model.Lock.format`.
    :param here: the relative URL of the address, with a slash at its end; empty for the folder of the page.
    :param held: all files are in the store.
    :param audits: the server has advisories.
    """
    rows = [
        tags.tr(
            tags.th(tags.a(name, href=f"{here}{name}", rel="nofollow"), scope="row"),
            tags.td(purpose, "" if held else _UNHELD.get(name, "")),
        )
        for name, purpose in _EXPORTS
        if (name not in _ONLY_FOR or name == formats) and (name != _ADVISORIES or audits)
    ]
    head = tags.tr(tags.th("name", scope="col"), tags.th("what it is for", scope="col"))
    return scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Exports")


def receipts(base: str, address: str) -> Iterator[Tag]:
    """Yield how to get a receipt: it is one of a build, so no link leads to it."""
    yield tags.h3("A receipt of a build", id="receipts")
    yield tags.p("A receipt lists every file that one build took from here, with its sha256, and what it was refused.")
    run = f"reqpi run --url {quoted(base)} --receipt receipt.json requirements.txt -- make build"
    yield command("receipt-run", run, "Copy the command that writes a receipt")
    yield tags.p("Without ReqPI on the machine of the build, begin a run: the answer has its index and its receipt.")
    begin = f"curl --fail --request POST {quoted(f'{base}/{address}/runs')}"
    yield command("receipt-curl", begin, "Copy the command that begins a run")
