"""Files -> releases with digests -> lines of a requirements.txt."""

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
    """One version of a project, and the files of it that are meant.

    :param digests: sha256, in hex.
    """

    project: Project
    version: Version
    digests: frozenset[str] = field(order=False)


def releases(files: Iterable[File]) -> tuple[LearnedRelease, ...]:
    """The releases that ``files`` are of, in order of projects and versions; each file's sha256 is known."""
    return together(LearnedRelease(file.project, file.version, frozenset({str(file.sha256)})) for file in files)


def without(files: Iterable[File], lock: Lock) -> tuple[File, ...]:
    """The files that ``lock`` does not admit already.

    Which index it names makes no difference: they came from the one that was asked. A file that it pins by digests of
    other algorithms alone is taken for the one that is meant, as nobody has computed those.
    """
    anywhere = evolve(lock, pins=tuple(evolve(pin, indexes=()) for pin in lock.pins))
    return tuple(
        file for file in files if not (admission.admits(anywhere, file) or admission.undecided(anywhere, file))
    )


def together(*lists: Iterable[LearnedRelease]) -> tuple[LearnedRelease, ...]:
    """All of them, each release once, with the digests that any of them has."""
    found: dict[tuple[Project, Version], frozenset[str]] = {}
    for release in chain(*lists):
        which = release.project, release.version
        found[which] = found.get(which, frozenset()) | release.digests
    return tuple(sorted(LearnedRelease(*which, digests) for which, digests in found.items()))


def several(found: Sequence[LearnedRelease]) -> dict[Project, tuple[Version, ...]]:
    """The projects of which there is more than one version, newest first: build environments differ."""
    versions: dict[Project, list[Version]] = {}
    for release in found:
        versions.setdefault(release.project, []).append(release.version)
    return {project: tuple(sorted(each, reverse=True)) for project, each in versions.items() if len(each) > 1}


def lines(found: Iterable[LearnedRelease]) -> str:
    """A requirements.txt that admits the files of these releases and no others. The same give the same text.

    Two versions of a project in one document need markers that tell them apart, or no installer could heed both. An
    index admits whatever the markers say; and ``pip install -r``, for which there is no extra, takes the newest.
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
