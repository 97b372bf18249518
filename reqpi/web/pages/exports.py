"""The other URLs below an address, each with its purpose."""

from __future__ import annotations

from twisted.web.template import Tag, tags

from reqpi.web.pages.frame import scrolled

__all__ = ["exports_table"]

_EXPORTS = (
    ("lock", "The lock as it was uploaded, byte for byte."),
    ("requirements.txt", "The lock with the sha256 of every file: for pip, with --require-hashes."),
    ("pylock.toml", "The same as a pylock.toml, whose URLs lead here: for pip, uv and pdm."),
    ("uv.lock", "A uv.lock whose URLs lead here: for uv sync --frozen."),
    ("pdm.lock", "A pdm.lock whose URLs lead here."),
    ("env", "The variables that point every client here, for a shell."),
    ("simple/", "The package index itself: the projects and their files."),
    ("files.json", "Every file with its digests, for programs."),
    ("wheelhouse.tar", "All files in one archive, for a machine without a network."),
    ("sbom.cdx.json", "The bill of materials, as CycloneDX."),
    ("sbom.spdx.json", "The bill of materials, as SPDX."),
    ("graph", "Which pinned project requires which, as a drawing and as a list."),
    ("closed", "Whether the lock pins everything that its releases require."),
    ("build-requirements", "What its sdists need to be built, and what of that is not pinned."),
    ("held", "Whether the store has all files."),
    ("refused", "The requests that the lock did not admit."),
)


_ONLY_FOR = ("uv.lock", "pdm.lock")
"""Exports that a lock of this format has, and no other."""


_UNHELD = {"wheelhouse.tar": " Some are not in the store yet: a request begins to fetch them, which takes a while."}
"""Remarks about exports that are made of files, while some of these are missing."""


def exports_table(here: str, formats: str, *, held: bool) -> Tag:
    """Return the table of what is below an address. No crawler should follow a link that begins work.

    :param formats: see :attr:`reqpi.core.model.Lock.format`.
    :param here: the relative URL of the address, with a slash at its end; empty for the folder of the page.
    :param held: all files are in the store.
    """
    rows = [
        tags.tr(
            tags.th(tags.a(name, href=f"{here}{name}", rel="nofollow"), scope="row"),
            tags.td(purpose, "" if held else _UNHELD.get(name, "")),
        )
        for name, purpose in _EXPORTS
        if name not in _ONLY_FOR or name == formats
    ]
    head = tags.tr(tags.th("name", scope="col"), tags.th("what it is for", scope="col"))
    return scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Exports")
