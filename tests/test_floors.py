"""Which way the arrows run: what each room of reqpi/ may import. docs/architecture says why."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from twisted.trial.unittest import SkipTest, SynchronousTestCase

import reqpi

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "reqpi"

FLOORS: dict[int, str] = {
    8: "__main__",
    7: "service cli",  # the doors
    6: "workers",  # servers, several at a time
    5: "server",  # the one place where a server is put together, for both doors
    4: "web client",
    3: "records listings shelf ahead freezing sources commitments arrivals arrival cores refusals holding sweep "
    "verifying patrol wheelhouses bills once deliveries learning sessions ranged build_systems building gap",
    2: "storage origins defaults allocator logs",  # the rim
    1: "__init__ releases model errors interfaces filenames frozen recent pieces locks commitment simple narrow "
    "ownname pythons targets differing metadata sdists build_requirements export environment sbom fetched injecting "
    "lacking prefetch cutoff learned garbage extras listening proxies preference",
}
"""The rooms of each floor, from the top. A room may import what is below it."""

NEIGHBOURS = {3, 1}
"""Floors whose rooms may import each other."""

NOT_FOR_VERBS = ("reqpi.storage", "reqpi.upstream", "twisted.web", "klein", "treq")
NOT_FOR_HTTP = ("reqpi.storage", "reqpi.upstream")
NOT_FOR_PURE = (
    *("twisted", "treq", "klein", "zope", "OpenSSL", "platformdirs"),
    *(
        "asyncio",
        "ctypes",
        "ftplib",
        "glob",
        "http.client",
        "http.server",
        "io.open",
        "multiprocessing",
        "os",
        "pathlib",
    ),
    *(
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "urllib.request",
    ),
)
LARGEST = 450


@frozen
class Import:
    """One import: where, and of what: ``reqpi.core.model``, ``reqpi.core.model.Pin``, ``os``."""

    file: str
    line: int
    room: str
    name: str

    @property
    def target(self) -> str | None:
        """The room that it leads to, if to one of ours."""
        package, _, rest = self.name.partition(".")
        return (rest.partition(".")[0] or "__init__") if package == "reqpi" else None

    def is_of(self, *modules: str) -> bool:
        """Whether it is of one of these, or of something inside it."""
        return any(self.name == module or self.name.startswith(f"{module}.") for module in modules)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.room} imports {self.name}"


class FloorsTests(SynchronousTestCase):
    """The arrows run downwards."""

    def setUp(self) -> None:
        self.floor = {room: floor for floor, rooms in FLOORS.items() for room in rooms.split()}
        self.imports = list(_imports())

    def none(self, wrong: list[Import], rule: str) -> None:
        self.assertFalse(wrong, "\n".join([rule, *map(str, wrong)]))

    def on(self, floor: int) -> list[Import]:
        return [each for each in self.imports if self.floor.get(each.room) == floor]

    def test_every_room_has_its_floor(self) -> None:
        """A new one is placed with thought."""
        rooms = {_room(path) for path in _modules()}
        self.assertFalse(rooms - set(self.floor), "place these in FLOORS, here and in docs/architecture")

    def test_rooms_import_what_is_below_them(self) -> None:
        """Or beside them, on the floors where neighbours talk."""
        wrong = [each for each in self.imports if each.target and not self._allowed(each.room, each.target)]
        self.none(wrong, "a room imports from its own floor or from above")

    def test_verbs_know_neither_rim_nor_web(self) -> None:
        """They see the outside through interfaces alone."""
        self.none([each for each in self.on(3) if each.is_of(*NOT_FOR_VERBS)], "a verb reaches past its interface")

    def test_web_and_client_do_not_reach_past_the_verbs(self) -> None:
        """What is served is what the verbs give."""
        self.none([each for each in self.on(4) if each.is_of(*NOT_FOR_HTTP)], "HTTP reaches past the verbs")

    def test_the_client_is_standard_library_alone(self) -> None:
        """``gethash`` must start fast."""
        own = [each for each in self.imports if each.room == "client" and each.target is None]
        foreign = [each for each in own if each.name.partition(".")[0] not in sys.stdlib_module_names]
        self.none(foreign, "the client imports what is slow to import")

    def test_pure_rooms_do_no_input_or_output(self) -> None:
        """Values in, values out."""
        self.none([each for each in self.on(1) if each.is_of(*NOT_FOR_PURE)], "a pure room reaches outside")
        opened = [f"{path.name}:{node.lineno}" for path in _modules() for node in _opens(path)]
        self.assertFalse(opened, "a pure room opens files")

    def _allowed(self, room: str, target: str) -> bool:
        if target in (room, "__init__"):
            return True
        here, there = self.floor.get(room, 0), self.floor.get(target, 0)
        return there < here or (there == here and here in NEIGHBOURS)


class SizesTests(SynchronousTestCase):
    """A file is an idea."""

    def test_no_file_is_large(self) -> None:
        """Past 300 lines a file usually holds two; past this, it does."""
        long = {path.name: lines for path in _modules() if (lines := len(path.read_text().splitlines())) > LARGEST}
        self.assertEqual(long, {})


class HostsTests(SynchronousTestCase):
    """No registry is built in: which one is asked is the machine's business."""

    def test_no_registry_host_is_named(self) -> None:
        """In no file that is part of the project; pip is asked for the names, so they stand not even here."""
        try:
            from pip._internal.models.index import PyPI, TestPyPI
        except ImportError as error:
            raise SkipTest("there is no pip here to ask for the hosts") from error
        hosts = [host.encode() for index in (PyPI, TestPyPI) for host in (index.netloc, index.file_storage_domain)]
        self.assertEqual(len(hosts), 4)
        files = list(_project_files())
        self.assertIn(Path(__file__), files)
        named = [str(path) for path in files for host in hosts if host in path.read_bytes()]
        self.assertEqual(named, [])


def _modules() -> list[Path]:
    assert Path(reqpi.__file__).parent == PACKAGE, "the tests look at another reqpi than the one that runs"
    return sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports() -> Iterator[Import]:
    for path in _modules():
        where, room = str(path.relative_to(ROOT)), _room(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (Import(where, node.lineno, room, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{where}:{node.lineno}: relative imports hide where they lead"
                yield from (Import(where, node.lineno, room, f"{node.module}.{alias.name}") for alias in node.names)


def _opens(path: Path) -> list[ast.Name]:
    if _room(path) not in FLOORS[1].split():
        return []
    names = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name))
    return [node for node in names if node.id in ("open", "print", "input", "__import__")]


def _project_files() -> Iterator[Path]:
    """What is, or will be, in the repository: what tools leave behind is not."""
    left_behind = {"build", "dist", "htmlcov", "__pycache__", "_build"}
    for top in sorted(ROOT.iterdir()):
        if top.name in left_behind or (
            top.name.startswith(".") and top.name not in (".ci", ".gitignore", ".pre-commit-hooks.yaml")
        ):
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            kept = not left_behind & set(path.parts) and not any(part.endswith(".egg-info") for part in path.parts)
            if kept and path.is_file():
                yield path
