"""twistd finds the plugin, wherever ReqPI was installed from: a wheel, a checkout, an editable install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
from packaging.version import Version
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi import __version__

pytestmark = pytest.mark.xdist_group("packaging")  # built once for all tests here

ROOT = Path(__file__).parent.parent
LEFT_BEHIND = ("__pycache__", "*.pyc", "*.egg-info", "build", "dist", ".*", "_build", "dropin.cache", "_trial_temp*")

TWISTD = """\
#!{python}
from twisted.scripts.twistd import run
run()
"""

PACKAGED = (".py", ".typed", ".xml", ".css", ".js", ".svg")
"""The endings of the files of the package: modules, and what pages for people need."""


class BuildTests(SynchronousTestCase):
    """The wheel, built from the sdist, has all of reqpi and the plugin, and nothing else."""

    def test_the_wheel_has_the_package_the_plugin_and_no_more(self) -> None:
        """An ``__init__.py`` in twisted/ would break Twisted; tests/ and docs/ are no packages to import."""
        with ZipFile(_built("whl")) as archive:
            names = set(archive.namelist())
        ours = {str(path.relative_to(ROOT)) for path in (ROOT / "reqpi").rglob("*") if path.suffix in PACKAGED}
        about = {name for name in names if name.startswith(f"reqpi-{__version__}.dist-info/")}
        self.assertIn("reqpi/py.typed", ours)
        self.assertEqual(names - about, ours | {"twisted/plugins/reqpi_plugin.py"})

    def test_the_metadata_has_version_license_and_command(self) -> None:
        """The version is reqpi's own."""
        with ZipFile(_built("whl")) as archive:
            about = f"reqpi-{__version__}.dist-info"
            metadata = archive.read(f"{about}/METADATA").decode()
            commands = archive.read(f"{about}/entry_points.txt").decode()
            self.assertIn(f"{about}/licenses/LICENSE", archive.namelist())
        self.assertIn("License-Expression: MIT\n", metadata)
        self.assertIn("Requires-Python: >=3.11\n", metadata)
        self.assertIn("reqpi = reqpi.__main__:main", commands)

    def test_the_sdist_has_what_tests_and_documentation_need(self) -> None:
        """So that a distribution can build and test from it alone."""
        with tarfile.open(_built("tar.gz")) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        needed = {
            "tox.ini",
            "README.md",
            "LICENSE",
            "CHANGELOG.md",
            "tests/test_packaging.py",
            "tests/fake_upstream/server.py",
        }
        self.assertEqual(needed - names, set())
        self.assertFalse([name for name in names if "__pycache__" in name or name.endswith("dropin.cache")])


class LongDescriptionTests(SynchronousTestCase):
    """The README as an index shows it, next to no other file: no link in it is relative."""

    def test_without_an_address_links_become_the_paths_of_files(self) -> None:
        metadata = _metadata()
        self.assertEqual(_relative_links(metadata), [])
        self.assertNotIn("Project-URL", metadata)
        self.assertIn("Installing (`docs/install.md`)", metadata)
        self.assertIn("that `examples/requirements.txt` pins", metadata)

    def test_with_addresses_links_are_absolute(self) -> None:
        addresses = {"REQPI_REPOSITORY": "https://forge.test/reqpi/", "REQPI_DOCUMENTATION": "https://docs.test/"}
        metadata = _metadata(**addresses)
        self.assertEqual(_relative_links(metadata), [])
        self.assertIn("Project-URL: Source, https://forge.test/reqpi\n", metadata)
        self.assertIn("Project-URL: Documentation, https://docs.test\n", metadata)
        self.assertIn("(https://docs.test/building.html#held-to-the-lock)", metadata)
        self.assertIn("[MIT licence](https://forge.test/reqpi/blob/HEAD/LICENSE)", metadata)

    def test_the_wheel_has_it(self) -> None:
        with ZipFile(_built("whl")) as archive:
            metadata = archive.read(f"reqpi-{__version__}.dist-info/METADATA").decode()
        self.assertIn("Description-Content-Type: text/markdown\n", metadata)
        self.assertIn("# ReqPI: the hermetic package index\n", metadata)
        self.assertEqual(_relative_links(metadata), [])

    def test_the_readme_has_relative_links_to_files_that_exist(self) -> None:
        """Otherwise the tests above would find none in any case."""
        links = _relative_links((ROOT / "README.md").read_text("utf-8"))
        self.assertGreater(len(links), 20)
        self.assertEqual([link for link in links if not (ROOT / link.partition("#")[0]).is_file()], [])


class PluginTests(SynchronousTestCase):
    """``twistd reqpi --help`` works, run away from the checkout."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.away = Path(folder.name)

    def run_in(self, folder: Path, *command: object, **environment: str) -> str:
        """What a command prints, that must succeed, and print nothing that looks like trouble."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "REQPI_"))}
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={**kept, "PIP_CONFIG_FILE": os.devnull, **environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return done.stdout

    def environment(self) -> Path:
        """A fresh virtual environment that has what reqpi needs, borrowed from this one, and not reqpi; its ``bin``."""
        place = self.away / "environment"
        venv.create(place, with_pip=False, symlinks=True)
        [packages] = place.glob("lib/python*/site-packages")
        borrowed = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
        # Lines in a .pth file come after the environment's own packages, and the .pth files there are not read:
        # what is installed editable here does not shine through.
        (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
        twistd = place / "bin" / "twistd"
        twistd.write_text(TWISTD.format(python=place / "bin" / "python"))
        twistd.chmod(0o755)
        return place / "bin"

    def install(self, programs: Path, *what: object) -> None:
        """As pip would, where no reqpi is borrowed that might count as installed already."""
        pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", "--ignore-installed")
        self.run_in(self.away, *pip, "--no-deps", "--no-index", "--no-build-isolation", *what)

    def assert_plugin(self, help_text: str) -> None:
        self.assertIn("twistd [options] reqpi", help_text)
        self.assertIn("--http", help_text)

    def assert_comes_from(self, programs: Path, place: Path) -> None:
        """What was tested is what was installed, not a reqpi that was there before."""
        asked = "import reqpi, twisted.plugins.reqpi_plugin as p; print(reqpi.__file__, p.__file__, sep='\\n')"
        for file in self.run_in(self.away, programs / "python", "-c", asked).splitlines():
            self.assertTrue(Path(file).is_relative_to(place), file)

    def test_from_a_wheel(self) -> None:
        """In a fresh environment."""
        programs = self.environment()
        self.install(programs, _built("whl"))
        self.assert_plugin(self.run_in(self.away, programs / "twistd", "reqpi", "--help"))
        self.assert_comes_from(programs, programs.parent)
        self.assertIn("gethash", self.run_in(self.away, programs / "reqpi", "--help"))

    def test_from_an_editable_install(self) -> None:
        """In setuptools' default mode; see setup.py for what it takes."""
        programs, checkout = self.environment(), _copied()
        self.install(programs, "--editable", checkout)
        self.assert_plugin(self.run_in(self.away, programs / "twistd", "reqpi", "--help"))
        self.assert_comes_from(programs, checkout)

    def test_from_a_plain_checkout(self) -> None:
        """With nothing installed: twistd needs the checkout on PYTHONPATH, ``python -m`` finds where it is run."""
        programs, checkout = self.environment(), _copied()
        self.assert_plugin(self.run_in(checkout, programs / "twistd", "reqpi", "--help", PYTHONPATH="."))
        self.assert_plugin(self.run_in(self.away, programs / "twistd", "reqpi", "--help", PYTHONPATH=str(checkout)))
        self.assertIn("gethash", self.run_in(checkout, programs / "python", "-m", "reqpi", "--help"))


# Held here until the interpreter ends, when both are removed.
_FOLDERS: list[TemporaryDirectory[str]] = []


def _folder() -> Path:
    _FOLDERS.append(TemporaryDirectory())
    return Path(_FOLDERS[-1].name)


def _copied() -> Path:
    """A copy of the checkout: building leaves things behind, and would find what was left behind."""
    return Path(copytree(ROOT, _folder() / "checkout", ignore=ignore_patterns(*LEFT_BEHIND)))


def _relative_links(markdown: str) -> list[str]:
    """The targets of links and images that have no scheme and do not lead within the page."""
    found = re.findall(r"\]\(([^)]*)\)|^\[[^\]]+\]: *(\S+)|(?:href|src)=[\"']?([^\"'> ]+)", markdown, re.MULTILINE)
    return [target for target in map("".join, found) if not re.match(r"https?://|#", target)]


def _metadata(**addresses: str) -> str:
    """What the build writes about the project, with these variables set."""
    _check_tools()
    checkout = _copied()
    code = "from setuptools.build_meta import prepare_metadata_for_build_wheel as prepare; prepare('about')"
    (checkout / "about").mkdir()
    command = [sys.executable, "-c", code]
    environment = _environment() | addresses
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [metadata] = checkout.glob("about/*.dist-info/METADATA")
    return metadata.read_text("utf-8")


def _environment() -> dict[str, str]:
    """Without the addresses that a release is built with."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")}


def _check_tools() -> None:
    try:
        usable = bool(installed("build")) and Version(installed("setuptools")) >= Version("77")
    except ImportError:
        usable = False
    if not usable:
        raise SkipTest("it takes build and setuptools>=77; tox has both")


@cache
def _built(kind: str) -> Path:
    """The sdist, and the wheel that is built from it: built once for all tests here."""
    if kind != "whl":
        return next(_built("whl").parent.glob(f"*.{kind}"))
    _check_tools()
    out = _folder()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(_copied())]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = out.glob("*.whl")
    return wheel
