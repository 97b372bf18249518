"""The lock as a ``pylock.toml`` (:pep:`751`): every file with its URL under the address and its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import tomli_w
from packaging.markers import Marker
from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from reqpi.core.errors import NothingUpstream
from reqpi.core.export.admitted import Admitted, url_of
from reqpi.core.filenames import variant_label
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.core.releases import sdist_of

__all__ = ["pylock"]


def pylock(commitment: Commitment, pages: Mapping[Project, Page], here: str) -> bytes:
    """Return the lock as a ``pylock.toml``.

    :param pages: the frozen page of every project that the lock pins.
    :param here: the URL of the address, with a slash at its end.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file, or variant wheels only.
    """
    admitted = Admitted(commitment, pages)
    packages: dict[tuple[str, str, str], Package] = {}
    for pin in commitment.lock.pins:
        key = (pin.project, pin.version if pin.source is None else str(pin.source), pin.marker or "")
        packages.setdefault(key, _package(pin, admitted.files(pin), here))
    support = commitment.lock.support
    document = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(each) for each in support.environments] or None,
        requires_python=SpecifierSet(support.requires_python) if support.requires_python else None,
        created_by="reqpi",
        packages=[packages[key] for key in sorted(packages)],
    )
    document.validate()
    return tomli_w.dumps(dict(document.to_dict())).encode()


def _package(pin: Pin, files: Sequence[File], here: str) -> Package:
    marker = Marker(pin.marker) if pin.marker else None
    if pin.source is not None:
        return Package(name=pin.project, marker=marker, archive=_archive(pin, files[0], here))
    # pip rejects the whole document for the filename of a variant wheel, which uv takes from the index.
    wheels = [_wheel(file, here) for file in files if file.wheel and variant_label(file.filename) is None]
    sdist = sdist_of(files)
    if not wheels and sdist is None:
        where = (
            f"Line {pin.line} of {pin.document or 'the lock'} pins variant wheels, which no pylock.toml can list yet."
        )
        raise NothingUpstream(f"{pin.project} {files[0].version} has variant wheels only", where)
    return Package(
        name=pin.project,
        version=files[0].version,
        marker=marker,
        index=f"{here}simple/",
        wheels=wheels or None,
        sdist=None if sdist is None else _sdist(sdist, here),
        attestation_identities=[each.members for each in pin.identities] or None,
    )


def _wheel(file: File, here: str) -> PackageWheel:
    return PackageWheel(
        name=file.filename,
        url=url_of(file, here),
        size=_size(file),
        upload_time=_time(file),
        hashes={"sha256": str(file.sha256)},
    )


def _sdist(file: File, here: str) -> PackageSdist:
    return PackageSdist(
        name=file.filename,
        url=url_of(file, here),
        size=_size(file),
        upload_time=_time(file),
        hashes={"sha256": str(file.sha256)},
    )


def _archive(pin: Pin, file: File, here: str) -> PackageArchive:
    subdirectory = pin.source.subdirectory if pin.source is not None else None
    return PackageArchive(
        url=url_of(file, here), size=_size(file), hashes={"sha256": str(file.sha256)}, subdirectory=subdirectory
    )


def _size(file: File) -> int | None:
    """Return the size of a file if it was computed here: uv rejects a file of another size than the document states.

    An upstream's page may be wrong about it, and the digest of a file does not cover what a page says.
    """
    return file.size if file.measured else None


def _time(file: File) -> datetime | None:
    try:
        return datetime.fromisoformat(file.upload_time) if file.upload_time else None
    except ValueError:
        return None
