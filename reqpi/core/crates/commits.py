"""The commits of git repositories from which a Cargo.lock takes crates: what each is called, and its frozen archive."""

from __future__ import annotations

import json
import re
from typing import Any

from attrs import evolve, frozen
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.model import GitCrate
from reqpi.core.model import Digest, File, Git
from reqpi.core.source_names import name_of_source
from reqpi.core.stored_json import mapping, parse, typed

__all__ = ["CrateCommit", "commit_at", "commit_document", "dump_commit", "frozen_file", "load_commit"]

_KIND, _SUBMODULES = "git+", "#submodules"

_RECORD = re.compile(rb"([0-9a-f]{64})\n([^\n]+)\n")


@frozen(order=True)
class CrateCommit:
    """A commit of a git repository.

    :param url: the repository, as :attr:`reqpi.core.crates.model.GitCrate.url`.
    :param id: 40 or 64 lower-case hex digits.
    """

    url: str
    id: str

    @classmethod
    def of(cls, crate: GitCrate) -> CrateCommit:
        """Return the commit that has a crate."""
        return cls(crate.url, crate.commit)

    @property
    def key(self) -> str:
        """The name of the repository in the URLs of an address."""
        return registry_key(self.url)

    @property
    def filename(self) -> str:
        """The name of its archive: ``<repository>-<commit>.tar.gz``."""
        return name_of_source(Git(self.url, self.id))

    @property
    def file(self) -> File:
        """The archive as a file that has to be measured. Like cargo, it includes submodules."""
        return File(
            filename=self.filename,
            project=canonicalize_name(self.filename.removesuffix(f"-{self.id}.tar.gz") or "repository"),
            version=Version("0"),
            version_text=self.id,
            wheel=False,
            url=f"{_KIND}{self.url}@{self.id}{_SUBMODULES}",
            listed=False,
        )


def commit_document(filename: str, sha256: str, size: int | None) -> bytes:
    """Return what an address says about the archive of a commit, as JSON."""
    return json.dumps({"filename": filename, "sha256": sha256, "size": size}).encode() + b"\n"


def commit_at(url: str) -> CrateCommit | None:
    """Return the commit whose archive has this URL; ``None`` if it is the URL of something else."""
    if not url.startswith(_KIND):
        return None
    place, _, commit = url.removeprefix(_KIND).removesuffix(_SUBMODULES).rpartition("@")
    return CrateCommit(place, commit)


def frozen_file(commit: CrateCommit, sha256: str, size: int) -> File:
    """Return the archive of a commit with the digest that it had the first time."""
    return evolve(commit.file, digests=frozenset({Digest("sha256", sha256)}), size=size, measured=True)


def dump_commit(commit: CrateCommit, file: File) -> bytes:
    """Return the measured archive of a commit for the store. A sweep reads the digest at its beginning.

    :param file: with its sha256 and its size.
    """
    content = {"layout": 1, "url": commit.url, "commit": commit.id, "size": file.size}
    return f"{file.sha256}\n{json.dumps(content, separators=(',', ':'))}\n".encode()


def load_commit(data: bytes) -> tuple[CrateCommit, File]:
    """Return a commit and its archive, as :func:`dump_commit` wrote them.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: the record is damaged.
    """
    written = _RECORD.fullmatch(data)
    if written is None:
        raise ValueError("it is not a digest and the commit that it belongs to")
    content: Any = mapping(parse(written[2]))
    if content["layout"] != 1:
        raise ValueError("it has another layout")
    commit = CrateCommit(typed(content["url"], str), typed(content["commit"], str))
    size = typed(content["size"], int)
    if size < 0:
        raise ValueError("its size is negative")
    return commit, frozen_file(commit, written[1].decode(), size)
