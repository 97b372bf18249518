"""A dependency that leads to no package of a uv.lock or poetry.lock is a warning that names both."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from tests.core.locks.table_uv import BAR, REGISTRY, WHEEL, asked, lock, package
from tests.core.locks.toml_locks import DATA
from tests.core.locks.tool_locks import BAR as POETRY_BAR
from tests.core.locks.tool_locks import FOO, poetry

NAMES_BAR = '{ name = "bar" }'


def warnings(document: bytes) -> list[tuple[str, str]]:
    """The line of each warning, and its message."""
    found = locks.read(document).notes
    return [(note.text, note.message) for note in found if "does not contain" in note.message]


def uv(*packages: str) -> bytes:
    return lock(asked(NAMES_BAR), *packages)


def needing(*dependencies: str, version: str = "1.0", name: str = "foo") -> str:
    return package(REGISTRY, f"dependencies = [{', '.join(dependencies)}]\n{WHEEL}", name, version)


class UvTests(SynchronousTestCase):
    """uv writes an edge only if the package is there."""

    def test_a_name_that_is_missing(self) -> None:
        ((line, message),) = warnings(uv(BAR, needing('{ name = "sniffio" }')))
        self.assertEqual(line, 'name = "foo"')
        self.assertEqual(
            message,
            "foo depends on sniffio, which the lock does not contain: an installer that requests it is refused.",
        )

    def test_a_version_that_is_missing(self) -> None:
        edges = ['{ name = "bar", version = "2" }', '{ name = "bar", version = "3" }']
        ((_, message),) = warnings(uv(BAR, needing(*edges)))
        self.assertIn("foo depends on bar 3,", message)

    def test_an_extra_and_a_group_have_edges_too(self) -> None:
        extra = package(REGISTRY, f"{WHEEL}[package.optional-dependencies]\nx = [{{ name = 'a' }}]\n", "baz")
        top = asked(rest="[package.dev-dependencies]\ndev = [{ name = 'b' }]\n")
        messages = [message.split(",")[0] for _, message in warnings(lock(top, extra))]
        self.assertEqual(messages, ["top depends on b", "baz depends on a"])

    def test_many_that_depend_on_it_are_one_warning(self) -> None:
        packages = [needing('{ name = "sniffio" }', name=f"p{number}") for number in range(5)]
        ((_, message),) = warnings(uv(BAR, *packages))
        self.assertTrue(message.startswith("p0, p1 and 3 others depend on sniffio,"), message)

    def test_locks_that_uv_wrote_have_all_that_they_name(self) -> None:
        for path in (DATA / "uv").glob("*.lock"):
            self.assertEqual(warnings(path.read_bytes()), [], path)


class PoetryTests(SynchronousTestCase):
    """poetry locks no dependency whose marker cannot hold, and no optional one that nothing asks for."""

    def found(self, dependency: str, pythons: str = ">=3.9", marker: str = "", version: str = '"2.1"') -> list[str]:
        said = f'markers = "{marker}"\n' if marker else ""
        package = f"{FOO}{said}[package.dependencies]\nsniffio = {dependency}\n"
        _, document = poetry(package, POETRY_BAR, version=version)
        document = document.replace(b'python-versions = "*"', f'python-versions = "{pythons}"'.encode())
        return [message for _, message in warnings(document)]

    def test_a_name_that_is_missing(self) -> None:
        (message,) = self.found('">=1"')
        self.assertTrue(message.startswith("foo depends on sniffio, which the lock does not contain"), message)
        self.assertIn("unless that is the project itself", message)

    def test_what_may_be_needed_is_missing(self) -> None:
        for dependency in (
            '{version = "*"}',
            '{version = "*", markers = "sys_platform == \'win32\'"}',
            '{version = "*", markers = "python_version < \'3.10\'"}',
            '[{version = "*", optional = true}, ">=2"]',
        ):
            self.assertEqual(len(self.found(dependency)), 1, dependency)

    def test_what_poetry_does_not_lock_is_not_missing(self) -> None:
        for dependency in (
            '{version = "*", optional = true}',
            '{version = "*", markers = "python_version < \'3.8\'"}',
            '{version = "*", markers = "sys_platform == \'linux\'"}',
            '{version = "*", markers = "extra == \'x\'"}',
            '{version = "*", markers = "nonsense"}',
            "3",
        ):
            self.assertEqual(self.found(dependency, marker="sys_platform == 'win32'"), [], dependency)

    def test_a_lock_without_markers_is_believed_where_a_dependency_has_one(self) -> None:
        """It may be that the package itself applies nowhere else."""
        marked = '{version = "*", markers = "sys_platform == \'win32\'"}'
        self.assertEqual(self.found(marked, version='"2.0"'), [])
        self.assertEqual(len(self.found('"*"', version='"2.0"')), 1)

    def test_locks_that_poetry_wrote_have_all_that_they_name(self) -> None:
        for path in (DATA / "poetry").glob("*.lock"):
            self.assertEqual(warnings(path.read_bytes()), [], path)
