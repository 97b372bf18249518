"""The build requirements of the sdists of a lock, and those that the lock lacks."""

from __future__ import annotations

import os
from collections.abc import Iterable

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.build_requirements import BuildReport
from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.core.model import Commitment, File
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks
from reqpi.storage.memory import MemoryStore
from tests.core.metadata.test_pkg_info import a_tar
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_sdist, build_wheel


class BuildingCase(TestCase):
    """An upstream of small sdists and wheels, and a store in memory."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.files: dict[str, list[tuple[File, bytes]]] = {}
        self.shelf = Shelf(self.store, self.upstream, self.clock, "this")
        self.building = BuildRequirementsOfLocks(self.shelf, self.store, self.clock)

    def other(self) -> BuildRequirementsOfLocks:
        """The same of another process."""
        shelf = Shelf(self.store, self.upstream, self.clock, "other")
        return BuildRequirementsOfLocks(shelf, self.store, self.clock)

    def offer(self, name: str, filename: str, content: bytes) -> File:
        file = a_file(filename, content, name, size=len(content))
        files = self.files.setdefault(name, [])
        files.append((file, content))
        self.upstream.offer(a_page(*(each for each, _ in files), project=name), *(data for _, data in files))
        return file

    def sdist(self, name: str, version: str, build: Iterable[str] = (), files: dict[str, bytes] | None = None) -> File:
        stem = f"{name}-{version}"
        content = build_sdist(name, version, build_requires=build)
        if files is not None:
            content = a_tar(*((f"{stem}/{path}", data) for path, data in files.items()))
        return self.offer(name, f"{stem}.tar.gz", content)

    def wheel(self, name: str, version: str, requires: Iterable[str] = (), tag: str = "py3-none-any") -> File:
        return self.offer(name, f"{name}-{version}-{tag}.whl", build_wheel(name, version, requires, tag=tag))

    async def committed(self, *lines: str) -> Commitment:
        commitment, _ = await self.shelf.commit("".join(f"{line}\n" for line in lines).encode())
        return commitment

    async def answer(self, *lines: str, **filters: str) -> BuildReport:
        target = InstallTarget.read({name.replace("_", "-"): [value] for name, value in filters.items()})
        return await self.building.of(await self.committed(*lines), target)

    def states(self, answer: BuildReport) -> dict[str, str]:
        return {each.requirement: each.state + ("" if each.lacking or each.state == "pinned" else "?")
                for each in answer.wanted}  # fmt: skip


class WantedTests(BuildingCase):
    """Requirements, the sdists that want them, and whether they are pinned."""

    async def test_pinned_missing_and_another_version(self) -> None:
        self.sdist("six", "1.0", ["one>=1", "two>=2", "three", "four @ https://example.org/four.tar.gz"])
        self.wheel("one", "1.5")
        self.wheel("two", "1.0")
        answer = await self.answer("six==1.0", "one==1.5", "two==1.0")
        self.assertEqual(
            self.states(answer),
            {
                "one>=1": "pinned",
                "two>=2": "differs",
                "three": "missing",
                "four @ https://example.org/four.tar.gz": "elsewhere",
            },
        )
        self.assertFalse(answer.complete)
        (two,) = (each for each in answer.wanted if each.project == "two")
        self.assertEqual((two.versions, two.wanted_by), (("1.0",), ("six-1.0.tar.gz",)))
        (note,) = answer.notes
        self.assertEqual((note.line, note.text), (1, "six==1.0"))
        self.assertIn("is built with: two>=2, three, four @", note.message)

    async def test_nothing_is_lacking(self) -> None:
        self.sdist("six", "1.0", ["one"])
        self.wheel("one", "1.0")
        answer = await self.answer("six==1.0", "one==1.0")
        self.assertEqual((answer.complete, answer.notes), (True, ()))

    async def test_wheels_alone_need_nothing(self) -> None:
        self.wheel("six", "1.0", ["attrs"])
        answer = await self.answer("six==1.0")
        self.assertEqual((answer.sdists, answer.wanted, answer.complete), ((), (), True))

    async def test_an_sdist_beside_a_wheel_need_not_be_built(self) -> None:
        """Unless the target has no wheel, or wants none."""
        self.sdist("six", "1.0", ["one"])
        self.wheel("six", "1.0", tag="cp312-cp312-win_amd64")
        for filters, must in (
            ({}, False),
            ({"platform": "win_amd64", "python_version": "3.12"}, False),
            ({"platform": "win_amd64", "python_version": "3.13"}, True),
            ({"platform": "manylinux2014_x86_64"}, True),
            ({"no_binary": "six"}, True),
        ):
            answer = await self.answer("six==1.0", **filters)
            self.assertEqual([sdist.must_be_built for sdist in answer.sdists], [must], filters)
            self.assertEqual((self.states(answer), answer.complete, len(answer.notes)),
                             ({"one": "missing" if must else "missing?"}, not must, must))  # fmt: skip
        self.assertEqual((await self.answer("six==1.0", only_binary=":all:")).sdists, ())

    async def test_what_a_build_may_need_is_read_and_nothing_more(self) -> None:
        """An sdist whose release has no wheel may say what a build requirement depends on. The notes are the same."""
        self.sdist("six", "1.0", ["one"])
        self.sdist("one", "1.0", files={"pyproject.toml": b'[project]\nname = "one"\ndependencies = ["deep"]\n'})
        beside = self.sdist("both", "1.0", ["two"])
        self.wheel("both", "1.0")
        commitment = await self.committed("six==1.0", "one==1.0; sys_platform == 'nowhere'", "both==1.0")
        needed = await self.building.of(commitment, EVERYWHERE, needed=True)
        self.assertNotIn(beside.url, self.upstream.asked)
        self.assertEqual([sdist.file.project for sdist in needed.sdists], ["six", "one"])
        whole = await self.building.of(commitment, EVERYWHERE)
        self.assertIn(beside.url, self.upstream.asked)
        self.assertEqual([sdist.file.project for sdist in whole.sdists], ["six", "one", "both"])
        self.assertEqual((len(whole.notes), needed.notes), (1, whole.notes))
        self.assertIn("deep", whole.notes[0].message)
        self.assertIs(await self.building.of(commitment, EVERYWHERE, needed=True), whole)

    async def test_what_build_requirements_need_is_wanted_too(self) -> None:
        """From a wheel's metadata, with its extras, and so on; also in cycles."""
        self.sdist("six", "1.0", ["backend[toml]"])
        self.wheel("backend", "2.0", ["lib>=1", 'toml; extra == "toml"', 'docs; extra == "docs"'])
        self.wheel("lib", "1.0", ["backend", "deep"])
        answer = await self.answer("six==1.0", "backend==2.0", "lib==1.0")
        self.assertEqual(
            self.states(answer),
            {"backend[toml]": "pinned", "backend": "pinned", "lib>=1": "pinned", "toml": "missing", "deep": "missing"},
        )
        by = {each.requirement: each.wanted_by for each in answer.wanted}
        self.assertEqual((by["toml"], by["deep"]), (("backend 2.0",), ("lib 1.0",)))
        self.assertIn("toml, deep", answer.notes[0].message)

    async def test_build_requirements_that_are_sdists_themselves(self) -> None:
        """They are built too; what they need once they are installed is in their pyproject.toml."""
        project = b'[build-system]\nrequires = ["core"]\nbuild-backend = "core"\n[project]\ndependencies = ["lib"]\n'
        self.sdist("six", "1.0", ["backend"])
        self.sdist("backend", "2.0", files={"pyproject.toml": project})
        answer = await self.answer("--no-binary :all:", "six==1.0", "backend==2.0")
        self.assertEqual(self.states(answer), {"backend": "pinned", "core": "missing", "lib": "missing"})
        by = {each.requirement: each.wanted_by for each in answer.wanted}
        self.assertEqual(by, {"backend": ("six-1.0.tar.gz",), "core": ("backend-2.0.tar.gz",), "lib": ("backend 2.0",)})
        self.assertEqual([note.line for note in answer.notes], [2, 3])

    async def test_what_has_no_build_system_wants_what_pip_takes_for_it(self) -> None:
        """And wheel, where the setuptools that the lock pins still asks for it."""
        self.sdist("six", "1.0", files={"setup.py": b"setup(setup_requires=['cython'])"})
        self.assertEqual(self.states(await self.answer("six==1.0")),
                         {"setuptools>=40.8.0": "missing", "cython": "missing"})  # fmt: skip
        for version, wheel in (("70.0.0", True), ("70.1.0", False)):
            self.wheel("setuptools", version)
            states = self.states(await self.answer("six==1.0", f"setuptools=={version}"))
            self.assertEqual(("wheel" in states, states["setuptools>=40.8.0"]), (wheel, "pinned"))

    async def test_markers(self) -> None:
        """A requirement of every environment counts; one of some environments counts for a target among them."""
        self.sdist(
            "six",
            "1.0",
            ["old; python_version < '3'", "new; python_version >= '3'", "some; python_version < '3.12'",
             "win; sys_platform == 'win32'", "cffi; platform_python_implementation != 'PyPy'"],
        )  # fmt: skip
        some, win = 'some; python_version < "3.12"', 'win; sys_platform == "win32"'
        self.assertEqual(self.states(await self.answer("six==1.0")),
                         {"new": "missing", "cffi": "missing", some: "missing?", win: "missing?"})  # fmt: skip
        there = {"platform": "win_amd64", "python_version": "3.11"}
        self.assertEqual(self.states(await self.answer("six==1.0", **there)),
                         dict.fromkeys(("cffi", "new", "some", "win"), "missing"))  # fmt: skip
        pypy = self.states(await self.answer("six==1.0", implementation="pp"))
        self.assertNotIn("cffi", pypy)

    async def test_a_pin_for_nobody_need_not_be_built(self) -> None:
        """No target has Python 2, unless it is named."""
        self.sdist("six", "1.0", ["one"])
        lines = ('six==1.0 ; python_version < "3"',)
        self.assertTrue((await self.answer(*lines)).complete)
        self.assertFalse((await self.answer(*lines, python_version="2.7", platform="win_amd64")).complete)
        self.assertFalse((await self.answer('six==1.0 ; sys_platform == "win32"')).complete)

    async def test_what_cannot_be_read_is_told_and_the_rest_is_known(self) -> None:
        broken = self.offer("broken", "broken-1.0.tar.gz", b"no archive")
        self.sdist("six", "1.0", ["one"])
        answer = await self.answer("broken==1.0", "six==1.0")
        by = {sdist.file: sdist for sdist in answer.sdists}
        self.assertIn("broken-1.0.tar.gz cannot be read", by[broken].trouble)
        self.assertEqual((self.states(answer), answer.complete, answer.troubled), ({"one": "missing"}, False, True))

    async def test_what_need_not_be_built_is_not_fetched_for_this(self) -> None:
        """Only its beginning is read."""
        noise = os.urandom(1 << 21)
        project = b'[build-system]\nrequires = ["one"]\nbuild-backend = "one"\n'
        file = self.sdist("six", "1.0", files={"noise": noise, "pyproject.toml": project})
        self.wheel("six", "1.0")
        answer = await self.answer("six==1.0")
        (sdist,) = answer.sdists
        self.assertIn("is not searched further: Its first 1 MiB do not contain", sdist.passed_over)
        self.assertEqual((answer.complete, answer.lasting, self.upstream.asked.count(file.url)), (True, True, 1))
        answer = await self.answer("six==1.0", no_binary="six")
        self.assertEqual(self.states(answer), {"one": "missing"})

    async def test_another_backend_in_the_sdist_itself_wants_no_wheel(self) -> None:
        """It may be anything, setuptools too, and then names that."""
        own = b'[build-system]\nrequires = [%s]\nbuild-backend = "own"\nbackend-path = ["."]\n'
        self.wheel("setuptools", "60.0")
        for version, requires, wheel in (("1.0", b"", False), ("2.0", b'"setuptools"', True)):
            self.sdist("six", version, files={"pyproject.toml": own % requires})
            states = self.states(await self.answer(f"six=={version}", "setuptools==60.0"))
            self.assertEqual("wheel" in states, wheel)

    async def test_two_releases_of_one_project(self) -> None:
        self.sdist("six", "1.0", ["one==1"])
        self.sdist("six", "2.0", ["one==2"])
        self.wheel("one", "1")
        self.wheel("one", "2", ["lib"])
        markers = 'python_version < "3.12"', 'python_version >= "3.12"'
        lines = [
            f"{name}=={version} ; {marker}"
            for name in ("six", "one")
            for version, marker in zip(("1", "2"), markers, strict=True)
        ]
        answer = await self.answer(
            *(line.replace("six==1 ", "six==1.0 ").replace("six==2 ", "six==2.0 ") for line in lines)
        )
        self.assertEqual(self.states(answer), {"one==1": "pinned", "one==2": "pinned", "lib": "missing"})


class AskedTests(BuildingCase):
    """The requests to the upstream, and the reports that are cached."""

    async def test_upstream_is_asked_once_for_ever(self) -> None:
        self.sdist("six", "1.0", ["backend"])
        self.wheel("backend", "2.0", ["lib"])
        first = await self.answer("six==1.0", "backend==2.0")
        self.upstream.asked.clear()
        self.upstream.pages.clear()
        self.upstream.files.clear()
        self.building = self.other()
        commitment = await self.committed("six==1.0", "backend==2.0")
        self.assertEqual(await self.building.of(commitment, EVERYWHERE), first)
        self.assertEqual(self.upstream.asked, [])

    async def test_what_is_lacking_is_known_from_then_on(self) -> None:
        """To another process too, and with no upstream; nothing is known before."""
        self.sdist("six", "1.0", ["one"])
        commitment = await self.committed("six==1.0")
        self.assertEqual(await self.building.warnings(commitment), ())
        answer = await self.building.of(commitment, EVERYWHERE)
        self.assertEqual(len(answer.notes), 1)
        self.assertEqual(await self.other().warnings(commitment), answer.notes)

    async def test_of_a_target_nothing_is_written_down(self) -> None:
        self.sdist("six", "1.0", ["one"])
        commitment = await self.committed("six==1.0")
        await self.building.of(commitment, InstallTarget.read({"no-binary": [":all:"]}))
        self.assertEqual(await self.building.warnings(commitment), ())

    async def test_a_record_that_nobody_can_read_is_none(self) -> None:
        commitment = await self.committed("six==1.0")
        for record in (b"{", b"[1]", b'[{"new": 1}]', b"\xff"):
            await self.store.replace(f"lacking/{commitment.address}/build-requirements", record)
            self.assertEqual(await self.building.warnings(commitment), ())

    async def test_trouble_passes(self) -> None:
        """It is not remembered for the sdist's."""
        file = self.sdist("six", "1.0", ["one"])
        content = self.upstream.files.pop(file.url)
        self.assertTrue((await self.answer("six==1.0")).troubled)
        self.upstream.files[file.url] = content
        self.clock.advance(10)
        self.assertFalse((await self.answer("six==1.0")).troubled)

    async def test_trouble_with_what_a_build_requirement_needs_passes_too(self) -> None:
        """Until then, no client gets the answer that nothing is lacking."""
        self.sdist("six", "1.0", ["backend"])
        wheel = self.wheel("backend", "2.0", ["lib"])
        content = self.upstream.files.pop(wheel.url)
        lines = "six==1.0", "backend==2.0"
        answer = await self.answer(*lines)
        self.assertEqual((answer.complete, answer.troubled, answer.lasting), (False, True, False))
        self.assertIn("the dependencies of backend-2.0-py3-none-any.whl are not known", answer.troubles[0])
        self.upstream.files[wheel.url] = content
        self.clock.advance(10)
        answer = await self.answer(*lines)
        self.assertEqual((self.states(answer)["lib"], answer.troubles), ("missing", ()))

    async def test_who_does_not_wait_is_told_so_and_the_work_goes_on(self) -> None:
        from twisted.internet.defer import Deferred

        self.sdist("six", "1.0", ["one"])
        gate: Deferred[None] = Deferred()

        async def hook() -> None:
            await gate

        self.upstream.before["six"] = hook
        commitment = await self.committed("six==1.0")
        waiting = Deferred.fromCoroutine(self.building.of(commitment, EVERYWHERE, 1.0))
        self.clock.advance(1.0)
        failure = await self.assertFailure(waiting, UpstreamTrouble)
        self.assertIn("on the way", str(failure))
        gate.callback(None)
        self.assertEqual(len((await self.building.of(commitment, EVERYWHERE, 1.0)).notes), 1)

    async def test_no_project_upstream(self) -> None:
        with self.assertRaises(UpstreamTrouble) as caught:
            await self.answer("six==1.0")
        self.assertNotIsInstance(caught.exception, NotFound)
