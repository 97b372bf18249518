"""The predicate that decides which files a lock admits. It is the only filter.

Pages, files and metadata all ask :func:`admits`, and no other code in ReqPI decides what a client may have. A filter
that guards the page but not the file behind it is the hole that this module exists to close.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from attrs import evolve
from packaging.version import InvalidVersion, Version

from reqpi.core.model import Archive, Digest, File, Lock, Page, Pin, Release

__all__ = [
    "admits",
    "admitted_page",
    "admitting",
    "by_pin",
    "has_right_bytes",
    "needs_publishers",
    "required",
    "rests_on_measurement",
    "undecided",
    "versions",
]


def admits(lock: Lock, file: File) -> bool:
    """Return whether a client may have ``file``: some pin of its project allows its version, content and publisher.

    A file without a sha256 is not admitted: nothing would exist to verify its bytes against.

    A digest that an upstream claims counts only if it is a sha256, because the file is fetched, stored and served under
    it. Any other digest counts only once it was computed here, from the bytes that have this sha256. Otherwise an
    upstream could pair the sha512 that a lock demands with the sha256 of other bytes.

    A publisher counts likewise only once an attestation was verified here, and became one of ``file.publishers``.
    """
    return bool(admitting(lock, file))


def admitting(lock: Lock, file: File) -> tuple[Pin, ...]:
    """Return the pins that admit ``file``; empty if it is not admitted."""
    return tuple(pin for pin in _with_right_bytes(lock, file) if _is_published(pin, file))


def has_right_bytes(lock: Lock, file: File) -> bool:
    """Return whether some pin allows the version and the content of ``file``, and not who published it."""
    return bool(_with_right_bytes(lock, file))


def needs_publishers(lock: Lock, file: File) -> bool:
    """Return whether it has to be found out who published ``file`` before it can be listed or ruled out."""
    pins = _with_right_bytes(lock, file)
    return bool(pins) and all(pin.identities for pin in pins)


def by_pin(lock: Lock, page: Page) -> Mapping[Pin, Sequence[File]]:
    """Return the files of a page by the pin that admits them. A pin that admits no file is left out."""
    files: dict[Pin, list[File]] = {}
    for file in page.files:
        for pin in admitting(lock, file):
            files.setdefault(pin, []).append(file)
    return files


def undecided(lock: Lock, file: File) -> bool:
    """Return whether ``file`` must be measured before it can be listed or ruled out.

    This is the case if a pin allows its version, and either its sha256 is unknown or the lock has only digests of other
    algorithms, one of which might match. A claimed digest that already contradicts the lock makes the download
    unnecessary.
    """
    if file.measured or file.source is not None or has_right_bytes(lock, file):
        return False
    return any(not pin.digests or _may_match(pin, file) for pin in _matching(lock, file))


def rests_on_measurement(lock: Lock, file: File) -> bool:
    """Return whether ``file`` is admitted only for a digest other than its sha256, which must have been computed.

    A file of a pin without digests is admitted for none.
    """
    sha256 = {Digest("sha256", str(file.sha256))}
    return all(required(pin) and sha256.isdisjoint(required(pin)) for pin in admitting(lock, file))


def admitted_page(lock: Lock, page: Page) -> Page:
    """Return the page with only the files that ``lock`` admits."""
    return evolve(page, files=tuple(file for file in page.files if admits(lock, file)))


def versions(pins: Iterable[Pin]) -> frozenset[Version]:
    """Return the versions that any of ``pins`` could match, so that a page can be reduced to them beforehand.

    No file of another version on an index is admitted by any of the pins. This holds for ``===``, too: a file whose
    version is spelled as the pin spells it has the version that the pin's text denotes. An ``===`` pin whose text is
    not a :pep:`440` version matches no file, so it is left out. Sources have no versions here.
    """
    found: set[Version] = set()
    for pin in pins:
        with suppress(InvalidVersion):
            if pin.source is None:
                found.add(Version(pin.version))
    return frozenset(found)


def _with_right_bytes(lock: Lock, file: File) -> tuple[Pin, ...]:
    """Return the pins that allow the version and the content of a file."""
    if file.sha256 is None:
        return ()
    trusted = _trusted_digests(file)
    return tuple(pin for pin in _matching(lock, file) if _has_right_content(pin, file, trusted))


def _is_published(pin: Pin, file: File) -> bool:
    """Return whether a file was published by one of the publishers that a pin names, or the pin names none."""
    return not pin.identities or any(each.is_named_by(one) for each in file.publishers for one in pin.identities)


def _matching(lock: Lock, file: File) -> list[Pin]:
    """Return the pins that match the file's project, its version or source, its kind and its index.

    Versions are compared as in :pep:`440`, with one exception: ``==1.0`` does not admit ``1.0+local``.
    """
    if file.source is not None:
        return list(lock.releases.get((file.project, file.source), ()))
    named: list[Release] = [file.version, *{file.version_text.lower(), str(file.version).lower()}]
    pins = [pin for release in named for pin in lock.releases.get((file.project, release), ())]
    return [pin for pin in pins if (pin.wheels if file.wheel else pin.sdists) and _may_come_from(pin, file.index)]


def _may_come_from(pin: Pin, index: str) -> bool:
    """Return whether a pin admits files of an index. If it has digests, these decide, wherever the file was found."""
    return bool(pin.digests) or index in (pin.indexes or ("",))


def _has_right_content(pin: Pin, file: File, trusted: frozenset[Digest]) -> bool:
    """Return whether the lock's digests are the file's: one of those of a release, or all of those of a source."""
    if pin.source is None:
        return not pin.digests or not pin.digests.isdisjoint(trusted)
    return file.measured and required(pin) <= file.digests


def required(pin: Pin) -> frozenset[Digest]:
    """Return the digests that a pin gives: one of them is that of a file of a release, all are those of a source."""
    if pin.source is None:
        return pin.digests
    return pin.source.digests if isinstance(pin.source, Archive) else frozenset()


def _trusted_digests(file: File) -> frozenset[Digest]:
    """Return the digests that count: all those computed here, otherwise the claimed sha256 alone."""
    return file.digests if file.measured else frozenset({Digest("sha256", str(file.sha256))})


def _may_match(pin: Pin, file: File) -> bool:
    """Return whether a digest of the pin could be the file's: it is claimed, or no claim contradicts it."""
    claimed = {digest.algorithm for digest in file.digests}
    return any(digest in file.digests or digest.algorithm not in claimed for digest in pin.digests)
