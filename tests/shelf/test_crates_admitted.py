"""Which crates a lock admits, sdist by sdist."""

from __future__ import annotations

from hashlib import sha256

from reqpi.shelf.crates.admitted import AdmittedOfLocks
from tests.core.metadata.test_pkg_info import a_tar
from tests.crates_case import CratesCase
from tests.rust_sdists import GREET, WORDS, cargo_lock

PYPROJECT = b'[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'
URL = "https://files.example.org/both.tar.gz"


def project(folder: str, crate: str) -> list[tuple[str, bytes]]:
    """A project in a folder of an archive, with its own Cargo.lock."""
    return [(f"top/{folder}/pyproject.toml", PYPROJECT), (f"top/{folder}/Cargo.lock", crate.encode())]


class TwoProjectsTests(CratesCase):
    """One archive has two projects, each in a subdirectory with a Cargo.lock of its own."""

    async def test_each_has_the_crates_of_its_own_cargo_lock(self) -> None:
        """They have one digest, so they differ in their subdirectories alone."""
        locks = {"a": cargo_lock("a", "1.0.0", [WORDS]), "b": cargo_lock("b", "1.0.0", [GREET])}
        data = a_tar(*(file for folder, text in locks.items() for file in project(folder, text)))
        self.upstream.files[f"archive+{URL}"] = data
        digest = sha256(data).hexdigest()
        lines = [f"{name} @ {URL}#sha256={digest}&subdirectory={name}" for name in locks]
        commitment = await self.shelf.commitment(await self.committed(*lines))
        admitted = AdmittedOfLocks(self.shelf, self.clock)
        found = {
            file.project: [crate.name for crate in (await admitted.of_sdists(commitment, [file])).crates.crates]
            for file in await admitted.sdists(commitment)
        }
        self.assertEqual(found, {"a": [WORDS.name], "b": [GREET.name]})
