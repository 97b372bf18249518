"""What a lock admits: the only filter there is.

Pages, files and metadata all ask :func:`admits`. A filter that guards the page and not the file behind it is
the hole that this module exists to close, so nothing else in ReqPI decides what a client may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from attrs import evolve
from packaging.version import InvalidVersion, Version

from reqpi.core.model import Archive, Digest, File, Lock, Page, Pin, Release

__all__ = ["admits", "admitting", "by_pin", "narrow", "undecided", "versions"]


def admits(lock: Lock, file: File) -> bool:
    """Whether a client may have ``file``: some pin of its project allows its version and its content.

    A file without a sha256 is not admitted: there would be nothing to hold its bytes to.

    A digest that upstream claims counts if it is the sha256 that the file is fetched, kept and served under. Any other
    counts once it was computed here from the bytes that bear that sha256: else an upstream could pair the sha512 that a
    lock asks for with the sha256 of something else.
    """
    return bool(admitting(lock, file))


def admitting(lock: Lock, file: File) -> tuple[Pin, ...]:
    """The pins that admit ``file``; none where it is not admitted."""
    if file.sha256 is None:
        return ()
    believed = _believed(file)
    return tuple(pin for pin in _meant(lock, file) if _has_right_content(pin, file, believed))


def by_pin(lock: Lock, page: Page) -> Mapping[Pin, Sequence[File]]:
    """The files on a page that each pin of its project admits, where it admits any."""
    files: dict[Pin, list[File]] = {}
    for file in page.files:
        for pin in admitting(lock, file):
            files.setdefault(pin, []).append(file)
    return files


def undecided(lock: Lock, file: File) -> bool:
    """Whether ``file`` must be measured before it can be listed or ruled out.

    It is so for a file that its version admits where its sha256 is unknown, or where the lock has digests of
    other algorithms alone that might match. A claim that already speaks against the file spares the download.
    """
    if file.measured or file.source is not None or admits(lock, file):
        return False
    return any(not pin.digests or _may_match(pin, file) for pin in _meant(lock, file))


def narrow(lock: Lock, page: Page) -> Page:
    """The page with the files that ``lock`` admits, and no others."""
    return evolve(page, files=tuple(file for file in page.files if admits(lock, file)))


def versions(pins: Iterable[Pin]) -> frozenset[Version]:
    """The versions of which a file of an index has to be for some of ``pins`` to admit it.

    For ``===`` too: a file whose version is spelled as the pin spells it has the version that the pin's text is, and to
    a text that is none there is no file. So a page can be cut down to these before :func:`admits` is asked.
    """
    found: set[Version] = set()
    for pin in pins:
        with suppress(InvalidVersion):
            if pin.source is None:
                found.add(Version(pin.version))
    return frozenset(found)


def _meant(lock: Lock, file: File) -> list[Pin]:
    """The pins that mean a file of this project, of this version or source, of this kind and from its index.

    Versions are compared as :pep:`440` does, but for one thing: ``==1.0`` does not admit ``1.0+local``.
    """
    if file.source is not None:
        return list(lock.releases.get((file.project, file.source), ()))
    named: list[Release] = [file.version, *{file.version_text.lower(), str(file.version).lower()}]
    pins = [pin for release in named for pin in lock.releases.get((file.project, release), ())]
    return [pin for pin in pins if (pin.wheels if file.wheel else pin.sdists) and _may_come_from(pin, file.index)]


def _may_come_from(pin: Pin, index: str) -> bool:
    """Whether a pin admits files of an index. Where it has digests they decide, wherever the file was found."""
    return bool(pin.digests) or index in (pin.indexes or ("",))


def _has_right_content(pin: Pin, file: File, believed: frozenset[Digest]) -> bool:
    """Whether the digests that the lock has are the file's: one of a release's, or all of a source's."""
    if pin.source is None:
        return not pin.digests or not pin.digests.isdisjoint(believed)
    asked = pin.source.digests if isinstance(pin.source, Archive) else frozenset()
    return file.measured and asked <= file.digests


def _believed(file: File) -> frozenset[Digest]:
    return file.digests if file.measured else frozenset({Digest("sha256", str(file.sha256))})


def _may_match(pin: Pin, file: File) -> bool:
    """Whether a digest of the pin's could turn out to be the file's: it is claimed, or nothing is known against it."""
    claimed = {digest.algorithm for digest in file.digests}
    return any(digest in file.digests or digest.algorithm not in claimed for digest in pin.digests)
