"""What the pip that is importable here reads in a requirements file: the oracle of the differential test."""

from __future__ import annotations

import optparse
import tempfile
from pathlib import Path
from typing import Any

from attrs import frozen
from packaging.utils import canonicalize_name

try:
    import pip
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements
    from pip._vendor.packaging.markers import Marker
except ImportError:
    VERSION = None
else:
    VERSION = tuple(int(part) for part in pip.__version__.split(".")[:2] if part.isdigit())

__all__ = ["VERSION", "PipFailed", "Said", "marker", "read"]


class PipFailed(Exception):
    """pip cannot read the document."""


@frozen(order=True)
class Said:
    """One requirement, as pip understands it.

    :param specifiers: operators and versions; ``None`` for a source that is no release.
    """

    name: str
    specifiers: tuple[tuple[str, str], ...] | None
    extras: tuple[str, ...]
    marker: str
    digests: tuple[tuple[str, str], ...]

    @property
    def pinned(self) -> bool:
        """One exact version, as a lock has it."""
        return self.specifiers is not None and [operator for operator, _ in self.specifiers] in (["=="], ["==="])


def marker(text: str | None) -> str:
    """``text`` as pip spells it."""
    return str(Marker(text)) if text else ""


def read(document: bytes) -> list[Said]:
    """All that pip reads in ``document``, sorted.

    :raises PipFailed: it refuses the document.
    """
    options = optparse.Values({"require_hashes": False, "no_require_hashes": False, "features_enabled": []})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_bytes(document)
        try:
            parsed = list(parse_requirements(str(path), session=None, options=options))  # type: ignore[arg-type]
            return sorted(map(_said, map(install_req_from_parsed_requirement, parsed)))
        except Exception as error:  # pip raises whatever its parts raise
            raise PipFailed(f"{type(error).__name__}: {error}") from error


def _said(requirement: Any) -> Said:
    pinned = requirement.req is not None and requirement.link is None
    specifiers = tuple(sorted((one.operator, one.version) for one in requirement.req.specifier)) if pinned else None
    return Said(
        canonicalize_name(requirement.req.name) if requirement.req is not None else "",
        specifiers,
        tuple(sorted({canonicalize_name(extra) for extra in requirement.extras})),
        str(requirement.markers or ""),
        tuple(sorted({(name, one.lower()) for name, many in requirement.hash_options.items() for one in many})),
    )
