"""uv.lock: documents and what they are."""

from __future__ import annotations

__all__ = ["ACCEPTED", "REFUSED"]

A, B = "a" * 64, "b" * 64
COMMIT = "c" * 40
HEAD = "version = 1\nrevision = 3\n"
WHEEL = f'wheels = [{{ url = "https://files.example.org/x.whl", hash = "sha256:{A}" }}]\n'


def package(source: str, rest: str = WHEEL, name: str = "foo", version: str | None = "1.0") -> str:
    """One package; it begins with its header."""
    said = f'version = "{version}"\n' if version is not None else ""
    return f'[[package]]\nname = "{name}"\n{said}source = {{ {source} }}\n{rest}'


def lock(*packages: str, head: str = HEAD) -> bytes:
    """A document; its first package begins in line 4."""
    return "\n".join([head, *packages]).encode()


def asked(*dependencies: str, rest: str = "") -> str:
    """The project itself."""
    return package('virtual = "."', f"dependencies = [{', '.join(dependencies)}]\n{rest}", name="top")


REGISTRY = 'registry = "https://index.example.org/simple"'
FOO = package(REGISTRY)
BAR = package(REGISTRY, name="bar", version="2")
INDEX = "<https://index.example.org/simple>"
NAMED_FOO = '{ name = "foo" }'


def on(marker: str, name: str = "foo", rest: str = "") -> str:
    """A dependency with a marker."""
    return f'{{ name = "{name}", marker = "{marker}"{rest} }}'


def fork(version: str, *markers: str) -> str:
    """One of several packages of foo."""
    listed = ", ".join(f'"{marker}"' for marker in markers)
    return package(REGISTRY, f"resolution-markers = [{listed}]\n{WHEEL}", version=version)


def hashed(digest: str) -> bytes:
    """A package with one file."""
    return lock(
        package(REGISTRY, f'sdist = {{ url = "https://x.example.org/", hash = "{digest}" }}\n'), asked(NAMED_FOO)
    )


def sourced(source: str, rest: str = WHEEL) -> bytes:
    """A package from elsewhere."""
    return lock(package(source, rest), asked(NAMED_FOO))


def marked(*dependencies: str, rest: str = "") -> bytes:
    """A package, and how the project asks for it."""
    return lock(FOO, asked(*dependencies, rest=rest))


NT, POSIX, NT_BAR = on("os_name == 'nt'"), on("os_name == 'posix'"), on("os_name == 'nt'", "bar")
X, Y = "extra == 'extra-3-top-x'", "extra == 'extra-3-top-y'"
# As uv writes it of extras that exclude each other.
BOTH = f"(os_name == 'nt' and {X}) or (os_name == 'posix' and {X} and {Y})"
CONFLICTS = f'{HEAD}conflicts = [[{{ package = "top", extra = "x" }}, {{ package = "top", extra = "y" }}]]\n'

ACCEPTED: dict[bytes, str] = {
    # A document -> its pins: text (digests) <index> @first-last line
    #
    lock(): "",
    b"version = 1\n": "",
    b"\xef\xbb\xbfversion = 1\n": "",
    lock(FOO, asked(NAMED_FOO)): f"foo==1.0 (1) {INDEX} @4-8",
    lock(FOO, asked(NAMED_FOO)).replace(b"\n", b"\r\n"): f"foo==1.0 (1) {INDEX} @4-8",
    lock(FOO, asked(NAMED_FOO), head="version = 1\nrevision = 99\nnew = {}\n"): f"foo==1.0 (1) {INDEX} @5-9",
    lock(FOO, BAR): f"foo==1.0 (1) {INDEX} @4-8 | bar==2 (1) {INDEX} @10-14",
    lock(package(REGISTRY, name="Foo_Bar.baz")): f"foo-bar-baz==1.0 (1) {INDEX} @4-8",
    hashed(f"sha256:{A.upper()}"): f"foo==1.0 (1) {INDEX} @4-8",
    hashed(f"sha512:{A}{A}"): f"foo==1.0 (1) {INDEX} @4-8",
    lock(package(REGISTRY, 'sdist = { url = "https://x.example.org/" }\n')): f"foo==1.0 {INDEX} @4-8",
    lock(package(REGISTRY, "")): "",
    # indexes
    lock(package('registry = "https://index.example.org/simple/"')): f"foo==1.0 (1) {INDEX} @4-8",
    lock(package('registry = "https://user@index.example.org/simple?x=y#z"')): f"foo==1.0 (1) {INDEX} @4-8",
    lock(package('registry = "http://index.example.org"')): "foo==1.0 (1) <http://index.example.org> @4-8",
    # sources
    sourced('url = "https://example.org/foo-1.0.tar.gz"'): "foo @ https://example.org/foo-1.0.tar.gz (1) @4-8",
    sourced('url = "https://example.org/foo.zip", subdirectory = "a/b"'): (
        "foo @ https://example.org/foo.zip#subdirectory=a/b (1) @4-8"
    ),
    sourced('url = "https://example.org/foo-1.0-py3-none-any.whl"'): (
        "foo @ https://example.org/foo-1.0-py3-none-any.whl (1) @4-8"
    ),
    sourced(f'git = "https://example.org/foo?rev=main#{COMMIT}"', ""): (
        f"foo @ git+https://example.org/foo@{COMMIT} @4-7"
    ),
    sourced(f'git = "https://example.org/foo.git?subdirectory=a%2Fb&tag=v1#{COMMIT}"', ""): (
        f"foo @ git+https://example.org/foo.git@{COMMIT}#subdirectory=a/b @4-7"
    ),
    lock(package(f'git = "https://example.org/foo#{COMMIT}"', "", version=None)): (
        f"foo @ git+https://example.org/foo@{COMMIT} @4-6"
    ),
    # what is on the machine that locked
    sourced('editable = "."'): "",
    sourced('editable = "../foo"'): "",
    sourced('virtual = "foo"'): "",
    sourced('directory = "foo"'): "",
    sourced('path = "foo-1.0.tar.gz"'): "",
    sourced('url = "file:///foo-1.0.tar.gz"'): "",
    sourced(f'git = "file:///foo#{COMMIT}"', ""): "",
    sourced(f'git = "--upload-pack=x#{COMMIT}"', ""): "",
    # markers
    marked(on("sys_platform == 'win32'")): f"foo==1.0 ; sys_platform == 'win32' (1) {INDEX} @4-8",
    marked(on("sys_platform == 'win32'"), NAMED_FOO): f"foo==1.0 (1) {INDEX} @4-8",
    marked(on("sys_platform == 'win32'"), on("sys_platform != 'win32'")): f"foo==1.0 (1) {INDEX} @4-8",
    marked(on("os_name == 'nt'"), rest=f"[package.optional-dependencies]\nx = [{NAMED_FOO}]\n"): (
        f"foo==1.0 (1) {INDEX} @4-8"
    ),
    marked(on("os_name == 'nt'"), rest=f"[package.dev-dependencies]\ndev = [{POSIX}]\n"): (
        f"foo==1.0 ; os_name == 'nt' or os_name == 'posix' (1) {INDEX} @4-8"
    ),
    marked(on("os_name == 'nt' and extra == 'extra-3-top-x'")): f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @4-8",
    marked(on("extra == 'extra-3-top-x'")): f"foo==1.0 (1) {INDEX} @4-8",
    lock(FOO, asked(on(BOTH)), head=CONFLICTS): f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @5-9",
    lock(FOO, asked(on(BOTH))): f"foo==1.0 ; os_name == 'nt' or os_name == 'posix' (1) {INDEX} @4-8",
    lock(FOO, head=f"{HEAD}conflicts = [1, [1, {{}}, {{ package = 1, extra = 2 }}], {{}}]\n"): (
        f"foo==1.0 (1) {INDEX} @5-9"
    ),
    lock(
        package(REGISTRY, f"dependencies = [{NT_BAR}]\n{WHEEL}"),
        BAR,
        asked(on("python_full_version < '3.11'")),
    ): f"foo==1.0 ; python_full_version < '3.11' (1) {INDEX} @4-9"
    f" | bar==2 ; os_name == 'nt' and python_full_version < '3.11' (1) {INDEX} @11-15",
    lock(
        package(REGISTRY, f"{WHEEL}[package.optional-dependencies]\nx = [{NT_BAR}]\n"),
        BAR,
        asked('{ name = "foo", extra = ["x"] }'),
    ): f"foo==1.0 (1) {INDEX} @4-10 | bar==2 ; os_name == 'nt' (1) {INDEX} @12-16",
    # forks
    lock(
        fork("1.0", "os_name == 'nt'"),
        fork("2.0", "os_name != 'nt'"),
        asked('{ name = "foo", version = "1.0" }', '{ name = "foo", version = "2.0" }'),
    ): f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @4-9 | foo==2.0 ; os_name != 'nt' (1) {INDEX} @11-16",
    lock(fork("1.0"), fork("2.0"), asked('{ name = "foo", version = "2.0" }')): f"foo==2.0 (1) {INDEX} @11-16",
    lock(fork("1.0", "os_name == 'nt'"), asked(NAMED_FOO)): f"foo==1.0 (1) {INDEX} @4-9",
    # a script, a workspace
    lock(FOO, head=f"{HEAD}[manifest]\nrequirements = [{NT}]\n"): (f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @6-10"),
    lock(FOO, BAR, head=f'{HEAD}[manifest]\nrequirements = [{{ name = "bar", extras = ["x"] }}]\n'): (
        f"foo==1.0 (1) {INDEX} @6-10 | bar==2 (1) {INDEX} @12-16"
    ),
    lock(FOO, asked(on("os_name == 'nt'")), head=f"{HEAD}[manifest]\nmembers = ['top']\n"): (
        f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @6-10"
    ),
    lock(FOO, head=f"{HEAD}[manifest.dependency-groups]\ndev = [{NT}]\n"): (
        f"foo==1.0 ; os_name == 'nt' (1) {INDEX} @6-10"
    ),
}

REFUSED: dict[bytes, str] = {
    # A document -> the line and the rule of each defect
    #
    # versions of the format
    b"version = 2\n": "1 lock-version",
    b"revision = 1\nversion = 0\n": "2 lock-version",
    b"version = true\n": "1 lock-version",
    b"version = 1.0\n": "1 lock-version",
    b'version = "1"\n': "1 lock-version",
    b"revision = 3\n": "0 lock-version",
    b"version = 1\n[[distribution]]\n": "1 lock-version",
    # no TOML
    b"version = 1\nversion = 1\n": "2 syntax",
    b"version = 1\n[[package]\n": "2 syntax",
    b"version = 1\nx = 2026-13-01\n": "2 syntax",
    b"version = 1\nx = '": "0 syntax",
    b"version = 1\nx = " + b"9" * 5000: "2 syntax",
    b"version = 1\nx = " + b"[" * 50_000: "0 nesting",
    b"version = 1\nx = " + b"{a=" * 50_000: "0 nesting",
    b"version = 1\n" + b"a." * 500 + b"a = 1\n": "2 nesting",
    b"version = 1\n" + b"'/'. " * 500 + b"a = 1\n": "2 nesting",
    b"version = 1\n[" + b"a." * 500 + b"a]\n": "2 nesting",
    b"version = 1\n# \xff\n": "2 undecodable",
    # packages
    b"version = 1\npackage = 1\n": "2 entry",
    b"version = 1\npackage = [1]\n": "0 entry",
    b"version = 1\n[package]\nname = 'foo'\n": "2 entry",
    lock("[[package]]\n"): "4 entry",
    lock("[[package]]\nname = 1\n"): "5 entry",
    lock('[[package]]\nname = "foo"\nversion = 1\n'): "6 entry",
    lock('[[package]]\nname = "foo"\nversion = "1"\n'): "4 entry",
    lock('[[package]]\nname = "foo"\nversion = "1"\nsource = "registry+x"\n'): "7 entry",
    lock(package('moon = "x"')): "7 entry",
    lock(package("registry = 1")): "7 entry",
    lock(package(REGISTRY, version=None)): "4 entry",
    lock(package(REGISTRY, "wheels = 1\n")): "8 entry",
    lock(package(REGISTRY, "wheels = [1]\n")): "8 entry",
    lock(package(REGISTRY, "wheels = [{ hash = 1 }]\n")): "8 entry",
    lock(package(REGISTRY, "sdist = []\n")): "8 entry",
    lock(package(REGISTRY, "resolution-markers = 'x'\n")): "8 entry",
    lock(package(REGISTRY, name="foo-")): "5 entry-name",
    lock(package(REGISTRY, name="foo bar")): "5 entry-name",
    lock(package(REGISTRY, name="foo\\nbar")): "5 entry-name",
    lock(package(REGISTRY, name="a" * 300)): "5 too-long",
    lock(package(REGISTRY, version="x")): "6 entry-version",
    lock(package(REGISTRY, version="1.*")): "6 entry-version",
    lock(package(REGISTRY, version="1" * 200)): "6 too-long",
    lock(package(REGISTRY, version="x"), package(REGISTRY, name="-")): "6 entry-version, 11 entry-name",
    # digests
    hashed("md5:" + "a" * 32): "8 entry-weak-digest",
    hashed("sha1:" + "a" * 40): "8 entry-weak-digest",
    hashed("sha256:" + "a" * 63): "8 entry-digest",
    hashed("sha256:" + "g" * 64): "8 entry-digest",
    hashed(A): "8 entry-weak-digest",
    # indexes
    lock(package('registry = "../simple"')): "7 local-index",
    lock(package('registry = "file:///simple"')): "7 local-index",
    lock(package('registry = "https://user:secret@index.example.org/simple"')): "7 credentials",
    lock(package('registry = "https://-/"')): "7 host",
    lock(package(REGISTRY, WHEEL.replace("files.", "a:b@files."))): "8 credentials",
    # sources
    sourced('url = "http://example.org/foo-1.0.tar.gz"'): "7 plain-http",
    sourced('url = "https://example.org/foo"'): "7 archive-type",
    sourced('url = "https://example.org/../foo.zip"'): "7 url-path",
    sourced('url = "https://a:b@example.org/foo.zip"'): "7 url-credentials",
    sourced('url = "https://example.org/foo.zip ; os_name"'): "7 url",
    sourced('url = "https://example.org/foo.zip\\n--index-url x"'): "7 url",
    sourced('url = "https://example.org/foo.zip", subdirectory = "../x"'): "7 subdirectory",
    sourced('url = "https://example.org/foo.zip"', ""): "7 source-digest",
    sourced('git = "https://example.org/foo#abc"', ""): "7 commit",
    sourced('git = "https://example.org/foo?branch=main"', ""): "7 commit",
    sourced(f'git = "ssh://git@example.org/foo#{COMMIT}"', ""): "7 ssh",
    sourced(f'git = "http://example.org/foo#{COMMIT}"', ""): "7 plain-http",
    sourced(f'git = "https://example.org/-x --upload-pack=y#{COMMIT}"', ""): "7 url",
    # markers
    marked(on("nonsense")): "14 entry-marker",
    marked(on("os_name == 'a\\n--index-url x'")): "14 entry-marker",
    marked(on("os_name == 'a --hash=x'")): "14 entry-marker",
    marked(on("os_name == 'a #b'")): "14 entry-marker",
    marked(on("os_name == '${X}'")): "14 entry-marker",
    marked(on("os_name == '" + "x" * 9000 + "'")): "14 too-long",
    marked(on("(" * 40 + "os_name == 'a'" + ")" * 40)): "14 marker-depth",
    marked("{ marker = \"os_name == 'a'\" }"): "14 entry",
    marked('{ name = "foo", extra = "x" }'): "14 entry",
    lock(fork("1.0", "x")): "8 entry-marker",
    lock(head=f"{HEAD}[manifest]\nmembers = 1\n"): "3 entry",
    lock(head=f"{HEAD}[manifest]\nrequirements = [{on('x')}]\n"): "3 entry-marker",
}
