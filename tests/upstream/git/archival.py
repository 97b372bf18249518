"""A file that git fills in when it makes an archive, with everything that could depend on more than the commit."""

from __future__ import annotations

__all__ = ["ARCHIVAL"]

_PLACEHOLDERS = ("H", "h", "P", "p", "d", "D", "ar", "ah", "cd", "(describe)", "G?", "GG")

ARCHIVAL = {
    ".gitattributes": ".git_archival.txt export-subst\n",
    ".git_archival.txt": "".join(f"{each}: $Format:%{each}$\n" for each in _PLACEHOLDERS),
}
