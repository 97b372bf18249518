"""Generated projects, listed and served by an nginx that acts as the upstream index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from random import Random

from attrs import frozen

from tests.fake_upstream.distributions import build_wheel, core_metadata, wheel_filename

__all__ = ["Made", "Tree", "pin", "tags", "wheel"]

VERSION = "1.0"


@frozen
class Made:
    """A wheel on the upstream.

    :param url: the URL of the file, if it is not in the tree itself.
    """

    project: str
    filename: str
    sha256: str
    size: int
    metadata_sha256: str | None = None
    requires_python: str | None = None
    url: str | None = None


class Tree:
    """Files under ``simple/`` and ``files/``, as nginx serves them; callers reuse what an earlier run left.

    :param root: the folder of both, which is created.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def made(self, project: str) -> list[Made]:
        """Return the files of a project; an empty list if it does not exist."""
        index = self.root / "simple" / project / "index.json"
        if not index.exists():
            return []
        return [_read(project, entry) for entry in json.loads(index.read_bytes())["files"]]

    def add(self, project: str, wheels: Iterable[tuple[str, bytes, bytes]]) -> list[Made]:
        """Write these wheels of a project and its page.

        :param wheels: the filename, the content and the core metadata of each.
        """
        folder = self.root / "files" / project
        folder.mkdir(parents=True, exist_ok=True)
        made = []
        for filename, content, metadata in wheels:
            (folder / filename).write_bytes(content)
            (folder / f"{filename}.metadata").write_bytes(metadata)
            digests = (sha256(content).hexdigest(), len(content), sha256(metadata).hexdigest())
            made.append(Made(project, filename, *digests, requires_python=">=3.8"))
        self.list(project, made)
        return made

    def list(self, project: str, files: Iterable[Made]) -> None:
        """Write the page of a project, whether its files are in the tree or not."""
        entries = [_entry(file) for file in files]
        page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [VERSION], "files": entries}
        folder = self.root / "simple" / project
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(_html(project, entries))
        (folder / "index.json").write_text(json.dumps(page))

    def index(self) -> None:
        """Write the list of all projects."""
        folder = self.root / "simple"
        names = sorted(each.name for each in folder.iterdir() if each.is_dir())
        projects = {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in names]}
        (folder / "index.json").write_text(json.dumps(projects))
        links = "".join(f'<a href="{name}/">{name}</a>\n' for name in names)
        (folder / "index.html").write_text(f"<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n")


def wheel(project: str, number: int = 0, size: int = 0, tag: str = "py3-none-any") -> tuple[str, bytes, bytes]:
    """Return the filename, the content and the core metadata of a wheel, which are reproducible.

    :param number: varies the incompressible bytes.
    :param size: how many incompressible bytes the wheel contains.
    """
    padding = {f"{project.replace('-', '_')}.bin": Random(f"{project} {number}").randbytes(size)} if size else None
    content = build_wheel(project, VERSION, python_requires=">=3.8", tag=tag, files=padding)
    return wheel_filename(project, VERSION, tag), content, core_metadata(project, VERSION, python_requires=">=3.8")


def tags(count: int) -> list[str]:
    """Return ``count`` different wheel tags."""
    return [f"cp3{number % 40}-cp3{number % 40}-manylinux_2_{17 + number // 40}_x86_64" for number in range(count)]


def pin(files: Iterable[Made]) -> str:
    """Return the line of a lock that pins one release, with the digest of each of these files."""
    listed = list(files)
    return " ".join([f"{listed[0].project}=={VERSION}", *(f"--hash=sha256:{file.sha256}" for file in listed)]) + "\n"


def _entry(file: Made) -> dict[str, object]:
    metadata = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    return {
        "filename": file.filename,
        "url": file.url or f"../../files/{file.project}/{file.filename}",
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "requires-python": file.requires_python,
        "core-metadata": metadata,
        "upload-time": "2024-02-29T01:02:03.456789Z",
        "yanked": False,
    }


def _read(project: str, entry: Mapping[str, object]) -> Made:
    hashes, metadata = entry["hashes"], entry["core-metadata"]
    assert isinstance(hashes, dict)
    digest = metadata["sha256"] if isinstance(metadata, dict) else None
    size = entry["size"]
    assert isinstance(size, int)
    requires = entry["requires-python"]
    return Made(
        project,
        str(entry["filename"]),
        hashes["sha256"],
        size,
        digest,
        str(requires) if requires else None,
        str(entry["url"]),
    )


def _html(project: str, entries: Iterable[Mapping[str, object]]) -> str:
    lines = [f"<!DOCTYPE html>\n<html><head><title>{project}</title></head><body>"]
    for entry in entries:
        hashes, metadata = entry["hashes"], entry["core-metadata"]
        assert isinstance(hashes, dict)
        core = f' data-core-metadata="sha256={metadata["sha256"]}"' if isinstance(metadata, dict) else ""
        requires = entry["requires-python"]
        needs = f' data-requires-python="{escape(str(requires))}"' if requires else ""
        name = entry["filename"]
        lines.append(f'<a href="{entry["url"]}#sha256={hashes["sha256"]}"{needs}{core}>{name}</a><br>')
    return "\n".join([*lines, "</body></html>\n"])
