"""The name of a project that states none: the name of its git repository."""

from __future__ import annotations

import re
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from reqpi.core.errors import UnreadableProject

__all__ = ["from_git_origin", "origin_of"]


# scheme://host/path, or host:path as for scp (git-clone(1), GIT URLS), or a path.
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://[^/]*+(/.*+|\Z)|(?!/)[^/:]++:(?!//)(.*+)|(.*+)", re.DOTALL)
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]++")


def from_git_origin(url: str, sub_path: str) -> str:
    """Return the normalised name for a remote's URL: ``tool`` for ``https://example.org/team/tool.git``.

    :param url: the output of ``git remote get-url origin``.
    :param sub_path: the path of the package, relative to the repository: ``packages/one`` gives ``tool-packages-one``.
    :raises reqpi.core.errors.UnreadableProject: the URL contains no name.
    """
    found = _PATH.fullmatch(url.strip().partition("#")[0].partition("?")[0])
    path = next((group for group in found.groups() if group is not None), "") if found else ""
    repository = unquote(path.rstrip("/").rpartition("/")[2]).removesuffix(".git")
    parts = [repository, *(part for part in sub_path.split("/") if part not in ("", "."))]
    name = _UNUSUAL.sub("-", "-".join(parts)).strip("-._")
    if not repository.strip("-._") or not name or len(name) > 200:
        raise UnreadableProject("the project has no name", "Write one into pyproject.toml: [project], name = …")
    return canonicalize_name(name)


_SECTION = re.compile(r'\[\s*(?i:remote)\s+"origin"\s*\]')
_VALUE = re.compile(r"(?i:url)\s*=\s*(.*)")
_COMMENT = re.compile(r"\s[#;].*|^[#;].*")


def origin_of(config: bytes) -> str | None:
    """Return the URL of the remote ``origin`` (git-config(1), CONFIGURATION FILE). The last one counts.

    :param config: the repository's own configuration file; its includes are not followed.
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
