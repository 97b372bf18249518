"""The files of an address for a static tree, verified, with everything that is read from them or is next to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from attrs import evolve, frozen

from reqpi.cli.folders.static_tree import StaticTree
from reqpi.cli.inputs.checked_listing import CheckedListing
from reqpi.cli.messages import tell_remark
from reqpi.cli.progress import metered
from reqpi.client.answers import trouble_of
from reqpi.client.errors import ClientError, WrongBytes, WrongListing
from reqpi.client.exchange import ask
from reqpi.client.fetching import FetchFailed, fetch, remove
from reqpi.client.listed_file import ListedFile
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import target_of
from reqpi.core.attest.errors import BadAttestation
from reqpi.core.metadata.promises import promised_digest, without_promises
from reqpi.core.metadata.wheel import BrokenWheel, wheel_metadata
from reqpi.core.model import File, Page, Project
from reqpi.core.provenance.objects import LARGEST, read_provenance
from reqpi.core.static_tree.files import page_file_url, provenance_url
from reqpi.core.variants import merged, read_variant, variant_files

__all__ = ["MirroredFiles", "fetch_bytes", "mirrored_files"]


@frozen
class MirroredFiles:
    """The content of an address that is read from its files, or is next to them.

    :param listing: the lock, and its pages as the server shows them once it has read the wheels.
    :param files: each file of a page.
    :param metadata: the core metadata of each wheel that has any.
    :param provenance: the object that the index lists for a file.
    :param variants: the file that describes the variant wheels of a release, by project and filename.
    """

    listing: CheckedListing
    files: tuple[File, ...]
    metadata: Mapping[File, bytes]
    provenance: Mapping[File, bytes]
    variants: Mapping[tuple[Project, str], bytes]


def mirrored_files(
    url: str,
    found: CheckedListing,
    tree: StaticTree,
    landed: Callable[[ListedFile], None] = lambda _: None,
    *,
    quiet: bool,
) -> MirroredFiles:
    """Fetch the files that the tree does not have, verify all of them, and read the wheels.

    :param url: the server.
    :param found: the files that it lists.
    :param landed: called from several threads with each file that is there.
    :raises reqpi.client.fetching.FetchFailed: some could not be fetched.
    :raises reqpi.client.errors.ClientError: the server sends something else than the lock admits.
    """
    files = _files_on(found.pages)
    fresh = _fetched(url, found, files, tree, landed, quiet=quiet)
    try:
        _check_same(found, files, tree.files)
    except WrongBytes:
        remove(fresh, tree.files)
        raise
    metadata = dict(_metadata(files, tree.files))
    broken = {str(file.sha256) for file, body in metadata.items() if _breaks_promise(file, body)}
    pages = {project: without_promises(page, broken) for project, page in found.pages.items()}
    shown = dict(zip(files, _files_on(pages), strict=True))
    provenance = _provenance(url, found.commitment.address, files)
    return MirroredFiles(
        evolve(found, pages=pages),
        tuple(shown.values()),
        {shown[file]: body for file, body in metadata.items()},
        {shown[file]: body for file, body in provenance.items()},
        dict(_variants(pages, tree.files)),
    )


def _files_on(pages: Mapping[Project, Page]) -> tuple[File, ...]:
    return tuple(file for _, page in sorted(pages.items()) for file in page.files)


def _breaks_promise(file: File, metadata: bytes) -> bool:
    """Return whether a page promises other core metadata than a wheel has: the server then promises it no more."""
    promised = promised_digest(file)
    return promised is not None and promised.hex != sha256(metadata).hexdigest()


def _fetched(
    url: str,
    found: CheckedListing,
    files: Iterable[File],
    tree: StaticTree,
    landed: Callable[[ListedFile], None],
    *,
    quiet: bool,
) -> list[ListedFile]:
    """Fetch the bytes of each digest once."""
    wanted: dict[str, ListedFile] = {}
    for file in files:
        digest = str(file.sha256)
        tree.offer(digest, page_file_url(file))
        wanted.setdefault(digest, ListedFile(file.project, file.filename, digest, file.size, saved_as=digest))
    with metered(sum(each.size or 0 for each in wanted.values()), len(wanted), quiet=quiet) as meter:

        def there(file: ListedFile) -> None:
            meter.file()
            landed(file)

        return fetch(
            url,
            found.commitment.address,
            list(wanted.values()),
            tree.files,
            meter.count,
            landed=there,
            is_right=found.is_right,
            replace=True,
        )


def _check_same(found: CheckedListing, files: Iterable[File], folder: Path) -> None:
    """Check each further file with the bytes of one that was verified: the lock may have other digests for it.

    :raises WrongBytes: it does not admit them.
    """
    seen: set[str] = set()
    for file in files:
        digest = str(file.sha256)
        if digest in seen:
            with (folder / digest).open("rb") as content:
                if not found.is_right(file, content):
                    title = f"wrong bytes for {file.filename}"
                    raise WrongBytes(title, "None of its digests is one that the lock admits.")
        seen.add(digest)


def _metadata(files: Iterable[File], folder: Path) -> Iterator[tuple[File, bytes]]:
    """Yield the core metadata inside each wheel. A wheel that is broken has none: no installer could use it either."""
    for file in files:
        if file.wheel:
            try:
                with (folder / str(file.sha256)).open("rb") as wheel:
                    yield file, wheel_metadata(wheel, file.filename, file.project)
            except BrokenWheel as broken:
                tell_remark(f"the core metadata of {file.filename} is left out: {broken.title}. {broken.detail}")


def _variants(pages: Mapping[Project, Page], folder: Path) -> Iterator[tuple[tuple[Project, str], bytes]]:
    """Yield the files that describe variant wheels. The server has none either if wheels contradict each other."""
    for project, page in pages.items():
        for filename, wheels in variant_files(page).items():
            try:
                yield (project, filename), merged([(wheel.filename, _variant(wheel, folder)) for wheel in wheels])
            except BrokenWheel as broken:
                tell_remark(f"{filename} is left out: {broken.title}. {broken.detail}")


def _variant(wheel: File, folder: Path) -> bytes:
    with (folder / str(wheel.sha256)).open("rb") as content:
        return read_variant(content, wheel.filename, wheel.project)


def _provenance(url: str, address: str, files: Iterable[File]) -> dict[File, bytes]:
    """Return the provenance objects, each of which is about its file.

    :raises FetchFailed: some could not be fetched.
    :raises WrongListing: one is about another file.
    """
    found, failures = {}, {}
    for file in files:
        if file.provenance is not None:
            try:
                found[file] = fetch_bytes(url, f"/{address}/{quote(provenance_url(file))}", LARGEST + 1)
                read_provenance(found[file], file.filename, str(file.sha256))
            except BadAttestation as bad:
                raise WrongListing("the provenance", [f"{file.filename}: {bad}"]) from bad
            except ClientError as error:
                failures[f"{file.filename}.provenance"] = error
    if failures:
        raise FetchFailed(failures)
    return found


def fetch_bytes(url: str, path: str, longest: int) -> bytes:
    """Return what the server has at a path; wait until it has it.

    :param longest: bytes.
    :raises reqpi.client.errors.ServerTrouble: it has nothing, or too much.
    """
    target = target_of(url)
    answer = poll(partial(ask, target, "GET", path, longest=longest), unavailable(target, path))
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body
