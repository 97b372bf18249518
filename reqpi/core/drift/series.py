"""The series of a release: the versions that ``~=`` of :pep:`440` calls compatible with it."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

__all__ = ["newest_in_series"]


def newest_in_series(version: Version, released: Iterable[Version]) -> str | None:
    """Return the newest release in the series of ``version``, unless that is the release itself.

    ``2.31.0`` is in the series ``2.31``, and ``26.4`` in ``26``; a version of one part has no series. A pre-release
    counts only for another pre-release.

    :param released: the releases that are not yanked.
    """
    newer = [other for other in released if other > version and _is_compatible(version, other)]
    return str(max(newer)) if newer else None


def _is_compatible(version: Version, other: Version) -> bool:
    series = version.release[:-1]
    if not series or other.epoch != version.epoch or (other.is_prerelease and not version.is_prerelease):
        return False
    padded = (*other.release, *(0 for _ in series))
    return padded[: len(series)] == series and other.public != version.public
