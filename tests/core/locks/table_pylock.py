"""pylock.toml: documents and what they are."""

from __future__ import annotations

__all__ = ["ACCEPTED", "REFUSED"]

A = "a" * 64
COMMIT = "c" * 40
HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
HASHES = f'hashes = {{ sha256 = "{A}" }}'
FILE = "foo-1.0-py3-none-any.whl"
WHEEL = f'wheels = [{{ url = "https://files.example.org/{FILE}", {HASHES} }}]\n'
SDIST = f'sdist = {{ url = "https://files.example.org/foo-1.0.tar.gz", {HASHES} }}\n'


def package(*rest: str, name: str = "foo", version: str | None = "1.0") -> str:
    """One package; it begins with its header."""
    said = f'version = "{version}"\n' if version is not None else ""
    return f'[[packages]]\nname = "{name}"\n{said}' + "".join(rest)


def lock(*packages: str, head: str = HEAD) -> bytes:
    """A document; its first package begins in line 4."""
    return "\n".join([head, *packages]).encode()


def marked(marker: str) -> bytes:
    """A package with a marker, in line 7."""
    return lock(package(f'marker = "{marker}"\n', WHEEL))


def vcs(url: str, commit: str = COMMIT, rest: str = "", system: str = "git") -> bytes:
    """A package from version control, in line 7."""
    return lock(package(f'vcs = {{ type = "{system}", url = "{url}", commit-id = "{commit}"{rest} }}\n'))


def archive(url: str, rest: str = "", hashes: str = HASHES) -> bytes:
    """A package from an archive, in line 7."""
    return lock(package(f'archive = {{ url = "{url}", {hashes}{rest} }}\n'))


def wheel(name: str, hashes: str = HASHES) -> bytes:
    """A package with one wheel, in line 7."""
    return lock(package(f'wheels = [{{ url = "https://files.example.org/{name}", {hashes} }}]\n'))


def identified(*members: str) -> bytes:
    """A package whose publisher is named, in line 8."""
    said = ", ".join(members)
    return lock(package(f"attestation-identities = [{{ {said} }}]\n", WHEEL))


GITHUB = 'kind = "GitHub"'
OWNER = 'repository = "octo/demo"'

ACCEPTED: dict[bytes, str] = {
    # A document -> its pins: text (digests) <index> @first-last line
    #
    lock(head=f"{HEAD}packages = []\n"): "",
    lock(package(WHEEL)): "foo==1.0 (1) @4-7",
    lock(package(WHEEL, SDIST)): "foo==1.0 (1) @4-8",
    lock(package(WHEEL), package(SDIST)): "foo==1.0 (1) @4-7 | foo==1.0 (1) @9-12",
    lock(package(WHEEL), head=HEAD.replace('"1.0"', '"1.1"')): "foo==1.0 (1) @4-7",
    lock(package(WHEEL), head=f"{HEAD}environments = ['x']\nnew = 1\n"): "foo==1.0 (1) @6-9",
    lock(package(WHEEL)).replace(b"\n", b"\r\n"): "foo==1.0 (1) @4-7",
    lock(package(WHEEL, version=None)): "foo==1.0 (1) @4-6",
    lock(package(WHEEL, 'requires-python = ">=3.9"\n')): "foo==1.0 (1) @4-8",
    lock(package(WHEEL, "[packages.tool.x]\ny = 1\n\n")): "foo==1.0 (1) @4-9",
    identified(GITHUB, OWNER, 'workflow = "x.yml"', "claims = {}"): "foo==1.0 (1) @4-8",
    identified('kind = "Google"', 'email = "a@example.org"'): "foo==1.0 (1) @4-8",
    lock(package("attestation-identities = []\n", WHEEL)): "foo==1.0 (1) @4-8",
    wheel(FILE, f'hashes = {{ sha256 = "{A.upper()}" }}'): "foo==1.0 (1) @4-7",
    wheel("foo-1.0-py3-none-any-x86_64_v3.whl"): "foo==1.0 (1) @4-7",
    lock(package(WHEEL.replace("-any.whl", "-any-null.whl"), version=None)): "foo==1.0 (1) @4-6",
    lock(package(WHEEL, "[packages.variants-json]\nvariants = { null = {} }\n")): "foo==1.0 (1) @4-9",
    wheel(FILE, f'hashes = {{ md5 = "x", sha512 = "{A}{A}", sha256 = "{A}" }}'): "foo==1.0 (2) @4-7",
    f"{HEAD}packages = [{{ name = 'foo', version = '1.0', {WHEEL.strip()} }}]\n".encode(): "foo==1.0 (1) @0-0",
    # indexes
    lock(package('index = "https://index.example.org/simple/"\n', WHEEL)): (
        "foo==1.0 (1) <https://index.example.org/simple> @4-8"
    ),
    lock(package('index = "https://user@index.example.org/simple?x"\n', WHEEL)): (
        "foo==1.0 (1) <https://index.example.org/simple> @4-8"
    ),
    # markers
    marked("sys_platform == 'win32'"): "foo==1.0 ; sys_platform == 'win32' (1) @4-8",
    marked("'dev' in dependency_groups"): "foo==1.0 (1) @4-8",
    marked("'x' in extras and sys_platform == 'win32'"): "foo==1.0 ; sys_platform == 'win32' (1) @4-8",
    marked("'x' in extras or sys_platform == 'win32'"): "foo==1.0 (1) @4-8",
    # archives
    archive("https://example.org/foo-1.0.tar.gz"): "foo @ https://example.org/foo-1.0.tar.gz (1) @4-7",
    archive("https://example.org/foo.zip", ', subdirectory = "a/b"'): (
        "foo @ https://example.org/foo.zip#subdirectory=a/b (1) @4-7"
    ),
    archive("https://example.org/foo.zip#subdirectory=a", ', subdirectory = "a"'): (
        "foo @ https://example.org/foo.zip#subdirectory=a (1) @4-7"
    ),
    archive("file:///foo.zip"): "",
    lock(package(f'archive = {{ path = "foo.zip", {HASHES} }}\n')): "",
    # version control
    vcs("https://example.org/foo.git"): f"foo @ git+https://example.org/foo.git@{COMMIT} @4-7",
    vcs("https://example.org/foo", COMMIT.upper(), ', subdirectory = "a"'): (
        f"foo @ git+https://example.org/foo@{COMMIT}#subdirectory=a @4-7"
    ),
    vcs("https://example.org/foo", "d" * 64, ', requested-revision = "main"'): (
        f"foo @ git+https://example.org/foo@{'d' * 64} @4-7"
    ),
    vcs("file:///foo"): "",
    lock(package(f'vcs = {{ type = "git", path = "foo", commit-id = "{COMMIT}" }}\n')): "",
    # what is on the machine that locked
    lock(package('directory = { path = "." }\n')): "",
    lock(package('directory = { path = "x", editable = true }\n', version=None)): "",
    lock(package(f'wheels = [{{ path = "{FILE}", {HASHES} }}]\n')): "",
    lock(package(f'sdist = {{ path = "foo-1.0.tar.gz", {HASHES} }}\n', WHEEL)): "foo==1.0 (1) @4-8",
    lock(package(f'index = "https://example.org"\nwheels = [{{ path = "{FILE}", {HASHES} }}]\n')): (
        "foo==1.0 (1) <https://example.org> @4-8"
    ),
}

REFUSED: dict[bytes, str] = {
    # A document -> the line and the rule of each defect
    #
    # versions of the format
    lock(head='lock-version = "2.0"\n'): "1 lock-version",
    lock(head='created-by = "x"\nlock-version = "0.9"\n'): "2 lock-version",
    lock(head='lock-version = "x"\n'): "1 lock-version",
    lock(head="lock-version = 1.0\n"): "1 lock-version",
    lock(head="lock-version = '" + "1" * 500 + "'\n"): "1 lock-version",
    lock(head="created-by = 'x'\n"): "0 lock-version",
    # the document
    lock(head=HEAD): "0 entry",
    lock(head='lock-version = "1.0"\npackages = []\n'): "0 entry",
    lock(head='lock-version = "1.0"\ncreated-by = 1\npackages = []\n'): "0 entry",
    lock(head=f"{HEAD}packages = 1\n"): "0 entry, 3 entry",
    lock(head=f"{HEAD}packages = [1]\n"): "0 entry",
    lock(head=f"{HEAD}packages = "): "0 syntax",
    lock(head=f"{HEAD}x = " + "[" * 50_000): "0 nesting",
    lock(package(WHEEL)) + b"\xff": "8 undecodable",
    # packages
    lock(package(WHEEL, name="foo bar")): "5 entry-name",
    lock(package(WHEEL, name="Foo")): "5 entry-spelling",
    lock(package(WHEEL, name="bar")): "7 entry",
    lock(package(WHEEL, version="2")): "7 entry",
    lock(package(WHEEL, version="x")): "6 entry-version",
    lock(
        package(WHEEL, version="1.0"), package(WHEEL, version="x"), package(name="-")
    ): "11 entry-version, 15 entry-name",
    lock(package()): "4 entry",
    lock("[[packages]]\n"): "4 entry",
    lock("[[packages]]\nname = 1\n"): "5 entry",
    lock(package("wheels = []\n")): "4 entry",
    lock(package("wheels = 1\n")): "7 entry",
    lock(package("wheels = [1]\n")): "7 entry",
    lock(package("wheels = [{}]\n")): "7 entry",
    lock(package("directory = 1\n")): "7 entry",
    lock(package("directory = {}\n")): "7 entry",
    lock(package('directory = { path = "x" }\n', WHEEL)): "4 entry",
    lock(package(WHEEL, "requires-python = 'x'\n")): "8 entry",
    lock(package(WHEEL, f"requires-python = '{'>1,' * 500}>1'\n")): "8 too-long",
    lock(package(SDIST.replace("1.0", "2.0"), WHEEL, version=None)): "4 entry",
    # files
    wheel("foo.whl"): "7 entry",
    wheel("https://["): "7 entry",
    wheel(FILE, 'size = "1", ' + HASHES): "7 entry",
    wheel(FILE, "hashes = {}"): "7 entry",
    wheel(FILE, "hashes = { sha256 = 1 }"): "7 entry",
    wheel(FILE, "hashes = { sha256 = 'x' }"): "7 entry-digest",
    wheel(FILE, f"hashes = {{ sha256 = '{A}a' }}"): "7 entry-digest",
    wheel(FILE, f"hashes = {{ md5 = '{A[:32]}' }}"): "7 entry-weak-digest",
    wheel(f"foo-1.0-{'.'.join(['py3'] * 20)}-{'.'.join(['none'] * 20)}-{'.'.join(['any'] * 20)}.whl"): "7 too-long",
    wheel(f"foo-1.0-{'a' * 600}-none-any.whl"): "7 too-long",
    lock(package(WHEEL.replace("files.", "a:b@files."))): "7 credentials",
    wheel("foo-1.0-py3-none-any-BAD.whl"): "7 entry",
    wheel(
        f"foo-1.0-{'.'.join(['py3'] * 20)}-{'.'.join(['none'] * 20)}-{'.'.join(['any'] * 20)}-null.whl"
    ): "7 too-long",
    # markers
    marked("x"): "7 entry-marker",
    marked("'x' in extras and"): "7 entry-marker",
    marked("os_name == 'a\\n-r x'"): "7 entry-marker",
    marked("os_name == 'a --hash=x'"): "7 entry-marker",
    marked("os_name == 'a\\\\'"): "7 entry-marker",
    marked("os_name == '" + "x" * 9000 + "'"): "7 too-long",
    marked("(" * 5000): "7 marker-depth",
    # indexes
    lock(package('index = "../simple"\n', WHEEL)): "7 local-index",
    lock(package('index = "https://a:b@index.example.org"\n', WHEEL)): "7 credentials",
    lock(package("index = 1\n", WHEEL)): "7 entry",
    # publishers
    identified(OWNER): "7 entry",
    identified('kind = "Forge"', OWNER): "7 attestation-identity",
    identified(GITHUB): "7 attestation-identity",
    identified(GITHUB, 'repository = ""'): "7 attestation-identity",
    identified(GITHUB, "repository = 1"): "7 attestation-identity",
    identified(GITHUB, OWNER, 'claims = { x = "y" }'): "7 attestation-identity",
    identified(GITHUB, f'repository = "{"x" * 501}"'): "7 attestation-identity",
    identified(GITHUB, 'repository = "a\\nb"'): "7 attestation-identity",
    identified(GITHUB, OWNER, *(f'k{number} = "x"' for number in range(20))): "7 attestation-identity",
    lock(package(f"attestation-identities = [{', '.join([f'{{ {GITHUB}, {OWNER} }}'] * 101)}]\n", WHEEL)): (
        "7 attestation-identity"
    ),
    lock(
        package(
            f"attestation-identities = [{{ {GITHUB}, {OWNER} }}]\n",
            f'archive = {{ url = "https://example.org/foo.zip", {HASHES} }}\n',
        )
    ): ("7 attestation-identity"),
    # archives
    archive("http://example.org/foo.zip"): "7 plain-http",
    archive("ftp://example.org/foo.zip"): "7 scheme",
    archive("https://example.org/foo"): "7 archive-type",
    archive("https://example.org/foo.zip", ', subdirectory = "../x"'): "7 subdirectory",
    archive("https://example.org/foo.zip#subdirectory=a", ', subdirectory = "b"'): "7 fragment",
    archive("https://user@example.org/foo.zip"): "7 url-credentials",
    archive("https://example.org/foo.zip ; os_name == 'a'"): "7 url",
    archive("https://example.org/foo.zip\\n-r x"): "7 url",
    archive("https://example.org/foo.zip", hashes=f'hashes = {{ md5 = "{A[:32]}" }}'): "7 entry-weak-digest",
    # version control
    vcs("https://example.org/foo", "abc"): "7 commit",
    vcs("https://example.org/foo", "main"): "7 commit",
    vcs("https://example.org/foo", f"{COMMIT}#egg=x"): "7 commit",
    vcs("http://example.org/foo"): "7 plain-http",
    vcs("ssh://git@example.org/foo"): "7 ssh",
    vcs("git@example.org:foo/bar"): "7 ssh",
    vcs("https://a:b@example.org/foo"): "7 url-credentials",
    vcs("https://example.org/foo?x=y"): "7 query",
    vcs("https://example.org/foo#x"): "7 fragment",
    vcs("https://example.org/foo --upload-pack=x"): "7 url",
    vcs("https://example.org/foo", system="hg"): "7 other-vcs",
    vcs("https://example.org/foo", rest=", subdirectory = '/x'"): "7 subdirectory",
}
