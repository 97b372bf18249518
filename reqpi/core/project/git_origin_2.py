"""Where a repository was cloned from, read from its configuration and not asked of git: a source may be anybody's."""

from __future__ import annotations

import re

__all__ = ["origin_of"]

_SECTION = re.compile(r'\[\s*(?i:remote)\s+"origin"\s*\]')
_VALUE = re.compile(r"(?i:url)\s*=\s*(.*)")
_COMMENT = re.compile(r"\s[#;].*|^[#;].*")


def origin_of(config: bytes) -> str | None:
    """The URL of the remote ``origin`` (git-config(1), CONFIGURATION FILE); the last one counts.

    :param config: of a repository's own; what it includes is not followed.
    """
    here, found = False, None
    for line in config.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if text.startswith("["):
            head, bracket, text = text.partition("]")
            here, text = bool(_SECTION.fullmatch(f"{head}{bracket}")), text.strip()
        value = _VALUE.fullmatch(text) if here else None
        if value is not None:
            found = _COMMENT.sub("", value[1]).strip().strip('"') or None
    return found
