"""The files of an sdist from which cargo resolves its crates: manifests, the Cargo.lock, and the names of its sources.

Cargo needs no more to compare a Cargo.lock with its Cargo.toml. The other files stay in the archive: a
``.cargo/config.toml`` can name programs that cargo starts, and a ``rust-toolchain.toml`` a compiler to download.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Any
from zipfile import BadZipFile, ZipFile

from attrs import field, frozen

from reqpi.core.crates.registry_names import registry_named
from reqpi.core.crates.sdist import entry_content, member_content, parts_of, rank_of
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.tools.toml_document import load
from reqpi.core.metadata import tar_members
from reqpi.core.metadata.sdist import BrokenSdist
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE, GuardedFile

__all__ = ["CargoTree", "FromGit", "UnsafeTree", "cargo_tree", "manifest_registries"]

_LOCK, _MANIFEST, _SOURCE = "Cargo.lock", "Cargo.toml", ".rs"

_MANIFESTS = 8 << 20
"""Bytes of all manifests together."""

_LONGEST = 500
"""Characters of a path below the folder that the tree is written to."""

_FOR_OTHERS = {("package", "metadata"), ("workspace", "metadata")}
"""Tables that cargo does not read."""

_PATHS = {("package", "workspace"), ("project", "workspace")}
_PATTERNS = {("workspace", "members"), ("workspace", "default-members")}
"""Values that are paths, beside those of any key ``path``. A part of a pattern that begins with a dot, such as ``.?``,
also matches ``..``, and what is before it matches any folder, so that it leads anywhere."""

_DEPENDENCIES = {"dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"}

_UNREADABLE = "cannot be read"


class UnsafeTree(Exception):
    """A manifest that would make cargo read files outside the sdist, or ask a host that the operator did not name."""


class FromGit(UnsafeTree):
    """A manifest that takes a crate from a git repository, which cargo would ask to choose a commit."""


@frozen
class CargoTree:
    """The files from which cargo resolves the crates of an sdist.

    :param root: the folder of the Cargo.toml, below the top folder of the archive; empty for the top folder itself.
    :param files: by path below the top folder: manifests with their content, sources without.
    :param lock: the Cargo.lock next to that Cargo.toml; ``None`` if there is none.
    """

    root: str
    files: Mapping[str, bytes] = field(repr=False)
    lock: bytes | None = field(default=None, repr=False)

    @property
    def manifest(self) -> str:
        """The path of the Cargo.toml."""
        return join(self.root, _MANIFEST)

    @property
    def lock_path(self) -> str:
        """The path of the Cargo.lock."""
        return join(self.root, _LOCK)


def cargo_tree(data: bytes, filename: str, lock: str = "", subdirectory: str | None = None) -> CargoTree | None:
    """Return the files of an sdist from which cargo resolves its crates; ``None`` if it has no Cargo.toml for that.

    :param data: the whole archive.
    :param filename: for messages.
    :param lock: the path of its Cargo.lock in the archive, whose Cargo.toml is next to it; empty: it has none, and its
        Cargo.toml is the one nearest to the top of the project.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    :raises BrokenSdist: the archive cannot be read.
    """
    try:
        found = _files(data, lock)
    except (*tar_members.UNREADABLE, *UNREADABLE) as error:
        raise BrokenSdist(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error
    manifests = [path for path in found if path.rpartition("/")[2] == _MANIFEST]
    project = parts_of(subdirectory)
    ranked = [(rank, path) for path in manifests if (rank := rank_of(path, project))]
    named = join(dirname(lock), _MANIFEST) if lock else min(ranked, default=(None, ""))[1]
    if named not in found:
        return None
    top, below = f"{named.split('/')[0]}/", dirname(named).partition("/")[2]
    files = {path.removeprefix(top): content for path, content in found.items() if path.startswith(top)}
    return CargoTree(below, files, files.pop(join(below, _LOCK), None))


def _files(data: bytes, lock: str) -> dict[str, bytes]:
    """Return the wanted files by their path in the archive. Of two files with one path, the last counts.

    :raises ValueError: the manifests are too large.
    """
    found: dict[str, bytes] = {}
    left = _MANIFESTS
    for path, read in (_in_zip if data.startswith(b"PK") else _in_tar)(data):
        if not _is_plain(path):
            continue
        if path.endswith(_SOURCE):
            found[path] = b""
        elif path == lock or path.rpartition("/")[2] == _MANIFEST:
            content = read()
            left -= len(content or b"")
            if content is None or left < 0:
                raise ValueError(f"{path[:200]} is too large")
            found[path] = content
    return found


_Read = Callable[[], bytes | None]


def _in_tar(data: bytes) -> Iterator[tuple[str, _Read]]:
    for member, archive in tar_members.members(data):
        if member.isfile():
            yield member.name.removeprefix("./"), lambda member=member, archive=archive: member_content(member, archive)  # type: ignore[misc]


def _in_zip(data: bytes) -> Iterator[tuple[str, _Read]]:
    with ZipFile(GuardedFile(BytesIO(data))) as archive:
        if len(archive.filelist) > MAX_ENTRIES:
            raise BadZipFile(f"more than {MAX_ENTRIES} files")
        for entry in archive.filelist:
            if not entry.is_dir():
                yield entry.filename, lambda entry=entry: entry_content(entry, archive)  # type: ignore[misc]


def _is_plain(path: str) -> bool:
    """Return whether a file is inside the top folder of its archive, under a path that means the same everywhere."""
    parts = path.split("/")
    hidden = any(part.startswith(".") or part == "" for part in parts)  # also . and ..
    return len(parts) > 1 and not hidden and len(path) <= _LONGEST and path.isprintable() and "\\" not in path


def manifest_registries(tree: CargoTree) -> frozenset[str]:
    """Return the registries that the manifests of a tree name, as :attr:`reqpi.core.crates.model.Crate.registry`.

    :raises UnsafeTree: a manifest names a git repository or a path outside the tree, or cannot be read.
    """
    found: set[str] = set()
    for path, content in tree.files.items():
        if path.rpartition("/")[2] == _MANIFEST:
            try:
                found.update(_registries(_tables(content), dirname(path)))
            except FromGit as error:
                raise FromGit(f"its {path} {error}") from error
            except (UnsafeTree, RecursionError) as error:
                raise UnsafeTree(f"its {path} {error if isinstance(error, UnsafeTree) else _UNREADABLE}") from error
    return frozenset(found - {""})


def _tables(content: bytes) -> Mapping[str, Any]:
    try:
        return load(content, "", Findings(content.decode("utf-8", "replace").split("\n"))).tables
    except BrokenLock as error:
        raise UnsafeTree(_UNREADABLE) from error


def _registries(value: object, folder: str, keys: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the registries that a part of a manifest names.

    :param folder: of the manifest.
    :param keys: of the part.
    :raises UnsafeTree: it names a git repository, a path outside the tree, or a patch of another source.
    """
    if isinstance(value, dict):
        if keys == ("patch",) and value.keys() - {"crates-io"}:
            raise UnsafeTree("patches another source than the usual registry")
        for name, part in value.items():
            if (*keys, name) not in _FOR_OTHERS:
                yield from _registries(part, folder, (*keys, name))
    elif isinstance(value, list):
        for part in value:
            yield from _registries(part, folder, keys)
    elif isinstance(value, str) and not _has_names(keys[:-1]):
        _check(value, folder, keys)
        if keys[-1] == "registry-index":
            yield registry_named(value)


def _has_names(keys: tuple[str, ...]) -> bool:
    """Return whether the keys of a table are names that the author chose: of dependencies, or of features."""
    match keys:
        case ("features",) | ("replace",) | ("patch", _) | ("workspace", "dependencies"):
            return True
        case (kind,) | ("target", _, kind):
            return kind in _DEPENDENCIES
    return False


def _check(text: str, folder: str, keys: tuple[str, ...]) -> None:
    if keys[-1] == "git":
        raise FromGit("takes a crate from git")
    leaves = keys in _PATTERNS and any(part.startswith(".") and part != "." for part in text.split("/"))
    if leaves or ((keys in _PATHS or keys in _PATTERNS or keys[-1] == "path") and _leaves(join(folder, text))):
        raise UnsafeTree("names a path outside the sdist")


def _leaves(path: str) -> bool:
    """Return whether a path, relative to the tree, leads out of it."""
    return path.startswith("/") or "\\" in path or normpath(path).split("/")[0] == ".."
