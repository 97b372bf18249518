"""Findings about the files of a frozen page: gone, other bytes, yanked, other core metadata, other provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reqpi.core.drift.finding import Finding
from reqpi.core.drift.history import FileHistory
from reqpi.core.drift.looks import provenance_key
from reqpi.core.drift.observing import Observed
from reqpi.core.model import Digest, File

__all__ = ["changes_of_files", "yanked_files"]


def changes_of_files(seen: Observed, files: Sequence[File]) -> Iterator[Finding]:
    """Yield what became of frozen files.

    :param files: those that this index had listed.
    """
    live = seen.live
    here = [(file, live[file.filename]) for file in files if file.filename in live]
    yield from _gone(seen, [file for file in files if file.filename not in live], all_of_them=not here)
    for file, listed in here:
        yield from _digest(seen, file, listed)
        yield from _metadata(seen, file, listed)
        yield from _provenance(seen, file, listed)


def yanked_files(seen: Observed, files: Iterable[File]) -> Iterator[Finding]:
    """Yield the files of a release that are yanked: as one finding, if all of them are, for one reason.

    :param files: those that are frozen; without any, the listed files that the lock wants count.
    """
    frozen = {file.filename: file for file in files}
    counted = {
        name: file for name, file in seen.live.items() if (name in frozen if frozen else seen.release.wants(file))
    }
    yanked = {name: file for name, file in counted.items() if file.facts.yanked}
    reasons = {file.facts.yanked for file in yanked.values()}
    if len(reasons) == 1 and len(yanked) == len(counted):
        name, file = max(yanked.items(), key=lambda item: item[1].when("yanked"))
        yield _yanked(seen, None, file, frozen.get(name))
        return
    for name, file in yanked.items():
        yield _yanked(seen, name, file, frozen.get(name))


def _yanked(seen: Observed, name: str | None, listed: FileHistory, was: File | None) -> Finding:
    reason = listed.facts.yanked
    new = "yanked" in listed.changed or (was is not None and not was.yanked)
    text = reason if isinstance(reason, str) else "no reason is given"
    return seen.finding("yanked", text, listed.when("yanked"), name, new=new)


def _gone(seen: Observed, files: Sequence[File], *, all_of_them: bool) -> Iterator[Finding]:
    known: Mapping[str, FileHistory] = seen.listed.files
    lost = {file.filename: known[file.filename].gone for file in files if file.filename in known}
    if seen.listed.whole:
        lost = {file.filename: lost.get(file.filename) or seen.listed.since for file in files}
    if files and all_of_them and len(lost) == len(files):
        project = seen.history.missing is not None
        text = "the index no longer has the project" if project else "no file of the release is listed any more"
        yield seen.finding("gone", text, max(since or 0.0 for since in lost.values()))
        return
    for name, since in lost.items():
        yield seen.finding("gone", "no longer listed", since or 0.0, name)


def _digest(seen: Observed, file: File, listed: FileHistory) -> Iterator[Finding]:
    known = {digest.algorithm: digest for digest in file.digests}
    for digest in sorted(listed.facts.digests):
        frozen = known.get(digest.algorithm, digest)
        if frozen != digest:
            text = f"frozen with {frozen}, listed with {digest}"
            yield seen.finding("digest", text, listed.when("digests"), file.filename)
            return


def _metadata(seen: Observed, file: File, listed: FileHistory) -> Iterator[Finding]:
    promised, now = file.core_metadata, listed.facts.metadata
    if isinstance(promised, Digest) and now is not None and now != str(promised):
        text = f"promised {promised}, now {now}"
        yield seen.finding("metadata", text, listed.when("metadata"), file.filename)


def _provenance(seen: Observed, file: File, listed: FileHistory) -> Iterator[Finding]:
    frozen, now = provenance_key(file.provenance), listed.facts.provenance
    if frozen == now:
        return
    text = "listed now, and not when the page was frozen"
    if frozen is not None:
        text = "no longer listed" if now is None else "listed at another URL than when the page was frozen"
    yield seen.finding("provenance", text, listed.when("provenance"), file.filename)
