"""Which way the arrows run: what each room of reqpi/ may import. docs/architecture says why."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from attrs import fields, frozen
from twisted.trial.unittest import SkipTest, SynchronousTestCase

import reqpi

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "reqpi"

FLOORS = {
    "__main__": 7,
    "cli": 6,
    "server": 5,
    "web": 4,
    "shelf": 3,
    "upstream": 3,
    "storage": 3,
    "client": 2,
    "runtime": 2,
    "core": 1,
    "__init__": 0,
}
"""The folders of reqpi/, each with its floor. A folder imports what is below it: never its own floor, never above."""

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
LARGEST = 400

KEPT = {".ci", ".github", ".gitignore", ".pre-commit-hooks.yaml", ".readthedocs.yaml"}
"""What the repository has at its top whose name begins with a dot."""


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
        room = rest.partition(".")[0]
        return (room if room in FLOORS else "__init__") if package == "reqpi" else None

    def is_of(self, *modules: str) -> bool:
        """Whether it is of one of these, or of something inside it."""
        return any(self.name == module or self.name.startswith(f"{module}.") for module in modules)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.room} imports {self.name}"


class FloorsTests(SynchronousTestCase):
    """The arrows run downwards."""

    def setUp(self) -> None:
        self.imports = _imports()

    def none(self, wrong: list[Import], rule: str) -> None:
        self.assertFalse(wrong, "\n".join([rule, *map(str, wrong)]))

    def of(self, *rooms: str) -> list[Import]:
        return [each for each in self.imports if each.room in rooms]

    def test_these_are_all_the_folders(self) -> None:
        """A new one is placed with thought, and docs/architecture shows the same."""
        self.assertEqual({_room(path) for path in _modules()}, set(FLOORS))
        page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
        shown = re.findall(r"^  (\w+)/ +(\d) ", page, re.MULTILINE)
        self.assertEqual({folder: int(floor) for folder, floor in shown}, {room: FLOORS[room] for room in _folders()})

    def test_a_folder_imports_what_is_below_it(self) -> None:
        wrong = [each for each in self.imports if each.target and not _allowed(each.room, each.target)]
        self.none(wrong, "a folder imports from its own floor or from above")

    def test_no_files_import_each_other_in_a_cycle(self) -> None:
        self.assertEqual(_cycles(), [])

    def test_work_goes_to_a_thread_through_one_module(self) -> None:
        """It has the table of how much work that is worth."""
        pool = ("twisted.internet.threads.deferToThread", "twisted.internet.threads.deferToThreadPool")
        wrong = [each for each in self.imports if each.is_of(*pool) and each.file != "reqpi/runtime/offload.py"]
        self.none(wrong, "use a Threshold or in_thread of reqpi.runtime.offload")

    def test_verbs_know_neither_stores_nor_upstreams_nor_the_web(self) -> None:
        """They see the outside through interfaces alone."""
        wrong = [each for each in self.of("shelf") if each.is_of(*NOT_FOR_VERBS)]
        self.none(wrong, "a verb reaches past its interface")

    def test_web_and_client_do_not_reach_past_the_verbs(self) -> None:
        """A server serves what the verbs return."""
        wrong = [each for each in self.of("web", "client") if each.is_of(*NOT_FOR_HTTP)]
        self.none(wrong, "HTTP reaches past the verbs")

    def test_the_client_is_standard_library_alone(self) -> None:
        """``gethash`` must start fast."""
        own = [each for each in self.of("client") if each.target is None]
        foreign = [each for each in own if each.name.partition(".")[0] not in sys.stdlib_module_names]
        self.none(foreign, "the client imports what is slow to import")

    def test_the_core_does_no_input_or_output(self) -> None:
        """Values in, values out."""
        self.none([each for each in self.of("core") if each.is_of(*NOT_FOR_PURE)], "the core reaches outside")
        opened = [f"{path.name}:{node.lineno}" for path in _modules() for node in _opens(path)]
        self.assertFalse(opened, "the core opens files")


class PartsTests(SynchronousTestCase):
    """The shelf asks whether a lock admits a file, and its parts do not: code above uses its methods alone."""

    def test_nothing_outside_the_shelf_uses_its_parts(self) -> None:
        """``FileParts`` is the one value that is passed on; tests may build a part, and take none out of a shelf."""
        from reqpi.shelf.files.file_parts import FileParts
        from reqpi.shelf.shelf import Shelf

        verbs = {name for name in vars(Shelf) if not name.startswith("_")}
        parts = {field.name for field in fields(FileParts)}
        above = [path for path in _modules() if _room(path) != "shelf"]
        inside = [path for path in _modules() if _room(path) == "shelf"]
        tests = sorted(ROOT.joinpath("tests").rglob("*.py")) + sorted(ROOT.joinpath("benchmarks").rglob("*.py"))
        used = [
            f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
            for path in (*above, *inside, *tests)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
            and (
                (_last_name(node.value).endswith("shelf") and node.attr not in verbs)
                or (_last_name(node.value).endswith("files") and node.attr in parts and path not in inside)
            )
            and not ast.unparse(node).startswith("reqpi.")
        ]
        self.assertEqual(used, [])

    def test_only_the_shelf_imports_the_parts_of_files(self) -> None:
        """The server builds the one value that has them all. The web sends responses, and cannot make one."""
        parts = [each for each in _imports() if each.room != "shelf" and each.is_of("reqpi.shelf.files")]
        allowed = {
            ("server", "reqpi.shelf.files.file_parts.FileParts"),
            ("web", "reqpi.shelf.files.file_responses.FileResponse"),
            ("web", "reqpi.shelf.files.file_responses.GrowingFile"),
        }
        self.assertEqual({(each.room, each.name) for each in parts}, allowed)


class NamesTests(SynchronousTestCase):
    """One name for one thing."""

    def test_no_public_class_name_stands_for_two_things(self) -> None:
        defined: dict[str, list[str]] = {}
        for path in _modules():
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    defined.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
        self.assertEqual({name: paths for name, paths in defined.items() if len(paths) > 1}, {})


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


def _folders() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())


def _allowed(room: str, target: str) -> bool:
    return room == target or FLOORS[target] < FLOORS[room]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _cycles() -> list[str]:
    """Return the modules that import one another in a cycle, and those between two cycles."""
    paths = {str(path.relative_to(ROOT)): _module(path) for path in _modules()}
    arrows: dict[str, set[str]] = {module: set() for module in paths.values()}
    for each in _imports():
        target = each.name if each.name in arrows else each.name.rpartition(".")[0]
        if target in arrows and target != paths[each.file]:
            arrows[paths[each.file]].add(target)
    for _ in range(2):  # first what imports no module that is left, then what no module that is left imports
        while done := {module for module, targets in arrows.items() if not targets}:
            arrows = {module: targets - done for module, targets in arrows.items() if module not in done}
        arrows = {module: {other for other in arrows if module in arrows[other]} for module in arrows}
    return sorted(arrows)


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def _imports() -> tuple[Import, ...]:
    return tuple(_imports_of_all())


def _imports_of_all() -> Iterator[Import]:
    for path in _modules():
        where, room = str(path.relative_to(ROOT)), _room(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (Import(where, node.lineno, room, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{where}:{node.lineno}: relative imports hide where they lead"
                yield from (Import(where, node.lineno, room, f"{node.module}.{alias.name}") for alias in node.names)


def _last_name(node: ast.expr) -> str:
    """Return the last name of an expression such as ``self._shelf``; an empty text if it has none."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _opens(path: Path) -> list[ast.Name]:
    if _room(path) not in ("core",):
        return []
    names = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name))
    return [node for node in names if node.id in ("open", "print", "input", "__import__")]


def _project_files() -> Iterator[Path]:
    """What is, or will be, in the repository: what tools leave behind is not."""
    left_behind = {"build", "dist", "htmlcov", "__pycache__", "_build"}
    for top in sorted(ROOT.iterdir()):
        if top.name in left_behind or (top.name.startswith(".") and top.name not in KEPT):
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            kept = not left_behind & set(path.parts) and not any(part.endswith(".egg-info") for part in path.parts)
            if kept and path.is_file():
                yield path
