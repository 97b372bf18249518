"""Documents of every kind for the differential test: made at random, from a seed, and hence always the same."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

__all__ = ["assembled", "damaged", "sources"]

DIGESTS = [f"--hash=sha256:{char * 64}" for char in "0aF"] + [f"--hash=sha384:{'b' * 96}", f"--hash=sha512:{'c' * 128}"]
BAD_DIGESTS = ["--hash=md5:" + "d" * 32, "--hash=sha256:abc", "--hash=sha256", "--hash", "--has=sha256:" + "0" * 64]
BAD_DIGESTS += ["--hash=SHA256:" + "0" * 64, f"--hash='sha256:{'1' * 64}'", f"--hash sha256:{'2' * 64}", "--hash="]
NAMES = ["foo", "Foo_Bar", "zope.interface", "a", "X-1", "foo_", "-foo", "foo.", "1", "föö", "foo bar", "foo-"]
EXTRAS = ["", "", "", "[tls]", "[b, A_c]", "[]", "[a,]", " [ x ]", "[a b]", "[a,,b]"]
SPECIFIERS = ["==1.0"] * 6 + [
    "== 1.0",
    " ==2",
    "===1.0",
    "=== weird",
    "==1!2.0",
    "==1.0+cpu",
    "==1.0rc1",
    "==1.0.post1",
]
SPECIFIERS += [
    ">=1",
    "~=1.0",
    "!=1",
    "==1.*",
    "==1,==2",
    "=1.0",
    "",
    "==",
    "===",
    " (==1.0)",
    "(==1.0",
    "==1.0,",
    "==x",
]
SPECIFIERS += [
    "==v1.0",
    "==1.0-1",
    "==01.0",
    "==1.0.",
    "==1.0+x.zip",
    "===1.0,>2",
    "===1.0.tar.gz",
    "==\uff11.0",
    "==1.0)",
]
SPECIFIERS += [
    "@https://example.org/a.zip",
    " @ file:///x",
    "/x",
    "==1.0 2.0",
    "==${VERSION}",
    "==1.0;",
    "==1.0 foo==2",
]
MARKERS = ["", "", "", ' ; python_version >= "3.11"', ";os_name=='posix'", "; (os_name == 'x' or 'y' in os_name)"]
MARKERS += [
    "; nonsense",
    "; extra == 'x'",
    "; os_name == 'a -b'",
    "; os_name=='a'  and os_name=='b'",
    '; os_name == "#"',
]
OPTIONS = ["--pre", "--prefer-binary", "--require-hashes", "--trusted-host example.org", "--trusted-host=example.org"]
OPTIONS += [
    "-i https://example.org/",
    "--index-url=https://example.org/",
    "-r other.txt",
    "-c other.txt",
    "-e .",
    "--no-index",
]
OPTIONS += ["--no-binary :all:", "--only-binary=foo", "--pre foo==1", "--", "-", "--nope", "-x", "--use-feature=nope"]
OPTIONS += [
    "--config-settings=a=b",
    "-C a=b",
    "--global-option=x",
    "--prefer",
    "--pre=1",
    "--find-links /x",
    "-fx",
    "'",
    '"',
]
COMMENTS = ["", "", "", " # via x", "# x", " #", " # c \\", "\t# c", " # \\ c", "\xa0# c", " # é"]
ENDS = ["\n"] * 60 + [
    "\r\n",
    "\r",
    " \\\n",
    "\\\n",
    " \\\n    ",
    "\\ \n",
    "\n\n",
    "\x0c",
    "\x85",
    "\u2028",
    "\x1c",
    "\\\\\n",
    "\x0b\n",
]
HEADS = [b""] * 30 + [
    b"\xef\xbb\xbf",
    b"# coding: latin-1\n",
    b"# coding: utf-8\n",
    b"# coding: nope\n",
    b"# coding: utf-7\n",
]


def assembled(seed: int, count: int) -> Iterator[bytes]:
    """Documents of one to four lines, put together from pieces that are right and pieces that are wrong."""
    random = Random(seed)
    for _ in range(count):
        text = "".join(_line(random) + random.choice(ENDS) for _ in range(random.randint(1, 4)))
        encoding = random.choice(["utf-8"] * 40 + ["utf-16", "latin-1", "utf-32"])
        yield random.choice(HEADS) + text.encode(encoding, "replace")


def _line(random: Random) -> str:
    kind = random.randrange(14)
    if kind == 0:
        return random.choice(OPTIONS) + random.choice(COMMENTS)
    if kind == 1:
        return random.choice(["", "    "]) + random.choice(DIGESTS + BAD_DIGESTS + COMMENTS)
    words = [
        random.choice(NAMES[:5])
        + random.choice(EXTRAS[:5])
        + random.choice(SPECIFIERS[:8])
        + random.choice(MARKERS[:6])
    ]
    if kind < 4:
        words = [random.choice(NAMES) + random.choice(EXTRAS) + random.choice(SPECIFIERS) + random.choice(MARKERS)]
    words += random.choices(DIGESTS, k=random.choice([0] * 6 + [1, 2]))
    words += random.choices(BAD_DIGESTS + OPTIONS, k=random.choice([0] * 12 + [1]))
    return random.choice([" "] * 12 + ["  ", " \\\n  ", " \\\n  ", "\t", " \\\n # c\n "]).join(words) + random.choice(
        COMMENTS
    )


LOCK = b"""\
# a comment
foo==1.0 \\
    --hash=sha256:%(a)s \\
    --hash=sha512:%(b)s
    # via bar
Foo.Bar[tls, x]==2.0+cpu ; python_version >= "3.11" --hash=sha256:%(a)s  # c
--require-hashes
baz===3 --hash sha256:%(a)s
""" % {b"a": b"a" * 64, b"b": b"b" * 128}

HOSTILE = [bytes([code]) for code in range(128)] + [
    b"\n",
    b" ",
    b"\\",
    b"#",
    b"--",
    b"-",
    b"==",
    b";",
    b"\\\n",
    b" #",
    b"'",
] * 6
HOSTILE += [char.encode() for char in "\x85\xa0\u2028\u2029\u200b\ufeff\uff11\u0661é"] + [b"\xff"]


def damaged(seed: int, count: int) -> Iterator[bytes]:
    """A sound lock with one to three bytes or pieces removed, repeated or put in."""
    random = Random(seed)
    for _ in range(count):
        document = LOCK
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(document) + 1)
            width = random.choice([0, 0, 1, 1, 5, 40])
            document = document[:at] + random.choice([b"", random.choice(HOSTILE)]) + document[at + width :]
        yield document


COMMIT = "c" * 40
SCHEMES = ["https://"] * 20 + ["git+https://"] * 16
SCHEMES += ["http://", "git+ssh://git@", "ftp://", "HTTPS://", "git+http://", "hg+https://"]
HOSTS = ["example.org"] * 30
HOSTS += ["EXAMPLE.org", "example.org:8443", "user:secret@example.org", "127.1", "[::1]", "exa_mple.org"]
ARCHIVES = ["x.zip"] * 20
ARCHIVES += ["x.tar.gz", "foo-1.0-py3-none-any.whl", "foo-1.0%2Bcpu-py3-none-any.whl", "x", "x.tar.Z", "a.zip?b=c"]
REPOSITORIES = [f"r@{COMMIT}"] * 20
REPOSITORIES += [f"r.git@{'d' * 64}", "r", "r@main", "r@cafe", f"a@b/r@{COMMIT.upper()}", f"r?q=1@{COMMIT}"]
FOLDERS = [""] * 40 + ["a/"] * 4 + ["../", "%2e%2e/", "a%2fb/", "-x/", "a//", "a&egg=bar/", "a;b/"]
FRAGMENTS = ["egg=foo"] * 6 + ["subdirectory=a/b"] * 3 + [f"sha256={'a' * 64}"] * 4
FRAGMENTS += [f"sha512={'b' * 128}", f"cachito_hash=sha256:{'a' * 64}", "submodules=true", "x=y", f"md5={'a' * 32}"]
FRAGMENTS += ["egg=bar", "egg=foo[b]", "egg=", "subdirectory=..", "sha256=a"]
BEFORE = ["", "foo @ ", "foo[b] @ "] * 4 + ["foo@", "foo[a,] @ ", "foo==1 @ ", "-e "]
AFTER = [""] * 8 + [" ; os_name == 'a'"] * 2 + [";os_name == 'a'", "; os_name == 'a'", " ; nonsense"]


def sources(seed: int, count: int) -> Iterator[bytes]:
    """Requirements that name a URL, sometimes with a release beside them."""
    random = Random(seed)
    for _ in range(count):
        scheme = random.choice(SCHEMES)
        last = random.choice(REPOSITORIES if "git" in scheme else ARCHIVES)
        url = f"{scheme}{random.choice(HOSTS)}/{random.choice(FOLDERS)}{last}"
        fragments = random.sample(FRAGMENTS, random.choice([0, 0, 1, 1, 2, 3]))
        url += "#" + "&".join(fragments) if fragments else ""
        digest = f" {random.choice([*DIGESTS, BAD_DIGESTS[0]])}" if scheme == "https://" else ""
        digest = random.choice(["", digest, digest])
        beside = random.choice([""] * 4 + ["\nbar==1", "\nbar==1 " + DIGESTS[0], "\nfoo==1"])
        yield f"{random.choice(BEFORE)}{url}{random.choice(AFTER)}{digest}{beside}\n".encode()
