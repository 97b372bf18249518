"""Cargo.locks that a fetch finds to be stale, and new ones: what cargo of this machine says of sdists in a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve, field, frozen
from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.inputs.cargo_locks import with_new_locks, with_stale_locks
from reqpi.cli.inputs.needed_crates import NeededCrates, needed_crates, refuse_unpinned
from reqpi.cli.processes.loopback_index import IndexUnknown
from reqpi.client.errors import CratesNotPinned
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.index import IndexLine, read_index, read_open_index
from reqpi.core.crates.model import CargoLock
from reqpi.core.crates.reading import cargo_lock as read
from tests.crates_registry import MadeCrate, build_crate
from tests.end_to_end.rust_case import rust_environment
from tests.fake_upstream import Distribution
from tests.git_crates import git_sdist
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist, setuptools_rust_sdist

NEWER = build_crate("made-words", "1.1.0")
CAPITAL = build_crate("Made_Capital", "1.0.0", {"made-words": "1"})
MANIFEST = '[package]\nname = "shout"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n'
STALE = f'{MANIFEST}made_greet = "0.3.1"\nmade-words = "1.1"\n'


def frozen_lines(lock: CargoLock) -> Mapping[tuple[str, str], Sequence[IndexLine]]:
    """Return the lines of the two crates, as a server has frozen them."""
    lines = {each.name: list(read_index(each.line, each.name).values()) for each in (GREET, WORDS)}
    return {("", crate.name): lines[crate.name] for crate in lock.crates}


@frozen
class View:
    """A :class:`reqpi.cli.inputs.cargo_locks.CratesView` of some crates."""

    crates: Sequence[MadeCrate] = (GREET, WORDS, NEWER, CAPITAL)
    away: Sequence[str] = ()
    asked: list[str] = field(factory=list)

    def lines(self, registries: Sequence[str], registry: str, name: str) -> Sequence[IndexLine]:
        self.asked.append(name)
        if name in self.away:
            raise IndexUnknown("the registry does not answer")
        body = b"\n".join(each.line for each in self.crates if each.name.lower() == name and not registry)
        return list(read_open_index(body, name, registries).values())


@pytest.mark.clients
class CargoLocksCase(SynchronousTestCase):
    """A folder with sdists."""

    def setUp(self) -> None:
        rust_environment()
        folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.said = ""

    def needed(self, sdist: Distribution, committed: Sequence[CargoLock] = ()) -> tuple[NeededCrates, list[ListedFile]]:
        (self.folder / sdist.filename).write_bytes(sdist.content)
        listed = [ListedFile("shout", sdist.filename, sdist.sha256, version="1.0")]
        return needed_crates(listed, self.folder, committed), listed

    def checked(self, sdist: Distribution, committed: Sequence[CargoLock] = (), **environ: str) -> NeededCrates:
        """Return the crates that an sdist needs, with what cargo says of its lock."""
        needed, listed = self.needed(sdist, committed)
        self.patch(os, "environ", {**os.environ, **environ})
        with redirect_stderr(StringIO()) as err:
            needed = with_stale_locks(needed, listed, self.folder, frozen_lines)
        self.said = err.getvalue()
        return needed

    def made(self, sdist: Distribution, view: View | None) -> NeededCrates:
        """Return the same, with the lock that cargo makes."""
        needed = self.checked(sdist)
        with redirect_stderr(StringIO()) as err:
            needed = with_new_locks(needed, [ListedFile("shout", sdist.filename, sdist.sha256)], self.folder, view)
        self.said += err.getvalue()
        return needed


class StaleLockTests(CargoLocksCase):
    """Whether a lock matches."""

    def test_locks_that_match_are_no_difference(self) -> None:
        """Of several versions of the format, and below the top folder."""
        sdists = [maturin_sdist(lock=cargo_lock("shout", "1.0.0", form=form)) for form in (1, 3)]
        for sdist in (*sdists, setuptools_rust_sdist()):
            self.assertEqual((self.checked(sdist).unpinned, self.said), ({}, ""))

    def test_locks_that_do_not_match_are_unpinned(self) -> None:
        for manifest, lock, said in (
            (STALE, None, 'failed to select a version for the requirement `made-words = "^1.1"`'),
            (f'{MANIFEST}made_greet = "0.3.1"\nabsent = "1"\n', None, "no matching package named `absent` found"),
            (f'{MANIFEST}made_greet = "0.3.1"\n', cargo_lock("shout", "0.9.0"), "Updating shout v0.9.0"),
            (f"{MANIFEST}\n", None, "Removing made-words v1.0.2, Removing made_greet v0.3.1"),
        ):
            needed = self.checked(maturin_sdist(lock=lock or "", more={"Cargo.toml": manifest}))
            reason = needed.unpinned["shout-1.0.tar.gz"]
            self.assertIn("its Cargo.lock does not match the Cargo.toml of shout", reason)
            self.assertIn(said, reason)
            self.assertNotIn("/", reason.replace("crates.io", ""))

    def test_a_workspace_is_read_as_a_whole(self) -> None:
        """A member requires what the lock does not have."""
        root = f'{MANIFEST}made_greet = "0.3.1"\n[workspace]\nmembers = ["more/*"]\n'
        member = '[package]\nname = "part"\nversion = "1.0.0"\n\n[dependencies]\nmade-words = "2"\n'
        more = {"Cargo.toml": root, "more/part/Cargo.toml": member, "more/part/src/lib.rs": ""}
        self.assertIn('`made-words = "^2"`', self.checked(maturin_sdist(more=more)).unpinned["shout-1.0.tar.gz"])

    def test_without_a_cargo_nothing_changes(self) -> None:
        path = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if not which("cargo", path=each))
        needed = self.checked(maturin_sdist(more={"Cargo.toml": STALE}), PATH=path)
        self.assertEqual((needed.unpinned, self.said), ({}, ""))

    def test_what_cargo_cannot_tell_is_a_remark(self) -> None:
        """It is not run for a manifest that leads elsewhere, and knows no edition of the future."""
        for manifest, said in (
            (f'{MANIFEST}b = {{ path = "/home/b" }}\n', "its Cargo.toml names a path outside the sdist"),
            (f'{MANIFEST}b = {{ git = "https://host.invalid/b" }}\n', "its Cargo.toml takes a crate from git"),
            (STALE.replace("2021", "3021"), "cargo: failed to parse"),
        ):
            needed = self.checked(maturin_sdist(more={"Cargo.toml": manifest}))
            self.assertEqual(needed.unpinned, {})
            self.assertIn("whether the Cargo.lock of shout-1.0.tar.gz matches its Cargo.toml is unknown", self.said)
            self.assertIn(said, self.said)

    def test_a_committed_lock_serves_an_sdist_whose_own_is_stale(self) -> None:
        """A build that insists on its own lock fails anyway."""
        committed = read(cargo_lock("shout", "1.0.0", (GREET, NEWER)).encode())
        self.assertEqual(self.checked(maturin_sdist(more={"Cargo.toml": STALE}), [committed]).unpinned, {})
        self.assertIn("A build with cargo --locked fails", self.said)


class NewLockTests(CargoLocksCase):
    """What cargo makes in the permissive mode."""

    def chosen(self, needed: NeededCrates) -> set[str]:
        return {crate.filename for crate in needed.crates}

    def test_a_stale_lock_keeps_what_still_matches(self) -> None:
        """Of two crates, one has to be newer."""
        manifest = f'{MANIFEST}made_greet = "0.3.1"\nMade_Capital = "1"\n'
        needed = self.made(maturin_sdist(more={"Cargo.toml": manifest}), View())
        self.assertEqual(self.chosen(needed), {GREET.filename, WORDS.filename, CAPITAL.filename})
        self.assertEqual((needed.unpinned, needed.admitted), ({}, []))
        self.assertEqual(needed.mains, {"shout-1.0.tar.gz": "shout"})

    def test_a_missing_and_a_damaged_lock_are_made(self) -> None:
        """The newest releases are taken."""
        for lock in (None, "version = 4\n[[package]]\nname = 1\n"):
            needed = self.made(maturin_sdist(lock=lock), View())
            self.assertEqual(self.chosen(needed), {GREET.filename, NEWER.filename})
            self.assertEqual(read(needed.regenerated["shout-1.0.tar.gz"]).local[0].name, "shout")
            self.assertIn("cargo has made another one, of 2 crates that no lock pins", self.said)

    def test_a_lock_that_matches_is_kept(self) -> None:
        view = View()
        self.assertEqual((self.made(maturin_sdist(), view).regenerated, view.asked), ({}, []))

    def test_the_reason_is_given_if_none_can_be_made(self) -> None:
        other = [{"name": "made-words", "req": "1", "registry": "sparse+http://host.invalid/"}]
        elsewhere = evolve(GREET, extra={"deps": other})
        for view, reason in (
            (View(away=["made_greet"]), "the registry does not answer"),
            (View([WORDS]), "no matching package named `made_greet`"),
            (View([elsewhere, WORDS]), "no matching package named `made_greet`"),
            (None, "leave out --url"),
        ):
            needed = self.made(maturin_sdist(lock=None), view)
            why = needed.unpinned["shout-1.0.tar.gz"]
            self.assertIn("it needs Rust and has no Cargo.lock; none can be made: ", why)
            self.assertIn(reason, why)

    def test_none_is_made_with_a_crate_of_git(self) -> None:
        """cargo would ask its repository for a commit, so it is not started."""
        view = View()
        needed = self.made(git_sdist("https://host.invalid/b", "0" * 40, locked=False), view)
        name = "shout-1.0.tar.gz"
        said = "it needs Rust and has no Cargo.lock; none can be made: its Cargo.toml takes a crate from git"
        self.assertEqual((needed.unpinned, needed.of_git, view.asked), ({name: said}, {name}, []))
        with redirect_stderr(StringIO()) as err, self.assertRaises(CratesNotPinned):
            refuse_unpinned(needed, [name])
        self.assertIn("Use a wheel of it", err.getvalue())
        self.assertNotIn("reqpi gethash", err.getvalue())

    def test_a_lock_with_a_crate_of_git_is_not_made_again(self) -> None:
        """It would have to be asked for."""
        git = '\n[[package]]\nname = "b"\nversion = "1.0.0"\nsource = "git+https://host.invalid/b#'
        lock = f'{cargo_lock("shout", "1.0.0")}{git}{"0" * 40}"\n'
        view = View()
        needed = self.made(maturin_sdist(lock=lock, more={"Cargo.toml": STALE}), view)
        self.assertEqual((needed.regenerated, view.asked), ({}, []))
