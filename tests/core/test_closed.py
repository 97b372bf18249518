"""Whether a lock contains everything that it needs, decided from values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve
from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import closed, locks
from reqpi.core.build_requirements import BuildReport, BuiltSdist, WantedRequirement
from reqpi.core.closed import ClosedReport, requirements_of
from reqpi.core.model import Commitment, Support
from reqpi.core.targets import EVERYWHERE, InstallTarget
from tests.distributions import a_commitment, a_file, a_page

LINUX = InstallTarget.read({"platform": ["manylinux_2_28_x86_64"], "python-version": ["3.11"]})
WINDOWS = InstallTarget.read({"platform": ["win_amd64"], "python-version": ["3.11"]})
NOTHING_BUILT = BuildReport((), (), ())


def checked(
    lines: Sequence[str],
    requires: Mapping[str, Sequence[str]],
    target: InstallTarget = LINUX,
    *,
    support: Support = Support(),  # noqa: B008 - a frozen value
    pythons: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    building: BuildReport = NOTHING_BUILT,
) -> ClosedReport:
    """The report on a lock of these lines, whose projects have these requirements, Pythons and wheel tags."""
    commitment = a_commitment(*lines)
    pages = {
        project: a_page(
            *(
                a_file(
                    f"{project.replace('-', '_')}-{pin.version}-{(tags or {}).get(project, 'py3-none-any')}.whl",
                    project=project,
                    requires_python=(pythons or {}).get(project),
                )
                for pin in pins
            ),
            project=project,
        )
        for project, pins in commitment.lock.projects.items()
    }
    releases = closed.releases_of(commitment, pages, target)
    known = {each: requirements_of(tuple(requires.get(each.project, ()))) for each in releases}
    checking = closed.Checking(releases)
    environments = closed.environments_for(target, support)
    needed = {each: known[each] for each in checking.needed(environments.each)}
    found = [(each.name, checking.unmet_in(each, needed)) for each in environments.each]
    return closed.report_on(environments.basis, found, building, unknown=checking.unknown)


def unmet(lines: Sequence[str], requires: Mapping[str, Sequence[str]], target: InstallTarget = LINUX) -> list[str]:
    return [str(each) for each in checked(lines, requires, target).unmet]


class UnmetTests(SynchronousTestCase):
    """One target."""

    def test_each_requirement(self) -> None:
        table: list[tuple[Sequence[str], Sequence[str], str]] = [
            (["b==1.0"], ["b>=1"], ""),
            ([], ["b<3,>=1.21.1"], "a 1 requires b<3,>=1.21.1: not pinned"),
            (["b==1.20"], ["B (>=1.21, <3)"], "a 1 requires b>=1.21,<3: pinned to 1.20, which does not satisfy it"),
            (["b==1.20 ; os_name != 'nt'", "b==1.19 ; os_name == 'nt'"], ["b>2"],
             "a 1 requires b>2: pinned to 1.20, which does not satisfy it"),
            (["b==1.20 ; os_name != 'nt'", "b==2.0 ; os_name == 'nt'"], ["b>=2"],
             "a 1 requires b>=2: pinned only where os_name == 'nt'"),
            (["b==1 ; os_name == 'nt'"], ["b ; os_name == 'nt'"], ""),
            ([], ["b ; os_name == 'nt'"], ""),
            ([], ["b ; python_version < '3.11'"], ""),
            ([], ["b ; python_version >= '3.11' and sys_platform == 'linux'"], "a 1 requires b: not pinned"),
            (["b==2.0rc1"], ["b>=1.9"], ""),
            (["b==2.0rc1"], ["b>=2"], "a 1 requires b>=2: pinned to 2.0rc1, which does not satisfy it"),
            (["b==1.0+cpu"], ["b==1.0"], ""),
            (["b==1.0"], ["b===1.0"], ""),
            ([], ["b ; extra == 'x'"], ""),
            ([], ["b @ https://example.org/b.zip"], "a 1 requires b @ a URL: not pinned"),
        ]  # fmt: skip
        for others, requires, said in table:
            found = unmet(["a==1", *others], {"a": requires})
            self.assertEqual(found, [said] if said else [], (others, requires))

    def test_extras_that_the_lock_names(self) -> None:
        requires = {"a": ["b ; extra == 'x'", "c ; extra == 'y' and os_name == 'nt'"]}
        self.assertEqual(unmet(["a[x,y]==1"], requires), ["a[x] 1 requires b: not pinned"])
        self.assertEqual(unmet(["a==1"], requires), [])

    def test_extras_that_a_requirement_names(self) -> None:
        """Through any number of releases, and of the release itself."""
        requires = {
            "a": ["b[x]"],
            "b": ["b[y] ; extra == 'x'", "c[z] ; extra == 'y'"],
            "c": ["d>=2 ; extra == 'z'", "e ; extra == 'other'"],
        }
        self.assertEqual(unmet(["a==1", "b==1", "c==1"], requires), ["c[z] 1 requires d>=2: not pinned"])
        self.assertEqual(unmet(["b==1", "c==1"], requires), [])

    def test_a_release_that_is_not_pinned_here_requires_nothing(self) -> None:
        lines = ["a==1 ; sys_platform == 'win32'", "b==1"]
        self.assertEqual(unmet(lines, {"a": ["c"]}), [])
        self.assertEqual(unmet(lines, {"a": ["c"]}, WINDOWS), ["a 1 requires c: not pinned"])

    def test_the_python_of_a_release(self) -> None:
        report = checked(["a==1"], {}, pythons={"a": ">=3.12"})
        self.assertEqual([str(each) for each in report.unmet], ["a 1 requires Python>=3.12: not Python 3.11"])
        self.assertEqual(report.unmet[0].kind, "python")

    def test_a_release_without_a_file_for_the_target(self) -> None:
        report = checked(["a==1"], {}, tags={"a": "cp311-cp311-win_amd64"})
        self.assertEqual([str(each) for each in report.unmet],
                         ["a 1 requires a file for this target: the lock admits no such file"])  # fmt: skip
        self.assertTrue(checked(["a==1"], {}, WINDOWS, tags={"a": "cp311-cp311-win_amd64"}).closed)

    def test_what_cannot_be_read_is_unknown(self) -> None:
        release = requirements_of(("b>=1.0.*", "[x]", "b" * 3000, "c"))
        self.assertEqual(([str(each) for each in release.known], len(release.unknown)), (["c"], 3))
        report = checked(["a==1"], {"a": ["b ; nonsense", f"c ; {'(' * 90}os_name == 'nt'{')' * 90}"]})
        self.assertEqual((report.closed, len(report.unknown)), (True, 2))

    def test_more_than_any_release_requires_is_not_read(self) -> None:
        release = requirements_of([f"b{number}" for number in range(5001)])
        self.assertEqual((len(release.known), release.unknown), (5000, ("it has more than 5000 requirements",)))

    def test_a_project_of_the_users_own_folder_is_not_missed(self) -> None:
        """A tool installs it from there, and the lock cannot pin it."""
        lock = b"""version = 1
requires-python = ">=3.11"
[[package]]
name = "a"
version = "1"
source = { registry = "https://index.example.org/simple" }
wheels = [{ url = "https://files.example.org/a-1-py3-none-any.whl", hash = "sha256:%s" }]
[[package]]
name = "own"
version = "0"
source = { editable = "." }
dependencies = [{ name = "a" }]
""" % (b"0" * 64)
        self.assertEqual(locks.read(lock).local, {"own"})
        commitment = a_commitment("a==1")
        releases = closed.releases_of(
            commitment, {commitment.lock.pins[0].project: a_page(a_file("a-1.tar.gz", project="a"), project="a")}, LINUX
        )
        (environment,) = closed.environments_for(LINUX, Support()).each
        found = closed.Checking(releases, {canonicalize_name("own")}).unmet_in(
            environment, {releases[0]: requirements_of(["own", "b"])}
        )
        self.assertEqual([str(each) for each in found], ["a 1 requires b: not pinned"])

    def test_the_line_of_the_pin(self) -> None:
        (note,) = checked(["# a remark", "a==1"], {"a": ["b"]}).notes()
        self.assertEqual((note.line, note.text, note.message), (2, "a==1", "a 1 requires b: not pinned"))

    def test_what_an_sdist_is_built_with(self) -> None:
        """If it must be built: a wheel of the other one is there."""
        commitment: Commitment = a_commitment("a==1")
        sdists = tuple(
            BuiltSdist(a_file(f"{name}-1.tar.gz", project=name), commitment.lock.pins[0], must_be_built=name == "a")
            for name in ("other", "a")
        )
        wanted = tuple(
            WantedRequirement(
                text, canonicalize_name(text.rstrip(">=1")), state, versions, counts, ("other-1.tar.gz", "a-1.tar.gz")
            )
            for text, state, versions, counts in (
                ("setuptools>=1", "missing", (), True),
                ("wheel", "differs", ("2",), True),
                ("cython", "pinned", ("3",), True),
                ("cmake", "missing", (), False),
            )
        )
        report = checked(["a==1"], {}, building=BuildReport(sdists, wanted, ()))
        self.assertEqual(
            [str(each) for each in report.unmet],
            [
                "a-1.tar.gz is built with setuptools>=1: not pinned",
                "a-1.tar.gz is built with wheel: pinned to 2, which does not satisfy it",
            ],
        )
        self.assertEqual((report.unmet[0].kind, report.unmet[0].line), ("build", 1))


class EnvironmentTests(SynchronousTestCase):
    """Which environments count if no target is named."""

    def test_a_lock_must_be_closed_wherever_it_says_that_it_is_for(self) -> None:
        support = Support(">=3.12,<3.14", ("sys_platform == 'linux'", "sys_platform == 'win32'"))
        requires = {"a": ["b ; sys_platform == 'win32'", "c ; sys_platform == 'darwin'", "d ; python_version < '3.12'"]}
        report = checked(["a==1"], requires, EVERYWHERE, support=support)
        self.assertEqual((report.basis, report.closed), ("lock", False))
        (found,) = report.unmet
        self.assertEqual(str(found), "a 1 requires b: not pinned")
        self.assertEqual(found.environments, ("win32 AMD64, CPython 3.12", "win32 AMD64, CPython 3.13"))
        self.assertEqual(len(report.environments), 6)

    def test_the_patch_release_is_one_that_the_lock_allows(self) -> None:
        requires = {"a": ["b ; python_full_version < '3.11.3'"]}
        self.assertTrue(checked(["a==1"], requires, EVERYWHERE, support=Support(">=3.11.4,<3.12")).closed)
        self.assertFalse(checked(["a==1"], requires, EVERYWHERE, support=Support(">=3.11,<3.12")).closed)

    def test_an_environment_in_which_a_release_does_not_run_does_not_count(self) -> None:
        requires = {"a": ["b ; python_version < '3.12'"]}
        report = checked(["a==1"], requires, EVERYWHERE, support=Support(">=3.10"), pythons={"a": ">=3.12,<3.15"})
        self.assertTrue(report.closed)
        self.assertEqual(len(report.environments), 12)
        nowhere = checked(["a==1"], {}, EVERYWHERE, support=Support("<3.11"), pythons={"a": ">=3.12"})
        self.assertEqual({each.kind for each in nowhere.unmet}, {"python"})

    def test_a_lock_that_describes_nothing_must_be_closed_somewhere(self) -> None:
        requires = {"a": ["b ; python_version < '3.12'", "c ; sys_platform == 'linux'"]}
        report = checked(["a==1"], requires, EVERYWHERE)
        self.assertEqual((report.basis, report.closed, len(report.environments)), ("common", True, 1))
        report = checked(["a==1"], {"a": ["b", "c ; sys_platform == 'linux'"]}, EVERYWHERE)
        self.assertEqual([str(each) for each in report.unmet], ["a 1 requires b: not pinned"])

    def test_a_lock_for_no_common_environment_is_not_called_closed(self) -> None:
        report = checked(["a==1"], {}, EVERYWHERE, support=Support("<3"))
        self.assertEqual((report.closed, len(report.troubles)), (False, 1))

    def test_pins_of_extras_and_groups_of_the_project_all_count(self) -> None:
        """An installer chooses among them; the index serves every choice."""
        for marker in ("'x' in extras", "'dev' in dependency_groups", "'x' not in extras", "extra == 'x'"):
            commitment = a_commitment("a==1", "b==1")
            pins = tuple(evolve(pin, marker=marker) for pin in commitment.lock.pins)
            commitment = evolve(commitment, lock=evolve(commitment.lock, pins=pins))
            pages = {pin.project: a_page(a_file(f"{pin.project}-1.tar.gz", project=pin.project), project=pin.project)
                     for pin in pins}  # fmt: skip
            releases = closed.releases_of(commitment, pages, LINUX)
            known = {each: requirements_of(("b", "c") if each.project == "a" else ()) for each in releases}
            (environment,) = closed.environments_for(LINUX, Support()).each
            found = closed.Checking(releases).unmet_in(environment, known)
            self.assertEqual([str(each) for each in found], ["a 1 requires c: not pinned"], marker)
