"""The build system of an sdist: any bytes give requirements, or sentences that say why not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata import DEFAULT, BuildSystem, build_system, enough, setup_literals
from reqpi.core.stored_json import NOT_WRITTEN

HATCH = b'[build-system]\nrequires = ["hatchling>=1.24", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n'
SETUPTOOLS = b'[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'

PYPROJECTS: dict[bytes, tuple[str, ...]] = {
    HATCH: ("hatchling>=1.24", "hatch-vcs"),
    SETUPTOOLS: ("setuptools>=61",),
    b"": DEFAULT,
    b'[project]\nname = "six"\n': DEFAULT,
    b"[tool.black]\nline-length = 120\n": DEFAULT,
    b"[build-system]\nrequires = []\n": (),
    b'[build-system]\nrequires = ["a ; python_version < \'3\'", "b[c]>=1,<2", "a ; python_version < \'3\'"]\n': (
        "a ; python_version < '3'",
        "b[c]>=1,<2",
    ),
    b'\xef\xbb\xbf[build-system]\r\nrequires = ["flit_core >=3.2,<4"]\r\n': ("flit_core >=3.2,<4",),
}
"""pyproject.toml, and what building begins with."""

UNREAD: dict[bytes, str] = {
    b"[build-system\n": "pyproject.toml cannot be read",
    b"\xff\xfe[\x00": "pyproject.toml cannot be read",
    b"a" + b".a" * 50_000 + b" = 1\n": "pyproject.toml cannot be read",
    b"a = " + b"[" * 50_000 + b"\n": "pyproject.toml cannot be read",
    b"[build-system]\n": "has no list of requires",
    b"[build-system]\nrequires = 'setuptools'\n": "has no list of requires",
    b"[build-system]\nrequires = [1]\n": "has no list of requires",
    b'[build-system]\nrequires = ["setuptools and wheel", "wheel"]\n': "an invalid requirement: 'setuptools and wheel'",
    b'[build-system]\nrequires = ["a\\u001b[2J"]\n': "an invalid requirement",
    b'[build-system]\nrequires = ["' + b"a" * 2000 + b'"]\n': "an invalid requirement",
    b'[build-system]\nrequires = ["a;'
    + b"(" * 90
    + b"python_version<'3'"
    + b")" * 90
    + b'"]\n': "an invalid requirement",
    b"[build-system]\nrequires = [" + b", ".join(b'"a%d"' % n for n in range(300)) + b"]\n": "more than 200",
}
"""pyproject.toml, and what is said of it."""

SETUPS: dict[bytes, tuple[str, ...] | str] = {
    b"from setuptools import setup\nsetup(setup_requires=['cython', 'numpy>=1'])\n": ("cython", "numpy>=1"),
    b"import setuptools\nsetuptools.setup(setup_requires='cython')\n": ("cython",),
    b"setup(setup_requires=('a', 'b; python_version < \"3\"'))": ("a", 'b; python_version < "3"'),
    b"setup(setup_requires='''\na\n# no\nb\n''')": ("a", "b"),
    b"R = ['a']\nsetup(setup_requires=R)": ("a",),
    b"setup(name='six')": (),
    b"# setup_requires is a thing of the past\nsetup(name='six')": (),
    b"setup(setup_requires=[])": (),
    b"if True:\n    from setuptools import setup\n    setup(setup_requires=['a'])": ("a",),
    b"R = ['a']\nR.append('b')\nsetup(setup_requires=R)": "setup.py computes setup_requires",
    b"R = ['a']\nR += ['b']\nsetup(setup_requires=R)": "setup.py computes setup_requires",
    b"if x:\n    R = ['a']\nsetup(setup_requires=R)": "setup.py computes setup_requires",
    b"R = ['a']\nR = ['b']\nsetup(setup_requires=R)": "setup.py computes setup_requires",
    b"setup(setup_requires=['a'] + ['b'])": "setup.py computes setup_requires",
    b"setup(setup_requires=['a', b])": "setup.py computes setup_requires",
    b"setup(setup_requires=open('x').read())": "setup.py computes setup_requires",
    b"k = dict(setup_requires=['a'])\nsetup(**k)": "setup.py computes setup_requires",
    b"k = {'setup_requires': ['a']}\nsetup(**k)": "setup.py computes setup_requires",
    b"print 'setup_requires'": "setup.py cannot be parsed as Python",
    b"setup(setup_requires=\0)": "setup.py cannot be parsed as Python",
    b"setup_requires = " + b"-" * 60_000 + b"1": "setup.py cannot be parsed as Python",
    b"setup_requires = " + b"(" * 5000: "setup.py cannot be parsed as Python",
    b"setup(setup_requires=['no requirement'])": "setup_requires has an invalid requirement",
}
"""setup.py, and what setuptools asks for beside the rest, or why that is unknown."""

CONFIGS: dict[bytes, tuple[str, ...] | str] = {
    b"[options]\nsetup_requires =\n    a>=1\n    b; python_version < '3'\n": ("a>=1", "b; python_version < '3'"),
    b"[options]\nsetup_requires = a; b\n": ("a", "b"),
    b"[metadata]\nsetup_requires = a\n": (),
    b"[options]\nsetup_requires = file: reqs.txt\n": "setup.cfg takes setup_requires from elsewhere: file: reqs.txt",
    b"setup_requires\n": "setup.cfg cannot be read",
    b"[options]\nsetup_requires = \xff\n": "setup.cfg cannot be read",
    b"nonsense": (),
}


class BuildSystemTests(SynchronousTestCase):
    """Tables of files."""

    def test_pyproject(self) -> None:
        for data, requires in PYPROJECTS.items():
            system = build_system({"pyproject.toml": data})
            self.assertEqual((system.requires, system.unread), (requires, ()), data)
            self.assertEqual(system.declared, b"[build-system]" in data)

    def test_defects_are_reported(self) -> None:
        for data, words in UNREAD.items():
            system = build_system({"pyproject.toml": data})
            self.assertIn(words, " ".join(system.unread), data[:100])
            self.assertTrue(all(text.isprintable() and len(text) <= 200 for text in system.unread))

    def check(self, name: str, table: dict[bytes, tuple[str, ...] | str]) -> None:
        for data, expected in table.items():
            system = build_system({name: data})
            self.assertEqual(system.requires, DEFAULT)
            if isinstance(expected, tuple):
                self.assertEqual((system.setup_requires, system.unread), (expected, ()), data[:100])
            else:
                self.assertIn(expected, " ".join(system.unread), data[:100])

    def test_setup_py(self) -> None:
        """It is never run."""
        self.check("setup.py", SETUPS)

    def test_setup_cfg(self) -> None:
        self.check("setup.cfg", CONFIGS)

    def test_setup_py_comes_before_setup_cfg(self) -> None:
        """As setuptools has it; what setup.py says is empty is not said."""
        config = b"[options]\nsetup_requires = b\n"
        for setup, expected in ((b"setup(setup_requires=['a'])", ("a",)), (b"setup(setup_requires=[])", ("b",))):
            self.assertEqual(build_system({"setup.py": setup, "setup.cfg": config}).setup_requires, expected)

    def test_another_backend_heeds_no_setup_file(self) -> None:
        """Unless it is one of its own, which may have setuptools inside."""
        setup = b"setup(setup_requires=['a'])"
        self.assertEqual(build_system({"pyproject.toml": HATCH, "setup.py": setup}).setup_requires, ())
        own = b'[build-system]\nrequires = ["setuptools"]\nbuild-backend = "mine"\nbackend-path = ["."]\n'
        for pyproject in (SETUPTOOLS, own, b"[build-system]\nrequires = ['setuptools']\n", b""):
            self.assertEqual(build_system({"pyproject.toml": pyproject, "setup.py": setup}).setup_requires, ("a",))

    def test_no_more_is_needed_than_what_counts(self) -> None:
        self.assertTrue(enough({"pyproject.toml": HATCH}))
        self.assertFalse(enough({"pyproject.toml": SETUPTOOLS}))
        self.assertFalse(enough({"setup.py": b"", "setup.cfg": b""}))
        self.assertTrue(enough({"setup.py": b"", "setup.cfg": b"", "pyproject.toml": None}))

    def test_files_that_are_too_large_are_reported(self) -> None:
        for name in ("pyproject.toml", "setup.py", "setup.cfg"):
            self.assertEqual(build_system({name: None}).unread, (f"{name} is too large to be read",))

    def test_a_program_that_takes_minutes_to_be_parsed_is_not(self) -> None:
        """And lets no other thread run meanwhile."""
        program = b"setup(setup_requires=[f'" + b"{0}" * 60_000 + b"'])\n"
        self.patch(setup_literals, "_parsed", lambda _: self.fail("it was parsed"))
        system = build_system({"setup.py": program})
        self.assertEqual(system.unread, ("setup.py is too large to be read",))

    def test_dependencies(self) -> None:
        """As core metadata has them; unknown where they are computed."""
        static = (
            b'[project]\ndependencies = ["a", "b"]\n[project.optional-dependencies]\ntls = ["c; os_name == \'nt\'"]\n'
        )
        expected = ("a", "b", "c ; (os_name == 'nt') and extra == \"tls\"")
        self.assertEqual(build_system({"pyproject.toml": static}).dependencies, expected)
        self.assertEqual(build_system({"pyproject.toml": b"[project]\n"}).dependencies, ())
        setup = b"setup(install_requires=['a'])"
        dynamic = b'[project]\ndynamic = ["dependencies"]\n'
        for pyproject in (dynamic, b""):
            self.assertIsNone(build_system({"pyproject.toml": pyproject}).dependencies)
            self.assertEqual(build_system({"pyproject.toml": pyproject, "setup.py": setup}).dependencies, ("a",))

    def test_dependencies_that_a_build_may_extend(self) -> None:
        """They are stated, and dynamic too (PEP 808)."""
        both = b'[project]\ndependencies = ["b"]\ndynamic = ["dependencies"]\n'
        self.assertIsNone(build_system({"pyproject.toml": both}).dependencies)
        setup = b"setup(install_requires=['a'])"
        self.assertEqual(build_system({"pyproject.toml": both, "setup.py": setup}).dependencies, ("b", "a"))

    def test_it_is_read_again_as_it_was_written(self) -> None:
        system = build_system({"pyproject.toml": SETUPTOOLS, "setup.py": b"setup(setup_requires=['a', b])"})
        self.assertEqual(BuildSystem.load(system.dump()), system)
        self.assertIsNone(BuildSystem.load(b'{"layout": 2}'))
        for data in (b"", b"[]", b"{}", b'{"layout": 1, "else": 1}'):
            with self.assertRaises(NOT_WRITTEN):
                BuildSystem.load(data)

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(["pyproject.toml", "setup.py", "setup.cfg"]), st.binary(max_size=60))
    def test_any_bytes(self, name: str, data: bytes) -> None:
        for content in (
            data,
            b"[build-system]\n" + data,
            b"[options]\nsetup_requires=" + data,
            b"setup(setup_requires=" + data,
        ):
            system = build_system({name: content})
            self.assertEqual(BuildSystem.load(system.dump()), system)
