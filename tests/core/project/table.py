"""Projects and what they say that they are: the rules, by example."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ERRORS", "PROJECTS"]

Files = Mapping[str, bytes]


def _toml(text: str) -> Files:
    return {"pyproject.toml": text.encode()}


def _py(text: str, **others: str) -> Files:
    return {"setup.py": text.encode()} | {name: text.encode() for name, text in others.items()}


def _cfg(text: str, others: Files | None = None) -> Files:
    return {"setup.cfg": f"[metadata]\n{text}\n".encode(), **(others or {})}


def _attr(said: str, path: str, module: str, options: str = "") -> Files:
    return _cfg(f"name = a\nversion = attr: {said}\n[options]\n{options}", {path: module.encode()})


NAMED = "[project]\nname = 'a'\n"
DEEP = 1_000_000

PROJECTS: list[tuple[str, Files, str]] = [
    # What it is about, the files, and: name, version (- for none), source. Nothing where there is no name.
    #
    # which file counts
    ("no file at all", {}, ""),
    ("pyproject.toml comes first", {**_toml(NAMED + "version = '1'"), **_py("setup(name='b')")}, "a 1 pyproject.toml"),
    ("setup.py comes before setup.cfg", {**_py("setup(name='b')"), **_cfg("name = c")}, "b - setup.py"),
    ("one without a name is passed over", {**_toml("[build-system]\n"), **_cfg("name = c")}, "c - setup.cfg"),
    ("a version alone is passed over", {**_py("setup(version='1')"), **_cfg("name = c")}, "c - setup.cfg"),
    ("a version is not looked for further on", {**_toml(NAMED), **_cfg("name = a\nversion = 9")}, "a - pyproject.toml"),
    ("a setup.py of Python 2", {**_py("print 'x'\nsetup(name='b')"), **_cfg("name = c")}, "c - setup.cfg"),
    #
    # pyproject.toml
    ("static", _toml("[project]\nname = 'My_Project.x'\nversion = '1.0rc1'\n"), "My_Project.x 1.0rc1 pyproject.toml"),
    ("dynamic", _toml(NAMED + "dynamic = ['version']"), "a - pyproject.toml"),
    ("dynamic and static", _toml(NAMED + "version = '1'\ndynamic = ['version']"), "a - pyproject.toml"),
    ("another thing dynamic", _toml(NAMED + "version = '1'\ndynamic = ['readme']"), "a 1 pyproject.toml"),
    ("project is no table", _toml("project = 1"), ""),
    ("another tool's name", _toml("[tool.other]\nname = 'a'"), ""),
    ("a byte order mark", {"pyproject.toml": b"\xef\xbb\xbf" + NAMED.encode()}, "a - pyproject.toml"),
    ("CRLF", {"pyproject.toml": b"[project]\r\nname = 'a'\r\nversion = '2'\r\n"}, "a 2 pyproject.toml"),
    #
    # setup.py: calls
    ("a call", _py("from setuptools import setup\nsetup(name='a', version='1')"), "a 1 setup.py"),
    ("of the module", _py("import setuptools\nsetuptools.setup(name='a', version='1')"), "a 1 setup.py"),
    ("of another module", _py("import other\nother.setup(name='a', version='1')"), ""),
    ("of a method", _py("x().setup(name='a')"), ""),
    ("in a function", _py("def main():\n  setup(name='a', version='1')\nmain()"), "a 1 setup.py"),
    ("under main", _py("if __name__ == '__main__':\n  setup(name='a')"), "a - setup.py"),
    ("in a try", _py("try:\n  setup(name='a')\nexcept E:\n  setup(name='b')"), "a - setup.py"),
    ("in a match", _py("match x:\n  case 1:\n    setup(name='a')"), "a - setup.py"),
    ("the first that has a name", _py("setup(name=f())\nsetup(name='b')\nsetup(name='c')"), "b - setup.py"),
    ("as an argument", _py("exit(setup(name='a'))"), "a - setup.py"),
    ("not in a string", _py("'''setup(name=\"a\")'''"), ""),
    ("positional", _py("setup('a', '1')"), ""),
    ("from a dictionary", _py("setup(**config)"), ""),
    #
    # setup.py: values
    ("implicit concatenation", _py("setup(name='a' 'b', version='1' '.2')"), "ab 1.2 setup.py"),
    ("a tuple", _py("setup(name='a', version=(1, 2, 'dev3'))"), "a 1.2.dev3 setup.py"),
    ("a list", _py("setup(name='a', version=[1, 2])"), "a 1.2 setup.py"),
    ("a number", _py("setup(name='a', version=1.5)"), "a 1.5 setup.py"),
    ("no literal", _py("setup(name='a', version=get_version())"), "a - setup.py"),
    ("an f-string", _py("setup(name='a', version=f'{x}')"), "a - setup.py"),
    ("a truth", _py("setup(name='a', version=True)"), "a - setup.py"),
    ("bytes", _py("setup(name=b'a')"), ""),
    ("half a tuple", _py("setup(name='a', version=(1, f()))"), "a - setup.py"),
    ("a tuple in a tuple", _py("setup(name='a', version=((1,), 2))"), "a - setup.py"),
    ("a name that setuptools corrects", _py("setup(name='My Project!x')"), "My-Project-x - setup.py"),
    ("a name of nothing", {**_py("setup(name='!')"), **_cfg("name = c")}, "c - setup.cfg"),
    ("white space around", _py("setup(name=' a ', version=' 1\\n')"), "a 1 setup.py"),
    ("a version of two lines", _py("setup(name='a', version='1\\n2')"), "a - setup.py"),
    ("a version that moves the cursor", _py("setup(name='a', version='1\\x1b[2J')"), "a - setup.py"),
    ("half a character", _py("setup(name='a', version='\\ud800')"), "a - setup.py"),
    #
    # setup.py: variables
    ("a variable", _py("NAME = 'a'\nV = '1'\nsetup(name=NAME, version=V)"), "a 1 setup.py"),
    ("with a type", _py("V: str = '1'\nsetup(name='a', version=V)"), "a 1 setup.py"),
    ("two at once", _py("V = W = '1'\nsetup(name='a', version=V)"), "a 1 setup.py"),
    ("of a variable", _py("A = '1'\nB = A\nA = '2'\nsetup(name='a', version=B)"), "a 1 setup.py"),
    ("of a tuple of variables", _py("A = 1\nB = (A, 2)\nsetup(name='a', version=B)"), "a 1.2 setup.py"),
    ("the last one", _py("V = '1'\nV = '2'\nsetup(name='a', version=V)\nV = '3'"), "a 2 setup.py"),
    ("of itself", _py("V = V\nsetup(name='a', version=V)"), "a - setup.py"),
    ("of nothing", _py("setup(name='a', version=V)"), "a - setup.py"),
    ("of the branch", _py("if x:\n  V = '1'\n  setup(name='a', version=V)\nelse:\n  V = '2'"), "a 1 setup.py"),
    ("from around the branch", _py("V = '1'\nif x:\n  setup(name='a', version=V)"), "a 1 setup.py"),
    ("of another branch", _py("if x:\n  V = '1'\nelse:\n  setup(name='a', version=V)"), "a - setup.py"),
    ("around, beside another branch",
     _py("V = '0'\nif x:\n  V = '1'\nelse:\n  setup(name='a', version=V)"), "a 0 setup.py"),
    ("of a branch before", _py("V = '1'\nif x:\n  V = '2'\nsetup(name='a', version=V)"), "a - setup.py"),
    ("of a loop", _py("for V in '12':\n  setup(name='a', version=V)"), "a - setup.py"),
    ("that a loop changes", _py("V = '1'\nwhile x:\n  setup(name='a', version=V)\n  V = f()"), "a - setup.py"),
    ("that is added to", _py("V = '1'\nV += 'dev'\nsetup(name='a', version=V)"), "a - setup.py"),
    ("that is deleted", _py("V = '1'\ndel V\nsetup(name='a', version=V)"), "a - setup.py"),
    ("that is imported", _py("V = '1'\nfrom x import y as V\nsetup(name='a', version=V)"), "a - setup.py"),
    ("that may be imported", _py("V = '1'\nfrom x import *\nsetup(name='a', version=V)"), "a - setup.py"),
    ("unpacked", _py("V, W = '1', '2'\nsetup(name='a', version=V)"), "a - setup.py"),
    ("of a walrus", _py("V = '1'\nf(V := '2')\nsetup(name='a', version=V)"), "a - setup.py"),
    ("of an except", _py("V = '1'\ntry: f()\nexcept E as V: pass\nsetup(name='a', version=V)"), "a - setup.py"),
    ("another function's", _py("V = '1'\ndef f():\n  V = '2'\nsetup(name='a', version=V)"), "a 1 setup.py"),
    ("global in a function",
     _py("V = '1'\ndef f():\n  global V\n  V = '2'\nsetup(name='a', version=V)"), "a - setup.py"),
    ("a comprehension's", _py("V = '1'\nx = [V for V in y]\nsetup(name='a', version=V)"), "a 1 setup.py"),
    ("a function's own", _py("V = '1'\ndef f():\n  V = '2'\n  setup(name='a', version=V)"), "a 2 setup.py"),
    ("a parameter", _py("V = '1'\ndef f(V):\n  setup(name='a', version=V)"), "a - setup.py"),
    ("a lambda's parameter", _py("V = '1'\nf = lambda V: setup(name='a', version=V)"), "a - setup.py"),
    ("below the function", _py("def f():\n  setup(name='a', version=V)\nV = '1'\nf()"), "a 1 setup.py"),
    ("changed below the function",
     _py("V = '1'\ndef f():\n  setup(name='a', version=V)\nV += '2'\nf()"), "a - setup.py"),
    #
    # setup.py: the text
    ("a coding line", {"setup.py": b"# -*- coding: latin-1 -*-\n# \xe9\nsetup(name='a')"}, "a - setup.py"),
    ("a byte order mark in front", {"setup.py": b"\xef\xbb\xbfsetup(name='a')"}, "a - setup.py"),
    ("UTF-16", {"setup.py": "setup(name='a')".encode("utf-16")}, "a - setup.py"),
    ("an unknown coding line", {"setup.py": b"# coding: nonsense\nsetup(name='a')"}, ""),
    ("a slow coding line", {"setup.py": b"# coding: punycode\nsetup(name='a')" + b"-" * 900_000}, ""),
    ("no UTF-8", {"setup.py": b"setup(name='a') # \xff"}, ""),
    ("a NUL", {"setup.py": b"setup(name='a')\0"}, ""),
    ("an escape that Python warns of", _py("x = '\\d'\nsetup(name='a')"), "a - setup.py"),
    ("parentheses", _py("(" * DEEP), ""),
    ("signs", _py("x = " + "-" * DEEP + "1"), ""),
    ("attributes", _py("x = a" + ".b" * (DEEP // 2)), ""),
    ("a long number", _py("setup(name='a', version=" + "1" * 5000 + ")"), ""),
    ("a long number in hex", _py("setup(name='a', version=0x" + "f" * 9000 + ")"), "a - setup.py"),
    ("a chain of variables", _py("".join(f"v{n + 1} = v{n}\n" for n in range(9999)) + "setup(name=v9999)"), ""),
    ("a tree of variables", _py("v0 = 1\n" + "".join(f"v{n + 1} = (v{n},) * 9, v{n}, v{n}\n" for n in range(15))
                                + "setup(name='a', version=v15)"), "a - setup.py"),
    ("a wide tree", _py("v0 = 1\n" + "".join(f"v{n + 1} = {', '.join([f'v{n}'] * 20)}\n" for n in range(20))
                        + "setup(name='a', version=v20)"), "a - setup.py"),
    #
    # setup.cfg
    ("literals", _cfg("name = a\nversion = 1.0"), "a 1.0 setup.cfg"),
    ("no version", _cfg("name = a"), "a - setup.cfg"),
    ("no metadata", {"setup.cfg": b"[options]\nname = a\n"}, ""),
    ("a name of another file", _cfg("name = file: NAME"), ""),
    ("a colon", _cfg("name: a\nversion: 1"), "a 1 setup.cfg"),
    ("a percent sign", _cfg("name = a\nversion = 1\ndescription = 100%"), "a 1 setup.cfg"),
    ("a comment", _cfg("# name = b\nname = a"), "a - setup.cfg"),
    ("a mark", {"setup.cfg": b"\xef\xbb\xbf[metadata]\r\nname = a\r\nversion = 1\r\n"}, "a 1 setup.cfg"),
    ("a line that is long and empty", _cfg("name = a\nx" + " " * 900_000 + "y = 1"), "a - setup.cfg"),
    ("a file", _cfg("name = a\nversion = file: VERSION", {"VERSION": b"1.2\n"}), "a 1.2 setup.cfg"),
    ("a file below", _cfg("name = a\nversion = file: x/../src/VERSION", {"src/VERSION": b"1.2"}), "a 1.2 setup.cfg"),
    ("a file that is not there", _cfg("name = a\nversion = file: VERSION"), "a - setup.cfg"),
    ("a file of two lines", _cfg("name = a\nversion = file: V", {"V": b"1\n2\n"}), "a - setup.cfg"),
    ("a file of other bytes", _cfg("name = a\nversion = file: V", {"V": b"\xff\0"}), "a - setup.cfg"),
    ("an attribute", _attr("a.__version__", "a/__init__.py", "__version__ = '1'"), "a 1 setup.cfg"),
    ("of a module", _attr("a.about.V", "a/about.py", "import os\nV: str = '1'"), "a 1 setup.cfg"),
    ("a tuple there", _attr("a.V", "a.py", "V = (1, 2)"), "a 1.2 setup.cfg"),
    ("the first counts, as for setuptools", _attr("a.V", "a.py", "V = '1'\nV = f()"), "a 1 setup.cfg"),
    ("no literal there", _attr("a.V", "a.py", "V = f()"), "a - setup.cfg"),
    ("only in a branch", _attr("a.V", "a.py", "if x:\n  V = '1'"), "a - setup.cfg"),
    ("nothing of that name", _attr("a.V", "a.py", "W = '1'"), "a - setup.cfg"),
    ("no module", _attr("b.V", "a.py", "V = '1'"), "a - setup.cfg"),
    ("no Python", _attr("a.V", "a.py", "V = '1' ("), "a - setup.cfg"),
    ("of the source itself", _attr("V", "__init__.py", "V = '1'"), "a 1 setup.cfg"),
    ("where packages are", _attr("a.V", "lib/a.py", "V = '1'", "package_dir =\n  = lib"), "a 1 setup.cfg"),
    ("where one package is", _attr("a.b.V", "x/b.py", "V = '1'", "package_dir = c=y, a = x"), "a 1 setup.cfg"),
    ("where it is not", _attr("a.V", "a.py", "V = '1'", "package_dir =\n  = lib"), "a - setup.cfg"),
    ("in src", _attr("a.V", "src/a/__init__.py", "V = '1'"), "a 1 setup.cfg"),
]  # fmt: skip

ERRORS: list[tuple[str, Files, str]] = [
    # What it is about, the files, and a part of what is said.
    ("no TOML", _toml("[project]\nname = \n"), "pyproject.toml:2 cannot be read"),
    ("deep TOML", _toml("x = " + "[" * 900_000), "pyproject.toml cannot be read"),
    ("TOML in another encoding", {"pyproject.toml": b"[project]\nname = '\xff'\n"}, "pyproject.toml:2 cannot be read"),
    ("TOML with a NUL", {"pyproject.toml": b"[project]\nname = '\0'\n"}, "pyproject.toml:2 cannot be read"),
    ("a name that is none", _toml("[project]\nname = 'a b'"), "'a b' is not a valid project.name"),
    ("a name that is a number", _toml("[project]\nname = 1"), "a int is not a valid project.name"),
    ("a version that is a number", _toml(NAMED + "version = 1.0"), "a float is not a valid project.version"),
    ("an empty version", _toml(NAMED + "version = ''"), "'' is not a valid project.version"),
    ("a large file", _toml("#" * (1 << 20) + "#"), "pyproject.toml is larger than 1048576 bytes"),
    ("a large setup.py", _py("#" * (1 << 20) + "#"), "setup.py is larger than 1048576 bytes"),
    ("no configuration", {"setup.cfg": b"name = a\n"}, "setup.cfg cannot be read: File contains no section headers."),
    ("a name twice", _cfg("name = a\nname = b"), "setup.cfg cannot be read: While reading from 'setup.cfg' [line 3]"),
    ("a configuration of other bytes", {"setup.cfg": b"[metadata]\nname = \xff\n"}, "setup.cfg:2 cannot be read"),
    ("a file above", _cfg("name = a\nversion = file: ../VERSION"), "version = file: names a path outside the source"),
    ("a file above below", _cfg("name = a\nversion = file: x/../../V"), "version = file: names a path outside"),
    ("an absolute file", _cfg("name = a\nversion = file: /etc/passwd"), "'/etc/passwd': write one from the project"),
    ("a backslash", _cfg("name = a\nversion = file: ..\\V"), "version = file: names a path outside the source"),
    ("packages above", _attr("a.V", "a.py", "", "package_dir =\n  = ../lib"), "version = attr: names a path outside"),
    ("packages elsewhere",
     _attr("a.V", "a.py", "", "package_dir =\n  a = /lib"), "version = attr: names a path outside"),
    ("a large version", _cfg("name = a\nversion = file: V", {"V": b"1" * (1 << 20) + b"1"}), "V is larger than"),
]  # fmt: skip
