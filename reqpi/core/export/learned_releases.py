"""The steps from recorded files to releases with digests, and from these to lines of a requirements.txt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from attrs import evolve, field, frozen
from packaging.version import Version

from reqpi.core import admission
from reqpi.core.model import File, Lock, Project

__all__ = ["LearnedRelease", "lines", "releases", "several", "together", "without"]


@frozen(order=True)
class LearnedRelease:
    """One version of a project, and the digests of its recorded files.

    :param digests: sha256, in hex.
    """

    project: Project
    version: Version
    digests: frozenset[str] = field(order=False)


def releases(files: Iterable[File]) -> tuple[LearnedRelease, ...]:
    """Return the releases of ``files``, sorted by project and version.

    :param files: each with a known sha256.
    """
    return together(LearnedRelease(file.project, file.version, frozenset({str(file.sha256)})) for file in files)


def without(files: Iterable[File], lock: Lock) -> tuple[File, ...]:
    """Return the files that ``lock`` does not admit yet.

    The indexes that the lock names are ignored: the files came from the index that was recorded. A file that the lock
    pins only by digests of other algorithms counts as admitted, because these digests have not been computed.
    """
    anywhere = evolve(lock, pins=tuple(evolve(pin, indexes=()) for pin in lock.pins))
    return tuple(
        file for file in files if not (admission.admits(anywhere, file) or admission.undecided(anywhere, file))
    )


def together(*lists: Iterable[LearnedRelease]) -> tuple[LearnedRelease, ...]:
    """Return the union of the lists: each release once, with all its digests."""
    found: dict[tuple[Project, Version], frozenset[str]] = {}
    for release in chain(*lists):
        which = release.project, release.version
        found[which] = found.get(which, frozenset()) | release.digests
    return tuple(sorted(LearnedRelease(*which, digests) for which, digests in found.items()))


def several(found: Sequence[LearnedRelease]) -> dict[Project, tuple[Version, ...]]:
    """Return the projects with more than one version, newest first. Build environments cause them."""
    versions: dict[Project, list[Version]] = {}
    for release in found:
        versions.setdefault(release.project, []).append(release.version)
    return {project: tuple(sorted(each, reverse=True)) for project, each in versions.items() if len(each) > 1}


def lines(found: Iterable[LearnedRelease]) -> str:
    """Return a requirements.txt that admits only the files of these releases. Equal inputs give equal text.

    Two versions of a project in one document need markers that distinguish them, or no installer could honour both. An
    index admits both, whatever the markers say. ``pip install -r``, which evaluates them without an extra, takes the
    newest.
    """
    ordered = sorted(found)
    return "".join(_lines(ordered, several(ordered)))


def _lines(found: Iterable[LearnedRelease], more: dict[Project, tuple[Version, ...]]) -> Iterator[str]:
    for release in found:
        marker = _marker(release, more[release.project]) if release.project in more else ""
        digests = (f"--hash=sha256:{digest}" for digest in sorted(release.digests))
        yield " \\\n    ".join([f"{release.project}=={release.version}{marker}", *digests]) + "\n"


def _marker(release: LearnedRelease, versions: tuple[Version, ...]) -> str:
    which = versions.index(release.version)
    return f' ; extra == "build-{which + 1}"' if which else ' ; extra != "build-2"'
