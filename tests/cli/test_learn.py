"""``reqpi learn``, before the tests' own upstream: with a real pip, and with a command that just asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reqpi.cli.statuses import DIFFERENT
from reqpi.core import admission, locks
from reqpi.core.export.learned_lock import MARK
from tests.cli.asking import OPEN
from tests.cli.process import CommandTestCase
from tests.distributions import a_file
from tests.fake_upstream import Distribution, Style, Upstream

TAKE = OPEN + "[opened(path).read() for path in sys.argv[1:]]"
BUILD = "requirements-build.txt"


class LearnCase(CommandTestCase):
    """An upstream with an sdist, ``needing``, that is built with ``builder``, of which there is more than one."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.sdist = self.upstream.sdist("needing", "1.0", build_requires=["builder<3"])
        self.builder = self.upstream.wheel("builder", "2.0")
        self.older = self.upstream.wheel("builder", "1.0", upload_time="2025-01-02T03:04:05Z")
        self.source = self.upstream.sdist("builder", "2.0")
        self.environ["REQPI_STORE"] = str(self.folder / "store")
        self.environ["REQPI_UPSTREAM"] = self.upstream.url
        self.lock.write_text("needing==1.0\n")
        self.build = self.folder / BUILD

    def learn(self, *options: str, command: tuple[str, ...] = ()) -> tuple[int, str, str]:
        return self.run_reqpi("learn", *options, "--", *(command or self.pip()))

    def pip(self, name: str = "needing") -> tuple[str, ...]:
        return (sys.executable, "-m", "pip", "download", "--quiet", "--dest", "got", name)

    def taking(self, *files: Distribution) -> tuple[str, ...]:
        """A command that downloads these."""
        return (sys.executable, "-c", TAKE, *(f"{file.filename.split('-')[0]}/{file.filename}" for file in files))

    def line(self, *files: Distribution, pin: str = "builder==2.0") -> str:
        return " \\\n    ".join([pin, *sorted(f"--hash=sha256:{file.sha256}" for file in files)]) + "\n"


@pytest.mark.clients
class PipTests(LearnCase):
    """With pip, which builds."""

    def test_what_a_build_takes_is_written_down_and_what_the_lock_has_is_not(self) -> None:
        """pip looked at the older one too, and took the newest that there may be."""
        status, out, err = self.learn("-r", "requirements.txt", "-o", BUILD)
        self.assertEqual((status, out), (0, ""), err)
        self.assertEqual(self.build.read_text(), f"{MARK}\n{self.line(self.builder)}")
        self.assertIn("reqpi: 1 pin, in requirements-build.txt", err)

    def test_a_moment_decides_what_it_saw(self) -> None:
        """The newer one was not there yet."""
        status, _, err = self.learn("-o", BUILD, "--exclude-newer", "2025-06-01", command=self.pip("builder"))
        self.assertEqual(status, 0, err)
        self.assertEqual(self.build.read_text(), f"{MARK}\n{self.line(self.older, pin='builder==1.0')}")

    def test_what_is_cached_is_taken_all_the_same(self) -> None:
        """The caller's caches hide nothing, in the second run neither."""
        self.environ["PIP_CACHE_DIR"] = str(self.folder / "cache")
        for _ in range(2):
            self.learn("-r", "requirements.txt", "-o", BUILD)
            self.assertIn("builder==2.0", self.build.read_text())
            self.build.unlink()


class LearnTests(LearnCase):
    def test_without_a_file_it_goes_to_stdout_and_what_the_command_says_to_stderr(self) -> None:
        """``reqpi learn … > requirements-build.txt`` is right."""
        command = ("sh", "-c", 'echo said; exec "$@"', "sh", *self.taking(self.builder, self.sdist))
        status, out, err = self.learn(command=command)
        pins = self.line(self.builder) + self.line(self.sdist, pin="needing==1.0")
        self.assertEqual((status, out), (0, f"{MARK}\n{pins}"), err)
        self.assertTrue(err.startswith("said\n"))

    def test_all_files_are_for_other_platforms(self) -> None:
        self.learn("-r", "requirements.txt", "-o", BUILD, "--all-files", command=self.taking(self.builder, self.sdist))
        self.assertEqual(self.build.read_text(), f"{MARK}\n{self.line(self.builder, self.source)}")

    def test_two_versions_are_both_written_and_that_is_told(self) -> None:
        """A lock admits both."""
        _, _, err = self.learn("-o", BUILD, command=self.taking(self.builder, self.older))
        self.assertIn("2 versions of builder were downloaded: 2.0, 1.0", err)
        lock = locks.read(self.build.read_bytes())
        for file in (self.builder, self.older):
            self.assertTrue(
                admission.admits(lock, a_file(file.filename, file.content, project="builder")), file.filename
            )

    def test_an_upstream_that_does_not_say_when_lets_nothing_through(self) -> None:
        """And we say so."""
        self.upstream.style = Style(upload_times=False)
        status, _, err = self.learn("-o", BUILD, "--exclude-newer", "30 days", command=self.taking(self.builder))
        self.assertNotEqual(status, 0)
        self.assertIn("does not report upload times, so --exclude-newer excluded every file of: builder", err)
        self.assertFalse(self.build.exists())

    def test_files_that_upstream_gives_no_digest_of_are_measured(self) -> None:
        self.upstream.style = Style(digest=None, core_metadata=None)
        status, _, err = self.learn(
            "-r", "requirements.txt", "-o", BUILD, "--all-files", command=self.taking(self.builder, self.sdist)
        )
        self.assertEqual(status, 0, err)
        self.assertEqual(self.build.read_text(), f"{MARK}\n{self.line(self.builder, self.source)}")


class FileTests(LearnCase):
    """What is the user's stays."""

    def test_above_the_mark_it_is_the_users(self) -> None:
        """What is pinned there is left out below."""
        mine = f"# mine\n{self.line(self.older, pin='builder==1.0')}\n"
        self.build.write_text(f"{mine}{MARK}\nsix==1.0 --hash=sha256:{'0' * 64}\n")
        self.learn("-o", BUILD, command=self.taking(self.builder, self.older))
        self.assertEqual(self.build.read_text(), f"{mine}{MARK}\n{self.line(self.builder)}")

    def test_what_its_user_writes_while_the_command_runs_stays(self) -> None:
        """It may run for hours."""
        edit = f"import os, pathlib; pathlib.Path({BUILD!r}).write_text('# written meanwhile' + os.linesep); {TAKE}"
        name = f"builder/{self.builder.filename}"
        self.learn("-o", BUILD, command=(sys.executable, "-c", edit, name))
        self.assertEqual(self.build.read_text(), f"# written meanwhile\n{MARK}\n{self.line(self.builder)}")

    def test_where_there_is_no_room_nothing_is_left(self) -> None:
        """What is there stays, and the beginning of another file is removed."""
        self.build.write_text("# mine\n")
        limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
        imports = "from pathlib import Path; from reqpi.cli.folders.learned_file import _replace; "
        write = f"{imports}_replace(Path({BUILD!r}), 'x' * 99)"
        done = subprocess.run(
            [sys.executable, "-c", limited + write], cwd=self.folder, capture_output=True, text=True, check=False
        )
        self.assertIn("BadUsage: requirements-build.txt cannot be written: File too large", done.stderr)
        self.assertEqual(self.build.read_text(), "# mine\n")
        self.assertEqual([path.name for path in self.folder.glob(f".{BUILD}*")], [])

    def test_append_keeps_what_was_found_before(self) -> None:
        self.learn("-o", BUILD, command=self.taking(self.builder))
        self.learn("-o", BUILD, "--append", command=self.taking(self.source, self.sdist))
        both = self.line(self.builder, self.source) + self.line(self.sdist, pin="needing==1.0")
        self.assertEqual(self.build.read_text(), f"{MARK}\n{both}")

    def test_where_nothing_changes_the_file_is_left_alone(self) -> None:
        """Not even its time changes."""
        options = ("-o", BUILD, "--only-write-on-update", "--exit-code")
        self.assertEqual(self.learn(*options, command=self.taking(self.builder))[0], DIFFERENT)
        self.build.write_text(self.build.read_text().replace("builder", "# a comment\nbuilder"))
        before = self.build.stat().st_mtime_ns, self.build.stat().st_ino
        status, _, err = self.learn(*options, command=self.taking(self.builder))
        self.assertEqual(status, 0)
        self.assertEqual((self.build.stat().st_mtime_ns, self.build.stat().st_ino), before)
        self.assertIn("requirements-build.txt is up to date: 1 pin", err)
        self.learn(*options, command=self.taking(self.builder, self.source))
        self.assertIn(self.source.sha256, self.build.read_text())

    def test_somebody_elses_pins_are_not_overwritten(self) -> None:
        """The command does not even run."""
        self.build.write_text("six==1.0\n")
        status, out, err = self.learn("-o", BUILD, command=("echo", "ran"))
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--append keeps them", err)
        self.learn("-o", BUILD, "--append", command=self.taking(self.builder))
        self.assertEqual(self.build.read_text(), f"six==1.0\n{MARK}\n{self.line(self.builder)}")

    def test_a_lock_that_names_the_file_itself_hides_nothing(self) -> None:
        """Else the second run would find that all is there already, and write nothing."""
        self.lock.write_text(f"needing==1.0\n-r {BUILD}\n")
        self.build.write_text(f"{MARK}\n")
        for _ in range(2):
            self.learn("-r", "requirements.txt", "-o", BUILD, command=self.taking(self.builder, self.sdist))
            self.assertEqual(self.build.read_text(), f"{MARK}\n{self.line(self.builder)}")


class FailureTests(LearnCase):
    def test_a_command_that_fails_writes_nothing_and_its_status_is_ours(self) -> None:
        """Unless that is wanted."""
        command = ("sh", "-c", '"$@"; exit 7', "sh", *self.taking(self.builder))
        status, _, err = self.learn("-o", BUILD, command=command)
        self.assertEqual((status, self.build.exists()), (7, False))
        self.assertIn("1 file", err)
        status, _, _ = self.learn("-o", BUILD, "--ignore-errors", command=command)
        self.assertEqual((status, self.build.read_text()), (7, f"{MARK}\n{self.line(self.builder)}"))

    def test_nothing_that_was_taken_is_told(self) -> None:
        """All was installed already, or another index was asked."""
        _, _, err = self.learn("-o", BUILD, command=("true",))
        self.assertIn("nothing was downloaded", err)
        self.assertEqual(self.build.read_text(), f"{MARK}\n")

    def test_usage(self) -> None:
        """2, and nothing runs; a lock with defects is 1."""
        for options in (
            ("--append",),
            ("--only-write-on-update",),
            ("--exit-code",),
            ("--exclude-newer", "soon"),
            ("-r", "missing.txt"),
            ("-r", "requirements.txt", "-o", "requirements.txt"),
            ("--url", "http://127.0.0.1:1", "--offline"),
        ):
            status, out, err = self.learn(*options, command=("echo", "ran"))
            self.assertEqual((status, out), (2, ""), (options, err))
            self.assertNotIn("Traceback", err)
        self.assertEqual(self.run_reqpi("learn", "-o", BUILD)[0], 2)
        self.lock.write_text("six\n")
        self.assertEqual(self.learn("-r", "requirements.txt", command=("echo", "ran"))[:2], (1, ""))

    def test_a_server_that_does_not_learn(self) -> None:
        """3, with what its operator can do."""
        self.server.says("/learn", 404, {"title": "this server does not learn", "detail": "… with --learning."})
        status, out, err = self.learn("--url", self.server.url, command=("echo", "ran"))
        self.assertEqual((status, out), (3, ""))
        self.assertIn("--learning", err)

    def test_an_index_that_is_no_session_is_not_used(self) -> None:
        """What a server answers goes into an environment."""
        for index in ("http://elsewhere.example.org/simple/", f"{self.server.url}/learn/x/simple/", None):
            self.server.says("/learn", 201, {"token": "x", "index": index, "exclude-newer": None})
            self.assertEqual(self.learn("--url", self.server.url, command=("echo", "ran"))[:2], (3, ""))

    def test_afterwards_no_session_is_left(self) -> None:
        """In the store, which other servers may share."""
        self.learn("-o", BUILD, command=self.taking(self.builder))
        self.assertEqual([path for path in Path(self.environ["REQPI_STORE"]).rglob("*learn*/*") if path.is_file()], [])
