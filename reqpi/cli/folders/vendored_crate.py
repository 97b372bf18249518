"""One crate in a folder of its own, with the digests of its files: what cargo takes from a directory source."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path

from attrs import define, field

from reqpi.core.crates.crate_archive import CHECKSUM_FILE, CrateFile

__all__ = ["NOT_VENDORED", "VendoredCrate"]

NOT_VENDORED = frozenset({".gitattributes", ".gitignore", ".git"})
"""``cargo vendor`` omits these files: in a repository, they would change how git treats a crate."""

_OF_CARGO = frozenset([CHECKSUM_FILE, ".cargo-ok"])
"""Files that cargo writes itself."""


@define
class VendoredCrate:
    """A crate that is being written into a new folder.

    :param folder: is made, with those above it.
    """

    folder: Path
    _digests: dict[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    def add(self, file: CrateFile) -> None:
        """Write a file, unless it is one that no folder of a crate has."""
        if not NOT_VENDORED.isdisjoint(file.path.split("/")) or file.path in _OF_CARGO:
            return
        place = self.folder.joinpath(*file.path.split("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o755 if file.executable else 0o644
        with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as stream:
            stream.write(file.data)
        self._digests[file.path] = sha256(file.data).hexdigest()

    def finish(self, package: str | None) -> None:
        """Write the digests of the files.

        :param package: the sha256 of the ``.crate``; ``None`` for a crate of a git repository.
        """
        sums = {"files": dict(sorted(self._digests.items())), "package": package}
        with open(self.folder / CHECKSUM_FILE, "xb") as stream:
            stream.write(json.dumps(sums, separators=(",", ":")).encode())
