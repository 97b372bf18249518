"""Whether a lock pins everything that its releases require, from what upstreams have."""

from __future__ import annotations

from reqpi.core.closed import ClosedReport
from reqpi.core.targets import InstallTarget
from reqpi.shelf.whole_lock.closed import ClosedLocks
from tests.fake_upstream.distributions import core_metadata
from tests.shelf.test_build_requirements import BuildingCase


class ClosedCase(BuildingCase):
    """An upstream of small sdists and wheels, and the reports on locks."""

    def setUp(self) -> None:
        super().setUp()
        self.closed = ClosedLocks(self.shelf, self.store, self.building, self.clock)

    async def report(self, *lines: str, **filters: str) -> ClosedReport:
        target = InstallTarget.read({name.replace("_", "-"): [value] for name, value in filters.items()})
        return await self.closed.of(await self.committed(*lines), target)

    async def unmet(self, *lines: str, **filters: str) -> list[str]:
        return [str(each) for each in (await self.report(*lines, **filters)).unmet]


class ClosedTests(ClosedCase):
    """The sources of requirements."""

    async def test_the_metadata_of_wheels(self) -> None:
        self.wheel("requests", "2.31.0", ["urllib3<3,>=1.21.1", "idna<4", 'PySocks ; extra == "socks"'])
        self.wheel("idna", "3.4")
        lock = ("idna==3.4", "requests[socks]==2.31.0")
        self.assertEqual(
            await self.unmet(*lock),
            [
                "requests 2.31.0 requires urllib3<3,>=1.21.1: not pinned",
                "requests[socks] 2.31.0 requires pysocks: not pinned",
            ],
        )
        self.wheel("urllib3", "2.0")
        self.wheel("pysocks", "1.7")
        self.assertTrue((await self.report(*lock, "urllib3==2.0", "pysocks==1.7")).closed)

    async def test_the_wheel_of_the_target(self) -> None:
        """Wheels of one release may differ."""
        self.wheel("a", "1", ["b"], tag="cp311-cp311-manylinux_2_17_x86_64")
        self.wheel("a", "1", ["c"], tag="cp311-cp311-win_amd64")
        found = {name: await self.unmet("a==1", platform=name, python_version="3.11")
                 for name in ("manylinux_2_28_x86_64", "win_amd64", "macosx_14_0_arm64")}  # fmt: skip
        self.assertEqual(
            found,
            {
                "manylinux_2_28_x86_64": ["a 1 requires b: not pinned"],
                "win_amd64": ["a 1 requires c: not pinned"],
                "macosx_14_0_arm64": ["a 1 requires a file for this target: the lock admits no such file"],
            },
        )

    async def test_an_sdist_that_states_its_requirements(self) -> None:
        project = b'[project]\nname = "a"\nversion = "1"\ndependencies = ["b>=2"]\n'
        self.sdist("a", "1", files={"pyproject.toml": project + b'[build-system]\nrequires = ["flit"]\n'})
        self.assertEqual(
            await self.unmet("a==1"),
            ["a 1 requires b>=2: not pinned", "a-1.tar.gz is built with flit: not pinned"],
        )

    async def test_an_sdist_whose_metadata_states_them(self) -> None:
        system = b'[build-system]\nrequires = []\nbuild-backend = "own"\n'
        self.sdist("a", "1", files={"pyproject.toml": system, "PKG-INFO": core_metadata("a", "1", ["b"])})
        self.assertEqual(await self.unmet("a==1"), ["a 1 requires b: not pinned"])

    async def test_an_sdist_that_only_a_build_can_describe(self) -> None:
        self.sdist("a", "1", files={"pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "own"\n'})
        report = await self.report("a==1")
        self.assertEqual((report.closed, len(report.unknown)), (True, 1))
        self.assertIn("a 1: its requirements cannot be determined", report.unknown[0])

    async def test_nothing_is_asked_about_a_release_that_the_target_does_not_need(self) -> None:
        self.wheel("a", "1", ["b ; sys_platform == 'win32'"])
        windows = self.wheel("b", "1", ["c"], tag="cp311-cp311-win_amd64")
        lock = ("a==1", "b==1 ; sys_platform == 'win32'")
        target = {"platform": "manylinux_2_28_x86_64", "python_version": "3.11"}
        self.assertTrue((await self.report(*lock, **target)).closed)
        self.assertNotIn(windows.url, self.upstream.asked)


class KnownTests(ClosedCase):
    """What is kept, and what is not."""

    async def test_a_report_is_made_once(self) -> None:
        self.wheel("a", "1", ["b"])
        commitment = await self.committed("a==1")
        first = await self.closed.of(commitment, InstallTarget())
        asked = len(self.upstream.asked)
        self.assertIs(await self.closed.of(commitment, InstallTarget()), first)
        self.assertEqual(len(self.upstream.asked), asked)

    async def test_metadata_that_could_not_be_obtained_is_trouble_and_not_kept(self) -> None:
        wheel = self.wheel("a", "1", ["b"])
        commitment = await self.committed("a==1")
        await self.shelf.pages(commitment)
        missing = self.upstream.files.pop(wheel.url)
        report = await self.closed.of(commitment, InstallTarget())
        self.assertEqual((report.closed, report.unmet, len(report.troubles)), (False, (), 1))
        self.upstream.files[wheel.url] = missing
        self.assertEqual(len((await self.closed.of(commitment, InstallTarget())).unmet), 1)

    async def test_a_later_commit_warns_of_what_is_known(self) -> None:
        """In any process."""
        self.wheel("a", "1", ["b"])
        commitment = await self.committed("# pins", "a==1")
        self.assertEqual(await self.closed.warnings(commitment), ())
        await self.closed.of(commitment, InstallTarget())
        other = ClosedLocks(self.shelf, self.store, self.building, self.clock)
        (note,) = await other.warnings(commitment)
        self.assertEqual((note.line, note.message), (2, "a 1 requires b: not pinned"))

    async def test_a_lock_without_pins_is_closed(self) -> None:
        self.assertTrue((await self.report("# nothing")).closed)
