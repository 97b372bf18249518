"""The check of the files that a server lists for a lock, made where the lock is: no server has to be trusted.

It asks the same predicate as the server does, :func:`reqpi.core.admission.admits`. A digest that the server claims
counts if it is a sha256, because the bytes are compared with it when they arrive. A file that only another digest of
the lock admits has to be measured then, with :func:`admits_bytes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from reqpi.core import admission
from reqpi.core.model import Archive, Digest, File, Git, Lock, Page, Pin, Project
from reqpi.core.source_names import has_right_name

__all__ = ["admits_bytes", "flaws_of", "named", "open_digests", "to_measure"]

_LONGEST_NAME = 255


def flaws_of(lock: Lock, pages: Mapping[Project, Page]) -> Iterator[str]:
    """Yield what is wrong with the frozen pages that a server sends for a lock: a line each, which names the file.

    Without flaws, every listed file is admitted, and every pin has a file.
    """
    for project, page in pages.items():
        if project not in lock.projects:
            names = ", ".join(sorted(file.filename for file in page.files)[:3]) or "a page"
            yield f"the lock does not pin {project}: {names}"
        else:
            yield from _flaws_of_page(lock, page)
    for pin in lock.pins:
        page = pages.get(pin.project, Page(pin.project, ()))
        if not any(pin in admission.admitting(lock, file) for file in page.files if not _is_odd(file)):
            yield f"no file of {named(pin)}"


def named(pin: Pin) -> str:
    """Return the name of a pin's release or source, for messages."""
    return f"{pin.project} {pin.version}" if pin.source is None else f"{pin.project} from {pin.source.place}"


def to_measure(lock: Lock, file: File) -> frozenset[str]:
    """Return the algorithms of the digests that decide on a file, apart from its sha256.

    Empty if the lock admits every file with this sha256, or leaves the digests open.
    """
    pins = admission.admitting(lock, file)
    if any(_is_settled(pin, file) for pin in pins):
        return frozenset()
    return frozenset(digest.algorithm for pin in pins for digest in _digests(pin)) - {"sha256"}


def admits_bytes(lock: Lock, file: File, computed: Iterable[Digest]) -> bool:
    """Return whether the lock admits a listed file whose bytes have these digests.

    :param computed: the sha256, and the digests of :func:`to_measure`.
    """
    return admission.admits(lock, evolve(file, measured=True, digests=frozenset(computed)))


def open_digests(lock: Lock, pages: Mapping[Project, Page]) -> Mapping[Project, int]:
    """Return how many sha256 digests of the lock no listed file has, by project.

    A file that an upstream has removed leaves such a digest, and so does a file that is neither a wheel nor an sdist.
    A server that leaves a file out looks the same.
    """
    counts: Counter[Project] = Counter()
    for pin in lock.pins:
        if pin.source is None and pin.wheels and pin.sdists:
            there = {file.sha256 for file in pages[pin.project].files}
            counts[pin.project] += sum(
                digest.algorithm == "sha256" and digest.hex not in there for digest in pin.digests
            )
    return +counts


def _flaws_of_page(lock: Lock, page: Page) -> Iterator[str]:
    times = Counter(file.filename for file in page.files)
    for file in page.files:
        if _is_odd(file):
            yield f"{file.filename[:_LONGEST_NAME]!r} of {page.project} has an invalid name or an invalid field"
        elif not admission.admits(lock, file):
            yield f"the lock does not admit {file.filename} with the sha256 {file.sha256}"
        elif not has_right_name(file):
            yield f"{file.filename} is not the name of a file of {page.project}"
        elif times[file.filename] > 1:
            yield f"{file.filename} of {page.project} is listed {times[file.filename]} times"


def _is_settled(pin: Pin, file: File) -> bool:
    """Return whether the sha256 of a file is all that a pin asks for."""
    digests = _digests(pin)
    ours = Digest("sha256", str(file.sha256))
    return not digests or (ours in digests if pin.source is None else digests == {ours})


def _digests(pin: Pin) -> frozenset[Digest]:
    if pin.source is None:
        return pin.digests
    return pin.source.digests if isinstance(pin.source, Archive) else frozenset()


def _is_odd(file: File) -> bool:
    """Return whether a file has a value that no server writes: its values come from JSON, whose types are open."""
    texts = (file.requires_python, file.upload_time, file.provenance)
    plain = isinstance(file.filename, str) and file.filename.isprintable() and "/" not in file.filename
    return not (
        plain
        and 0 < len(file.filename) <= _LONGEST_NAME
        and not file.filename.startswith(".")
        and isinstance(file.url, str)
        and isinstance(file.index, str)
        and all(text is None or isinstance(text, str) for text in texts)
        and (file.yanked is None or file.yanked is True or isinstance(file.yanked, str))
        and (file.core_metadata is None or file.core_metadata is True or isinstance(file.core_metadata, Digest))
        and isinstance(file.measured, bool)
        and (file.size is None or (type(file.size) is int and file.size >= 0))
        and (file.listed is True or (file.listed is False and file.source is not None))
        and _is_plain(file.source)
    )


def _is_plain(source: Archive | Git | None) -> bool:
    if source is None:
        return True
    rest = isinstance(source.commit, str) and isinstance(source.submodules, bool) if isinstance(source, Git) else True
    return isinstance(source.url, str) and isinstance(source.subdirectory, str | None) and rest
