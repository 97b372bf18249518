"""What a lock admits: the only filter there is.

Pages, files and metadata all ask :func:`admits`. A filter that guards the page and not the file behind it is
the hole that this module exists to close, so nothing else in ReqPI decides what a client may have.
"""

from __future__ import annotations

from functools import lru_cache

from attrs import evolve
from packaging.version import InvalidVersion, Version

from reqpi.model import Archive, Digest, File, Lock, Page, Pin

__all__ = ["admits", "narrow", "undecided"]


def admits(lock: Lock, file: File) -> bool:
    """Whether a client may have ``file``: some pin of its project allows its version and its content.

    A file without a sha256 is not admitted: there would be nothing to hold its bytes to.

    A digest that upstream claims counts if it is a sha256, because a file is fetched, kept and served under that
    digest and no other. Any other digest counts once it was computed here from the bytes that bear the sha256: else
    an upstream could pair the sha512 that a lock asks for with the sha256 of something else.
    """
    if file.sha256 is None:
        return False
    return any(_admits(pin, file) for pin in lock.projects.get(file.project, ()))


def undecided(lock: Lock, file: File) -> bool:
    """Whether ``file`` must be measured before it can be listed or ruled out.

    It is so for a file that its version admits where its sha256 is unknown, or where the lock has digests of
    other algorithms alone that might match. A claim that already speaks against the file spares the download.
    """
    if file.measured or admits(lock, file):
        return False
    return any(
        _allows(pin, file) and (not pin.digests or _may_match(pin, file)) for pin in lock.projects.get(file.project, ())
    )


def narrow(lock: Lock, page: Page) -> Page:
    """The page with the files that ``lock`` admits, and no others."""
    return evolve(page, files=tuple(file for file in page.files if admits(lock, file)))


def _admits(pin: Pin, file: File) -> bool:
    if pin.source is not None or file.source is not None:
        return pin.source == file.source and _is_source(pin, file)
    return _allows(pin, file) and (not pin.digests or not pin.digests.isdisjoint(_believed(file)))


def _is_source(pin: Pin, file: File) -> bool:
    """A source is admitted by its bytes: every digest that the lock has of it was computed here, and is right."""
    asked = pin.source.digests if isinstance(pin.source, Archive) else frozenset()
    return file.measured and asked <= file.digests


def _believed(file: File) -> frozenset[Digest]:
    return frozenset(digest for digest in file.digests if file.measured or digest.algorithm == "sha256")


def _allows(pin: Pin, file: File) -> bool:
    """Whether ``pin`` allows a file of this kind and version from this index.

    A pin with digests takes its files from any of its indexes: the digests decide.
    """
    if pin.source is not None or file.source is not None:
        return False
    kind = pin.wheels if file.wheel else pin.sdists
    return kind and file.index in (pin.indexes or ("",)) and _allows_version(pin, file)


def _may_match(pin: Pin, file: File) -> bool:
    """Whether a digest of the pin's could turn out to be the file's: it is claimed, or nothing is known against it."""
    claimed = {digest.algorithm for digest in file.digests}
    return any(digest in file.digests or digest.algorithm not in claimed for digest in pin.digests)


def _allows_version(pin: Pin, file: File) -> bool:
    """Compare as :pep:`440` does, but for one thing: ``==1.0`` does not admit ``1.0+local``."""
    if pin.arbitrary:
        wanted = pin.version.lower()
        return wanted in (file.version_text.lower(), str(file.version).lower())
    return _version(pin.version) == file.version


@lru_cache(maxsize=65536)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
