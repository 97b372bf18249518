"""The Pythons and environments that a lock is made for: read from each format, and carried into exports."""

from __future__ import annotations

import tomllib

from packaging.markers import Marker
from packaging.pylock import Pylock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.core.address import address_of
from reqpi.core.export import pylock
from reqpi.core.model import Commitment, Support
from reqpi.core.report import Document
from tests.core.locks.toml_locks import DATA
from tests.distributions import a_file, a_page, digest_of

UV = """version = 1
revision = 5
requires-python = ">=3.9, <3.13"
supported-markers = [
    "sys_platform == 'linux'",
    "python_full_version < '3.12' and sys_platform == 'darwin'",
]

[[package]]
name = "six"
version = "1.0"
source = { registry = "https://index.example.org/simple" }
sdist = { url = "https://files.example.org/six-1.0.tar.gz", hash = "DIGEST" }
""".replace("DIGEST", str(digest_of(b"1")))
"""uv 0.13.8's, for a project with ``environments``."""

PYLOCK = """lock-version = "1.0"
created-by = "me"
requires-python = %s
environments = %s
packages = []
"""

POETRY = """package = []
[metadata]
lock-version = "2.1"
python-versions = "%s"
content-hash = ""
"""

PDM = """[metadata]
lock_version = "4.5.1"
strategy = ["inherit_metadata"]
content_hash = ""

[[metadata.targets]]
requires_python = ">=3.10"
"""

FILE = a_file("six-1.0.tar.gz", b"1", index="https://index.example.org/simple")
LINUX = "sys_platform == 'linux'"
LINUX_QUOTED = f'"{LINUX}"'
DARWIN = "python_full_version < '3.12' and sys_platform == 'darwin'"


def support(document: str) -> Support:
    return locks.read(document.encode()).support


def messages(document: str) -> list[str]:
    return [note.message for note in locks.read(document.encode()).notes if "admits nothing" not in note.message]


class ReadTests(SynchronousTestCase):
    """Reading a lock yields the Python versions that it is made for."""

    def test_uv_names_pythons_and_environments(self) -> None:
        self.assertEqual(support(UV), Support("<3.13,>=3.9", (LINUX, DARWIN)))

    def test_pylock_names_pythons_and_environments(self) -> None:
        said = support(PYLOCK % ('">=3.9"', f'["{LINUX}"]'))
        self.assertEqual(said, Support(">=3.9", (LINUX,)))

    def test_no_environment_at_all_is_every_environment(self) -> None:
        self.assertEqual(support(PYLOCK % ('">=3.9"', "[]")), Support(">=3.9"))

    def test_poetry_names_pythons_in_its_own_words(self) -> None:
        for said, expected in (
            (">=3.10,<4.0", "<4.0,>=3.10"),
            ("^3.9", "<4,>=3.9"),
            ("^3.9.2", "<4,>=3.9.2"),
            ("~3.9", "<3.10,>=3.9"),
            ("~3.9.2", "<3.10,>=3.9.2"),
            ("~3", "<4,>=3"),
            ("*", ""),
        ):
            self.assertEqual(support(POETRY % said).requires_python, expected, said)
            self.assertEqual(messages(POETRY % said), [], said)

    def test_pdm_names_the_pythons_of_its_only_target(self) -> None:
        self.assertEqual(support(PDM), Support(">=3.10"))
        self.assertEqual(support(PDM + '[[metadata.targets]]\nrequires_python = ">=3.8"\n'), Support())

    def test_a_requirements_file_is_for_every_python(self) -> None:
        self.assertEqual(support("six==1.0\n"), Support())

    def test_what_cannot_be_carried_on_is_named(self) -> None:
        for document, expected in (
            (PYLOCK % ('"later"', "[]"), "`later` is not a version specifier"),
            (PYLOCK % ("3", "[]"), "`requires-python` of the lock is not a string"),
            (PYLOCK % ('">=3"', '["linux"]'), "`linux` is not a marker that ReqPI reads"),
            (PYLOCK % ('">=3"', f"[{', '.join([LINUX_QUOTED] * 101)}]"), "more than 100 environments"),
            (PYLOCK % (f'">=3{",>=3" * 400}"', "[]"), "longer than 1024 characters"),
            (POETRY % "3.9 || 3.11", "`3.9 || 3.11` is not a version specifier"),
        ):
            (message,) = messages(document)
            self.assertIn(expected, message)
            self.assertIn("exports", message)
            self.assertIn(support(document), (Support(), Support(">=3")))

    def test_the_line_is_that_of_the_key(self) -> None:
        note = locks.read((PYLOCK % ('"later"', "[]")).encode()).notes[-1]
        self.assertEqual((note.line, note.text), (3, 'requires-python = "later"'))


class TogetherTests(SynchronousTestCase):
    """Several documents are for the Pythons that each of them is for."""

    def support(self, *documents: str) -> Support:
        return locks.read_together([Document(f"{n}", text.encode()) for n, text in enumerate(documents)]).support

    def test_every_one_must_hold(self) -> None:
        said = self.support(UV, PYLOCK % ('">=3.10"', "[\"os_name == 'posix' or os_name == 'nt'\"]"), "six==1.0\n")
        self.assertEqual(said.requires_python, "<3.13,>=3.10,>=3.9")
        self.assertEqual(
            said.environments,
            (
                f"({LINUX}) and (os_name == 'posix' or os_name == 'nt')",
                f"({DARWIN}) and (os_name == 'posix' or os_name == 'nt')",
            ),
        )

    def test_too_many_combinations_are_no_environments(self) -> None:
        """They would be wrong if some were left out."""
        many = ", ".join(f"\"platform_release == '{number}'\"" for number in range(90))
        self.assertEqual(self.support(PYLOCK % ('">=3.9"', f"[{many}]"), UV).environments, ())


class ExportTests(SynchronousTestCase):
    """An installer that is given the export refuses the Pythons that the lock refuses."""

    def test_pylock_has_them(self) -> None:
        document = UV.encode()
        commitment = Commitment(address_of(document), locks.read(document))
        pages = {project: a_page(FILE) for project in commitment.lock.projects}
        export = tomllib.loads(pylock(commitment, pages, "https://reqpi.example.org/a/").decode())
        self.assertEqual(export["requires-python"], "<3.13,>=3.9")
        read = Pylock.from_dict(export)
        self.assertEqual(read.environments, [Marker(LINUX), Marker(DARWIN)])

    def test_the_lock_of_a_tool_says_the_same_as_its_own_export(self) -> None:
        ours = locks.read((DATA / "uv" / "uv.lock").read_bytes()).support
        theirs = locks.read((DATA / "uv" / "pylock.toml").read_bytes()).support
        self.assertEqual(ours.requires_python, theirs.requires_python)
        self.assertTrue(ours.requires_python)
