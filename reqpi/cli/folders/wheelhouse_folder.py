"""A wheelhouse on disk: it is extended and written again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path

from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.client.errors import BadUsage
from reqpi.client.listed_file import ListedFile
from reqpi.client.own_files import create_own
from reqpi.core import export, filenames
from reqpi.core.export.built import BuiltWheel, with_built
from reqpi.core.model import Commitment, Digest, File, Page, Project

__all__ = ["built_of", "without_build_requirements", "write"]

_PIECE = 1 << 20
_REQUIREMENTS = "requirements.txt"

_WORD = re.compile(r"[-_. ]")


def built_of(sdists: Sequence[ListedFile], wheels: Mapping[str, Path]) -> list[BuiltWheel]:
    """Return the wheels that were built, in the order of their sdists.

    :param wheels: the wheels by the filename of the sdist.
    :raises BadUsage: a wheel is of another project than its sdist.
    """
    found: list[BuiltWheel] = []
    for sdist in sdists:
        wheel = wheels[sdist.filename]
        project = canonicalize_name(sdist.project)
        named = filenames.parse(wheel.name, project)
        if named is None:
            raise BadUsage(
                f"building {sdist.filename} made {wheel.name}, which is not a wheel of {project}",
                "Report it to the project: the build backend writes another name.",
            )
        found.append(BuiltWheel(project, named.version, _sha256(wheel), source=sdist.source))
    return found


def without_build_requirements(commitment: Commitment, pages: Mapping[Project, Page]) -> bytes | None:
    """Return a requirements.txt for run time, without the documents whose names mark them as build requirements.

    :param pages: the frozen page of every project that the lock pins.
    :returns: ``None`` if no document, or every document, is so named.
    """
    documents = tuple(document for document in commitment.lock.documents if not _is_for_building(document.path))
    if not documents or len(documents) == len(commitment.lock.documents):
        return None
    # A single document is written in its own format. All pins stay: a bare name may refer to any of them.
    kind = documents[0].format if len(documents) == 1 else commitment.lock.format
    lock = evolve(commitment.lock, documents=documents, format=kind)
    return export.requirements(evolve(commitment, lock=lock), pages, None)


def _is_for_building(path: str) -> bool:
    """Return whether a path is that of build requirements.

    Examples are ``requirements-build.txt``, the name in Cachito and Hermeto, ``build-requirements.txt`` and
    ``build/linux.txt``.
    """
    return any("build" in _WORD.split(part.lower()) for part in path.split("/"))


def write(
    folder: Path, files: Iterable[ListedFile], wheels: Iterable[Path], built: Sequence[BuiltWheel], to: Path
) -> None:
    """Write an archive of ``files`` and ``wheels``, in one step.

    :param folder: the folder that has ``files`` and the requirements.txt.
    :param to: the path of the archive.
    :raises BadUsage: it cannot be written.
    """
    places = {file.filename: (folder / file.filename, file.sha256) for file in files}
    places |= {wheel.name: (wheel, _sha256(wheel)) for wheel in wheels}
    requirements = with_built((folder / _REQUIREMENTS).read_bytes(), built)
    archive = export.wheelhouse(
        [(_file(name, sha256), path.stat().st_size) for name, (path, sha256) in places.items()], requirements
    )
    part = to.with_name(f".{to.name}.part")
    try:
        with open(create_own(part), "wb") as out:
            for stretch in archive.stretches(0, archive.size):
                if stretch.file is None:
                    out.write(stretch.data)
                else:
                    with places[stretch.file.filename][0].open("rb") as content:
                        shutil.copyfileobj(content, out, _PIECE)
        part.replace(to)
    except OSError as error:
        raise BadUsage(f"{to} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _file(filename: str, sha256: str) -> File:
    """Return a file with only the fields that an archive needs: the name and the digest."""
    digests = frozenset({Digest("sha256", sha256)})
    return File(filename, canonicalize_name(""), Version("0"), "", filename.endswith(".whl"), "", digests)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
