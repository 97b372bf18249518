"""What every client must see, whichever it is: written once, run for each."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.clients import Done
from tests.fake_upstream import Distribution
from tests.fake_upstream.faults import WrongBytes

__all__ = ["Promises"]

PINNED = {"top": "1.0", "mid": "1.5", "source": "3.0"}


class Promises(EndToEnd):
    """A client pointed at an address installs what is pinned, and fails on what is not, with words that help."""

    # It has no client: pytest runs the tests of the classes that have one, and ``Tests`` at the end of their name.
    __test__ = False

    refusal = "{project} is not in lock {short}"
    """What this client says of a project that is not pinned."""

    def __init_subclass__(cls) -> None:
        cls.__test__ = cls.__name__.endswith("Tests")

    def install(self, index: str, *requirements: str) -> Done:
        """Install into :attr:`target` with this client, with as many words as it has."""
        raise NotImplementedError

    @property
    def target(self) -> Path:
        """Where this client installs to."""
        return self.folder / "target"

    def installed(self) -> dict[str, str]:
        """The version that each module in :attr:`target` says it has."""
        return {path.stem: _version(path) for path in self.target.glob("*.py")}

    def test_what_is_pinned_is_installed_though_there_is_newer(self) -> None:
        """With all that it requires, wheels and sdists, and nothing for other platforms."""
        index = self.posted()
        done = self.install(index, "top")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), PINNED)
        self.assertEqual(self.refused(index), set())

    def test_what_is_not_pinned_fails_and_is_named(self) -> None:
        """To the user, and under /refused."""
        index = self.posted()
        done = self.install(index, "other")
        self.assertNotEqual(done.status, 0)
        self.assertIn(self.refusal.format(project="other", short=index.split("/")[3][:8]), done.said)
        self.assertEqual(self.refused(index), {"other"})
        self.assertEqual(self.upstream.asked("other"), [])

    def test_a_lock_that_lacks_a_dependency_fails_and_names_it(self) -> None:
        """Instead of taking the newest there is."""
        index = self.posted(LOCK.replace("mid==1.5\n", ""))
        done = self.install(index, "top")
        self.assertNotEqual(done.status, 0)
        self.assertIn("mid", done.said)
        self.assertEqual(self.refused(index), {"mid"})
        self.assertNotIn("top", self.installed())

    def test_another_version_of_what_is_pinned_is_not_there(self) -> None:
        """The page has the pinned one alone."""
        index = self.posted()
        done = self.install(index, "top==2.0")
        self.assertNotEqual(done.status, 0)
        self.assertIn("top==2.0", done.said)
        self.assertFalse(self.upstream.asked("top-2.0"))

    def test_a_lock_with_digests_admits_no_other_file_of_that_version(self) -> None:
        """Not even one that any client would like better."""
        better = self.upstream.wheel("source", "3.0", files={"source.py": b"__version__ = 'evil'\n"})
        index = self.posted("".join(_hashed(self.files[name], f"{name}=={PINNED[name]}") for name in PINNED))
        done = self.install(index, "top")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.installed(), PINNED)
        self.assertEqual(self.upstream.asked(better.filename), [])

    def test_wrong_bytes_are_never_installed(self) -> None:
        """An upstream that serves other bytes than it lists makes the install fail, until it is well again."""
        index = self.posted()
        self.upstream.fail(self.files["mid"].filename, WrongBytes())
        done = self.install(index, "top")
        self.assertNotEqual(done.status, 0)
        self.assertNotIn("mid", self.installed())
        self.upstream.heal(self.files["mid"].filename)
        self.served(f"{index}mid/{self.files['mid'].filename}")
        done = self.install(index, "top")
        self.assertEqual(done.status, 0, done.said)


def _hashed(file: Distribution, requirement: str) -> str:
    return f"{requirement} --hash=sha256:{file.sha256}\n"


def _version(module: Path) -> str:
    return module.read_text().partition("'")[2].partition("'")[0]
