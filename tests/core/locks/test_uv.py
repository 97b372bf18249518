"""uv.lock: what is read, what is refused, and that a pin applies where uv installs it."""

from __future__ import annotations

from packaging.markers import Marker
from packaging.requirements import Requirement
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.tools import pylock
from reqpi.core.locks.tools.uv import FORKS, read
from reqpi.core.model import Git, Pin
from tests.core.locks.table_uv import ACCEPTED, REFUSED, REGISTRY, asked, lock, marked, on, package
from tests.core.locks.toml_locks import DATA, defects, pins, spelled

LEFT = [
    ("note", "left out: the project itself and 1 workspace member"),
    ("warning", "delta is installed from a directory: it is left out."),
    ("warning", "zeta is installed from a path on the machine that locked: it is left out."),
]


def environments() -> list[dict[str, str]]:
    """Environments that the locks of the tests may distinguish."""
    platforms = [
        ("linux", "posix", "Linux", "x86_64"),
        ("linux", "posix", "Linux", "aarch64"),
        ("darwin", "posix", "Darwin", "arm64"),
        ("win32", "nt", "Windows", "AMD64"),
        ("emscripten", "posix", "Emscripten", "wasm32"),
    ]
    return [
        {
            "python_version": version.rpartition(".")[0],
            "python_full_version": version,
            "implementation_name": implementation,
            **dict(zip(("sys_platform", "os_name", "platform_system", "platform_machine"), platform, strict=True)),
        }
        for version in ("3.9.0", "3.9.20", "3.10.4", "3.11.0", "3.12.1", "3.13.7")
        for platform in platforms
        for implementation in ("cpython", "pypy")
    ]


def installed(found: tuple[Pin, ...], environment: dict[str, str]) -> set[tuple[str, str, frozenset[object]]]:
    """Return the pins that an installer takes there."""
    return {
        (pin.project, pin.version, frozenset(pin.digests))
        for pin in found
        if pin.marker is None or Marker(pin.marker).evaluate(environment)
    }


class TableTests(SynchronousTestCase):
    """Accepted and rejected documents, and the rules by which they are rejected."""

    def test_documents_have_these_pins(self) -> None:
        """These and no others."""
        for document, expected in ACCEPTED.items():
            self.assertEqual(defects(read, document), "", document)
            self.assertEqual(" | ".join(map(spelled, pins(read, document)[0])), expected, document)

    def test_documents_have_these_defects(self) -> None:
        """On these lines and no others."""
        for document, expected in REFUSED.items():
            self.assertEqual(defects(read, document), expected, document[:400])

    def test_a_pin_is_written_as_packaging_reads_it(self) -> None:
        """Its text is a requirement with its marker."""
        for document in ACCEPTED:
            for pin in pins(read, document)[0]:
                theirs = Requirement(pin.text)
                self.assertEqual(str(theirs.marker or ""), str(Marker(pin.marker)) if pin.marker else "")
                self.assertEqual(theirs.url is not None, pin.source is not None)


class RealTests(SynchronousTestCase):
    """Files that uv made."""

    def test_pins_apply_where_uv_installs_them(self) -> None:
        """In every environment, uv's own export selects the same pins, digests included."""
        for name in ("uv.lock", "forks.uv.lock"):
            ours, _ = pins(read, (DATA / "uv" / name).read_bytes())
            export = (DATA / "uv" / name.replace("uv.lock", "pylock.toml")).read_bytes()
            theirs, _ = pins(pylock.read, export)
            for environment in environments():
                self.assertEqual(installed(ours, environment), installed(theirs, environment), (name, environment))

    def test_every_extra_is_served(self) -> None:
        """In a workspace whose extras exclude each other, both versions; the rest is as uv exports it."""
        ours, notes = pins(read, (DATA / "uv/workspace.uv.lock").read_bytes())
        theirs, _ = pins(pylock.read, (DATA / "uv/workspace.pylock.toml").read_bytes())
        for environment in environments():
            more = installed(ours, environment) - installed(theirs, environment)
            self.assertEqual({(project, version) for project, version, _ in more}, {("idna", "2.10")})
            self.assertEqual(installed(theirs, environment) - installed(ours, environment), set())
        told = [note.message for note in notes if "no markers distinguish the pins" in note.message]
        self.assertEqual([message.split(" ")[0] for message in told], ["idna"])

    def test_sources_are_as_uv_exports_them(self) -> None:
        """Archives with their digests, commits with their subdirectories."""
        ours, _ = pins(read, (DATA / "uv/workspace.uv.lock").read_bytes())
        theirs, _ = pins(pylock.read, (DATA / "uv/workspace.pylock.toml").read_bytes())
        sources = {pin.project: pin.source for pin in ours if pin.source}
        self.assertEqual(sources, {pin.project: pin.source for pin in theirs if pin.source})
        self.assertEqual(sorted(sources), ["alpha", "beta", "eta", "gamma"])
        alpha = sources["alpha"]
        assert isinstance(alpha, Git)
        self.assertEqual(alpha.subdirectory, "python/alpha")

    def test_what_is_local_is_left_out_with_a_note(self) -> None:
        """A directory and a file each; the project and its workspace together."""
        _, notes = pins(read, (DATA / "uv/workspace.uv.lock").read_bytes())
        left = [(note.level, note.message) for note in notes if "left out" in note.message]
        self.assertEqual(left, LEFT)

    def test_lines_are_those_of_the_tables(self) -> None:
        """The header is the first, and no blank line is the last."""
        document = (DATA / "uv/forks.uv.lock").read_bytes()
        lines = document.decode().split("\n")
        for pin in pins(read, document)[0]:
            self.assertEqual(lines[pin.line - 1], "[[package]]")
            self.assertIn(f'name = "{pin.project}"', lines[pin.line : pin.line + 1])
            self.assertTrue(lines[pin.last_line - 1].strip())


class NoteTests(SynchronousTestCase):
    """Everything that is given up is reported."""

    def test_a_package_that_nothing_asks_for(self) -> None:
        """It is pinned all the same."""
        (pin,), notes = pins(read, lock(package(REGISTRY)))
        self.assertIsNone(pin.marker)
        self.assertIn("Nothing depends on foo: it is pinned without a marker.", [note.message for note in notes])

    def test_a_condition_that_is_too_long(self) -> None:
        """It is cut down to what its parts share."""
        many = [on(f"os_name == 'nt' and platform_machine == 'm{i}' and sys_platform == 's{i}'") for i in range(40)]
        (pin,), notes = pins(read, marked(*many))
        assert pin.marker is not None
        self.assertLess(len(pin.marker), 2048)
        for number in (0, 17, 39):
            here = {"os_name": "nt", "platform_machine": f"m{number}", "sys_platform": f"s{number}"}
            self.assertTrue(Marker(pin.marker).evaluate(here))
        self.assertFalse(Marker(pin.marker).evaluate({"os_name": "posix"}))
        self.assertIn("too long", notes[-1].message)

    def test_files_without_a_digest(self) -> None:
        """They are not admitted if other files have digests."""
        rest = f'sdist = {{ url = "x" }}\nwheels = [{{ url = "y", hash = "sha256:{"a" * 64}" }}]\n'
        (pin,), notes = pins(read, lock(package(REGISTRY, rest), asked('{ name = "foo" }')))
        self.assertEqual(len(pin.digests), 1)
        self.assertEqual(notes[-1].message, "1 of the 2 files of foo has no digest: it is not admitted.")

    def test_forks_are_bounded(self) -> None:
        """This bounds the packages that one dependency leads to."""
        forks = [package(REGISTRY, version=str(number)) for number in range(FORKS + 1)]
        self.assertEqual(defects(read, lock(*forks)).split(" ")[1], "too-many")
