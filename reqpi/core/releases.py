"""The order of preference among the sdists of a release and the releases of a project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.version import Version

from reqpi.core.model import File

__all__ = ["newest", "sdist_of"]


def sdist_of(files: Sequence[File]) -> File | None:
    """Return the preferred sdist of a release, or ``None`` if it has no sdist.

    An sdist that is not yanked comes first, then a ``.tar.gz``, the format of :pep:`625`.
    """
    return min((file for file in files if not file.wheel), key=_preference, default=None)


def newest(versions: Iterable[Version]) -> list[str]:
    """Return the five newest of ``versions``, the newest first."""
    return [str(version) for version in sorted(versions, reverse=True)[:5]]


def _preference(file: File) -> tuple[bool, bool, bool, str]:
    name = file.filename
    return file.yanked is not None, not name.endswith(".tar.gz"), not name.endswith(".zip"), name
