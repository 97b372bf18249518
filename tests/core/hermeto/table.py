"""What Hermeto, Cachi2 and Cachito are asked for, and what is made of it: the rules, by example."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["INPUTS", "REQUESTS", "WHEELS", "WRONG_INPUTS", "WRONG_REQUESTS"]

SHA1 = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "https://example.org/team/tool.git"


def _pip(**fields: Any) -> str:
    return json.dumps({"type": "pip", **fields})


def _binary(**fields: Any) -> str:
    return _pip(binary=fields)


def _request(**fields: Any) -> str:
    sound = {"repo": REPOSITORY, "ref": SHA1, "pkg_managers": ["pip"], "packages": {"pip": [{}]}}
    return json.dumps({**sound, **fields})


INPUTS: list[tuple[str, str, str]] = [
    # What it is about, the input, and: its packages, each with its path and what is not as usual.
    #
    # forms
    ("a bare word", "pip", "."),
    ("a bare word with space around it", " pip\n", "."),
    ("an object", _pip(), "."),
    ("a list", f"[{_pip(path='a')}, {_pip(path='b')}]", "a | b"),
    ("packages", f'{{"packages": [{_pip()}]}}', "."),
    ("packages and flags", f'{{"packages": [{_pip()}], "flags": []}}', "."),
    (
        "their flags",
        f'{{"packages": [{_pip()}], "flags": ["cgo-disable"]}}',
        ". (the flag cgo-disable means nothing for pip)",
    ),
    # paths
    ("a path", _pip(path="sub/dir"), "sub/dir"),
    ("a path with nothing in it", _pip(path="./sub//dir/"), "sub/dir"),
    ("the source itself", _pip(path="./"), "."),
    # files
    ("files", _pip(requirements_files=["a.txt", "sub/b.txt"]), ". run=a.txt,sub/b.txt"),
    ("no files", _pip(requirements_files=[]), ". run="),
    ("build files", _pip(requirements_build_files=["b.txt"]), ". build=b.txt"),
    ("a file twice", _pip(requirements_files=["a.txt", "./a.txt"]), ". run=a.txt"),
    # the same package again
    ("equal packages are one", f"[{_pip()}, {_pip()}]", "."),
    ("also where they are spelled in other ways", f"[{_pip()}, {_pip(path='.')}, {_pip(path='./')}]", "."),
    # allow_binary
    (
        "allow_binary",
        _pip(allow_binary="true"),
        '. wheels=all ("allow_binary" is deprecated: "binary" says which wheels)',
    ),
    (
        "allow_binary as a boolean",
        _pip(allow_binary=True),
        '. wheels=all ("allow_binary" is deprecated: "binary" says which wheels)',
    ),
    (
        "allow_binary that allows nothing",
        _pip(allow_binary="false"),
        '. ("allow_binary" is deprecated: "binary" says which wheels)',
    ),
    # binary
    ("no binary", _pip(binary=None), "."),
    ("an empty path is the source", _pip(path=""), "."),
    ("commas with nothing in between", _binary(arch="x86_64,,", os=",linux"), ". wheels=linux x86_64 cp"),
    ("null for a Python", _binary(py_version=None), ". wheels=linux x86_64 cp"),
    (
        "a pattern beside the defaults of what it replaces",
        _binary(platform="x", os="linux", arch="x86_64"),
        ". wheels=/x/ cp",
    ),
    ("binary by default", _binary(), ". wheels=linux x86_64 cp"),
    ("everything is open", _binary(arch=":all:", os=":all:", py_impl=":all:"), ". wheels=all"),
    ("several of each", _binary(arch="x86_64,aarch64", os="linux, macosx"), ". wheels=linux,macosx aarch64,x86_64 cp"),
    ("names of one architecture", _binary(arch="amd64,ARM64,x86-64"), ". wheels=linux aarch64,x86_64 cp"),
    ("names of one system", _binary(os="darwin,windows"), ". wheels=macosx,win x86_64 cp"),
    ("one kind of Linux", _binary(os="manylinux"), ". wheels=manylinux x86_64 cp"),
    ("a Python", _binary(py_version=312), ". wheels=linux x86_64 3.12 cp"),
    ("Pythons", _binary(py_version="39,310"), ". wheels=linux x86_64 3.10,3.9 cp"),
    ("any Python", _binary(py_version=":all:"), ". wheels=linux x86_64 cp"),
    ("another implementation", _binary(py_impl="pp"), ". wheels=linux x86_64 pp"),
    ("an ABI", _binary(abi="cp312"), ". wheels=linux x86_64 cp cp312"),
    ("all packages", _binary(packages=":all:"), ". wheels=linux x86_64 cp"),
    ("some packages", _binary(packages="Zope.Interface, numpy"), ". wheels=linux x86_64 cp of numpy,zope-interface"),
    ("a pattern", _binary(platform="^manylinux"), ". wheels=/^manylinux/ cp"),
    ("a pattern for everything", _binary(platform=":all:"), ". wheels=// cp"),
]

WRONG_INPUTS: list[tuple[str, str, str]] = [
    # What it is about, the input, and the flaws: where each is, and what it says.
    #
    # forms
    ("nothing", "", "this is no JSON"),
    ("half of it", '{"type": "pip"', "this is no JSON"),
    ("a number", "1", "1 is no object"),
    ("a string", '"pip"', '"pip" is no object'),
    ("null", "null", "null is no object"),
    ("a list of words", '["pip"]', '[0]: "pip" is no object'),
    ("an empty list", "[]", "there are no packages"),
    ("no packages", '{"packages": []}', "packages: there are no packages"),
    ("packages that are none", '{"packages": {}}', "packages: an object is no list"),
    ("a key twice", '{"type": "pip", "path": "a", "path": "b"}', 'the key "path" stands twice'),
    ("too deep", "[" * 100_000, "nested too deeply"),
    ("too long", " " * (1 << 20) + "pip {}", "longer than 1048576 characters"),
    # keys
    ("an unknown key", _pip(pth="."), "pth: there is no such key"),
    ("an unknown key beside packages", f'{{"packages": [{_pip()}], "flag": []}}', "flag: there is no such key"),
    ("an unknown flag", f'{{"packages": [{_pip()}], "flags": ["x"]}}', 'flags[0]: "x" is no flag'),
    ("flags that are none", f'{{"packages": [{_pip()}], "flags": "x"}}', 'flags: "x" is no list'),
    ("another type as a word", "npm", 'type: "npm" is not fetched here'),
    ("another type", '{"type": "gomod"}', 'type: "gomod" is not fetched here'),
    ("no type", '{"path": "."}', "type: there is no type"),
    ("another type among others", f'[{_pip()}, {{"type": "npm"}}]', '[1].type: "npm" is not fetched here'),
    # paths
    ("an absolute path", _pip(path="/srv"), 'path: "/srv" is absolute'),
    ("a path that leaves", _pip(path="../a"), "path: \"../a\" has a '..' in it"),
    ("a path that comes back", _pip(path="a/../a"), "has a '..' in it"),
    ("a path that is none", _pip(path=1), "path: 1 is no path"),
    ("a path of spaces", _pip(path="  "), 'path: "  " is no path'),
    ("null for a path", _pip(path=None), "path: null is no path"),
    ("a path with a line break", _pip(path="a\nb"), "cannot be a path here"),
    ("a path with a NUL", _pip(path="a\0b"), "cannot be a path here"),
    ("a long path", _pip(path="a" * 1001), "cannot be a path here"),
    # files
    ("an empty path for a file", _pip(requirements_files=[""]), 'requirements_files[0]: "" is no path'),
    ("null for files", _pip(requirements_files=None), "requirements_files: null is no list"),
    ("a name for files", _pip(requirements_files="a.txt"), 'requirements_files: "a.txt" is no list'),
    ("an absolute file", _pip(requirements_files=["/a.txt"]), 'requirements_files[0]: "/a.txt" is absolute'),
    ("a build file that leaves", _pip(requirements_build_files=["a", "../b"]), "requirements_build_files[1]: "),
    ("a file that is none", _pip(requirements_files=[{}]), "requirements_files[0]: an object is no path"),
    ("many files", _pip(requirements_files=["a"] * 101), "requirements_files: 101 files are too many"),
    # the same package again
    ("one path, two packages", f"[{_pip()}, {_pip(requirements_files=[])}]", '[1]: [0] has the same path, "."'),
    ("spelled in other ways", f"[{_pip(path='a')}, {_pip(path='./a', binary={})}]", '[1]: [0] has the same path, "a"'),
    # allow_binary
    ("neither true nor false", _pip(allow_binary="maybe"), 'allow_binary: "maybe" is neither true nor false'),
    ("a number that is neither", _pip(allow_binary=2), "allow_binary: 2 is neither"),
    ("null for it", _pip(allow_binary=None), "allow_binary: null is neither"),
    ("a list for it", _pip(allow_binary=[]), "allow_binary: a list is neither"),
    ("wheels and no wheels", _pip(allow_binary=False, binary={}), "binary: it asks for wheels"),
    # binary
    ("no object", _pip(binary="x86_64"), 'binary: "x86_64" is no object'),
    ("an unknown key of it", _binary(python=312), "binary.python: there is no such key"),
    ("no projects", _binary(packages=" , ,"), 'binary.packages: " , ," is no text'),
    ("no systems", _binary(os=","), 'binary.os: "," is no text'),
    ("a list of projects", _binary(packages=["a"]), "binary.packages: a list is no text"),
    ("no project", _binary(packages="-a"), 'binary.packages: "-a" is no project'),
    ("no system", _binary(os="linus"), 'binary.os: "linus" is none that is known'),
    ("no architecture", _binary(arch="x86 64"), 'binary.arch: "x86 64" is none'),
    ("null for an architecture", _binary(arch=None), "binary.arch: null is no text"),
    ("many architectures", _binary(arch=",".join("abc" for _ in range(51))), "binary.arch: 51 values are too many"),
    ("no Python", _binary(py_version="py3"), "binary.py_version: 'py3' is not a Python version"),
    ("true for a Python", _binary(py_version=True), "binary.py_version: true is no text"),
    ("a large Python", _binary(py_version=10**50), "binary.py_version"),
    ("no implementation", _binary(py_impl="cp3!"), "binary.py_impl: 'cp3!' is not an implementation"),
    ("no ABI", _binary(abi="cp 312"), "binary.abi: 'cp 312' is not a valid tag"),
    ("a pattern that is none", _binary(platform="(linux"), 'binary.platform: "(linux" is no regular expression'),
    ("an empty pattern", _binary(platform=""), 'binary.platform: "" is no regular expression'),
    ("a number for a pattern", _binary(platform=1), "binary.platform: 1 is no regular expression"),
    ("a long pattern", _binary(platform="a" * 201), "binary.platform: it is longer than 200 characters"),
    ("a pattern that counts too far", _binary(platform="a{99999999999999999999}"), "binary.platform: "),
    ("a pattern beside what it replaces", _binary(platform="x", os="win"), "binary.platform: it stands beside os"),
    ("a pattern beside both", _binary(platform="x", os="win", arch="arm"), "it stands beside os and arch"),
    # all of it together
    ("several flaws", _pip(path="/a", x=1, binary={"os": "x"}), 'x: there | path: "/a" is | binary.os: "x" is'),
]

REQUESTS: list[tuple[str, str, str]] = [
    # What it is about, the document, and: the name of the repository, and its packages.
    ("the usual", _request(), "tool: ."),
    ("no packages", json.dumps({"repo": REPOSITORY, "ref": SHA1, "pkg_managers": ["pip"]}), "tool: ."),
    ("an empty list", _request(packages={"pip": []}), "tool: ."),
    ("a commit in capitals", _request(ref=SHA1.upper()), "tool: ."),
    ("a longer commit", _request(ref="a" * 64), "tool: ."),
    (
        "packages",
        _request(packages={"pip": [{"path": "a"}, {"path": "b", "requirements_files": ["r"]}]}),
        "tool: a | b run=r",
    ),
    ("build files", _request(packages={"pip": [{"requirements_build_files": []}]}), "tool: . build="),
    ("wheels", _request(packages={"pip": [{"binary": {}}]}), "tool: . wheels=linux x86_64 cp"),
    ("what says nothing", _request(flags=[], dependency_replacements=[]), "tool: ."),
    ("an unusual name", _request(repo="https://example.org/my%20tool/"), "my-20tool: ."),
    ("no name", _request(repo="https://example.org/.git"), "application: ."),
]

WRONG_REQUESTS: list[tuple[str, str, str]] = [
    ("a bare word", "pip", "this is no JSON"),
    ("a list", "[]", "a list is no object"),
    ("nothing in it", "{}", 'repo: null is no https URL | ref: null is no commit | pkg_managers: null is not ["pip"]'),
    ("an unknown key", _request(user="me"), "user: there is no such key"),
    ("plain http", _request(repo="http://example.org/tool"), "repo: "),
    ("ssh", _request(repo="git@example.org:tool"), "repo: "),
    ("a folder", _request(repo="/srv/git/tool"), "repo: "),
    ("a login", _request(repo="https://me:secret@example.org/tool"), "repo: there is a login"),
    ("a query", _request(repo="https://example.org/tool?a=b"), "repo: there is a login, a query"),
    ("a line break", _request(repo="https://example.org/tool\nsix==1.0"), "repo: "),
    ("a branch", _request(ref="main"), 'ref: "main" is no commit'),
    ("a short commit", _request(ref=SHA1[:12]), "ref: "),
    ("another package manager", _request(pkg_managers=["pip", "npm"]), "pkg_managers: a list is not"),
    ("no package manager", _request(pkg_managers=[]), "pkg_managers: "),
    ("another manager's packages", _request(packages={"npm": [{}]}), "packages.npm: there is no such key"),
    ("packages that are none", _request(packages=[{}]), "packages: a list is no object"),
    ("pip packages that are none", _request(packages={"pip": {}}), "packages.pip: an object is no list"),
    (
        "a type, which is Hermeto's",
        _request(packages={"pip": [{"type": "pip"}]}),
        "packages.pip[0].type: there is no such",
    ),
    ("a path that leaves", _request(packages={"pip": [{"path": ".."}]}), "packages.pip[0].path: "),
    (
        "one path, two packages",
        _request(packages={"pip": [{}, {"binary": {}}]}),
        "packages.pip[1]: packages.pip[0] has",
    ),
    ("replacements", _request(dependency_replacements=[{}]), "dependency_replacements: none can be followed"),
]

WHEELS: list[tuple[dict[str, Any], str, str]] = [
    # A binary, the tags of wheels that it takes, and of those that it does not.
    (
        {},
        "py3-none-any py2.py3-none-any cp311-cp311-manylinux_2_28_x86_64 cp38-abi3-manylinux2014_x86_64 "
        "cp312-cp312-musllinux_1_2_x86_64 cp312-cp312-linux_x86_64 "
        "cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64",
        "cp312-cp312-manylinux_2_28_aarch64 cp312-cp312-win_amd64 cp312-cp312-macosx_11_0_arm64 "
        "pp310-pypy310_pp73-manylinux_2_17_x86_64 cp312-cp312-manylinux_2_17_i686",
    ),
    (
        {"os": "manylinux"},
        "cp312-cp312-manylinux_2_17_x86_64",
        "cp312-cp312-musllinux_1_2_x86_64 cp312-cp312-linux_x86_64",
    ),
    # What a substring would get wrong: arm is in armv7l, and win is in darwin.
    ({"arch": "arm"}, "py3-none-any", "cp312-cp312-linux_armv7l cp312-cp312-manylinux_2_17_aarch64"),
    ({"arch": "aarch64"}, "cp312-cp312-manylinux_2_17_aarch64", "cp312-cp312-manylinux_2_17_x86_64"),
    (
        {"os": "macosx", "arch": "arm64"},
        "cp312-cp312-macosx_11_0_arm64 cp312-cp312-macosx_10_9_universal2",
        "cp312-cp312-macosx_10_9_x86_64 cp312-cp312-manylinux_2_17_aarch64",
    ),
    ({"os": "win"}, "cp312-cp312-win_amd64", "cp312-cp312-win32 cp312-cp312-win_arm64"),
    ({"os": "win", "arch": "x86"}, "cp312-cp312-win32", "cp312-cp312-win_amd64"),
    (
        {"py_version": 312},
        "cp312-cp312-linux_x86_64 cp38-abi3-linux_x86_64 py3-none-any py310-none-any",
        "cp311-cp311-linux_x86_64 cp313-abi3-linux_x86_64 cp311-none-linux_x86_64 py2-none-any "
        "cp313-cp313t-linux_x86_64",
    ),
    ({"py_impl": "pp"}, "pp310-pypy310_pp73-linux_x86_64 py3-none-any", "cp312-cp312-linux_x86_64"),
    ({"abi": "cp313"}, "cp313-cp313-linux_x86_64 cp38-abi3-linux_x86_64", "cp313-cp313t-linux_x86_64"),
    ({"abi": "cp313t"}, "cp313-cp313t-linux_x86_64 py3-none-any", "cp313-cp313-linux_x86_64 cp38-abi3-linux_x86_64"),
    (
        {"arch": ":all:", "os": ":all:", "py_impl": ":all:"},
        "cp27-cp27mu-solaris_2_13_sparc pp310-pypy310_pp73-win32",
        "",
    ),
    ({"os": "android", "arch": "arm64_v8a"}, "cp313-cp313-android_21_arm64_v8a", "cp313-cp313-android_21_x86_64"),
]
