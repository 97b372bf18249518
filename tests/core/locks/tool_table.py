"""Locks of poetry, pdm, pipenv and pex, and what they are: the rules of reading them, by example."""

from __future__ import annotations

from tests.core.locks.tool_locks import (
    BAR,
    COMMIT,
    DEEP,
    FILE,
    FOO,
    NAME,
    URL,
    WHEEL,
    A,
    B,
    Row,
    artifact,
    elsewhere,
    entry,
    legacy,
    locked,
    pdm,
    pex,
    pipenv,
    poetry,
    source,
)

__all__ = ["ACCEPTED", "REFUSED", "TWO"]

ONE = "<https://one.example.org/simple>"
TWO = '{"name": "one", "url": "https://one.example.org/simple"}, {"name": "two", "url": "http://two.example.org:81/x?t=1"}'

ACCEPTED: dict[Row, str] = {
    # A document -> its pins: the requirement (digests) <index> @first-last line
    #
    # poetry: versions of the format
    poetry(FOO): "foo==1.0 (1) @1-4",
    poetry(FOO, BAR): "foo==1.0 (1) @1-4 | bar==2 (1) @6-9",
    poetry(FOO, version='"2.0"'): "foo==1.0 (1) @1-4",
    poetry(FOO, version='"2.9"'): "foo==1.0 (1) @1-4",
    poetry(NAME, version='"1.1"', more=f"[metadata.files]\n{FILE.replace('files', 'foo')}"): "foo==1.0 (1) @1-3",
    poetry(NAME, version='"1.0"', more=f"[metadata.files]\n{FILE.replace('files', 'Foo')}"): "foo==1.0 (1) @1-3",
    poetry(FOO, more=f"[metadata.files]\nfoo = [{WHEEL}]\n"): "foo==1.0 (1) @1-4",
    poetry(): "",
    # poetry: names, versions, files
    poetry(FOO.replace("foo", "Foo.Bar_baz")): "foo-bar-baz==1.0 (1) @1-4",
    poetry(FOO.replace('"1.0"', '"1!2.0rc1+cpu.1"')): "foo==1!2.0rc1+cpu.1 (1) @1-4",
    poetry(FOO.replace(A, A.upper())): "foo==1.0 (1) @1-4",
    poetry(NAME + FILE.replace("]\n", f", {WHEEL}]\n")): "foo==1.0 (2) @1-4",
    poetry(FOO.replace(f"sha256:{A}", f"sha512:{A}{B}")): "foo==1.0 (1) @1-4",
    poetry(NAME + FILE.replace("]\n", f', {{file = "foo-1.0.tar.gz", hash = "md5:{"d" * 32}"}}]\n')): (
        "foo==1.0 (1) @1-4"
    ),
    poetry(NAME + "files = []\n"): "foo==1.0 @1-4",
    poetry(FOO + 'unknown = [{x = 1}]\ndescription = "[[package]]"\n'): "foo==1.0 (1) @1-6",
    poetry(FOO + '[package.dependencies]\nbar = "*"\n\n[package.extras]\nx = ["bar"]\n'): "foo==1.0 (1) @1-9",
    poetry(FOO, FOO.replace("1.0", "2.0")): "foo==1.0 (1) @1-4 | foo==2.0 (1) @6-9",
    ("poetry", b'package = [{name = "foo", version = "1.0"}]\n[metadata]\nlock-version = "2.1"\n'): ("foo==1.0 @0-0"),
    ("poetry", poetry(FOO)[1].replace(b"\n", b"\r\n")): "foo==1.0 (1) @1-4",
    ("poetry", b"\xef\xbb\xbf" + poetry(FOO)[1]): "foo==1.0 (1) @1-4",
    # poetry: markers
    poetry(FOO + "markers = \"os_name == 'a'\"\n"): "foo==1.0 ; os_name == 'a' (1) @1-5",
    poetry(FOO + 'markers = ""\n'): "foo==1.0 (1) @1-5",
    poetry(FOO + 'groups = ["main", "dev"]\nmarkers = {main = "os_name == \'a\'", dev = "os_name == \'b\'"}\n'): (
        "foo==1.0 ; (os_name == 'a') or (os_name == 'b') (1) @1-6"
    ),
    poetry(FOO + 'groups = ["main", "dev"]\nmarkers = {dev = "os_name == \'b\'"}\n'): "foo==1.0 (1) @1-6",
    poetry(FOO + "markers = \"extra == 'x'\"\n"): "foo==1.0 (1) @1-5",
    poetry(FOO + "markers = \"extra == 'x' and os_name == 'a'\"\n"): "foo==1.0 ; os_name == 'a' (1) @1-5",
    # poetry: indexes
    poetry(legacy("https://example.org/simple")): "foo==1.0 (1) <https://example.org/simple> @1-8",
    poetry(legacy("http://example.org:81/a/b/")): "foo==1.0 (1) <http://example.org:81/a/b> @1-8",
    poetry(legacy("https://user@example.org/simple/?x=y")): "foo==1.0 (1) <https://example.org/simple> @1-8",
    # poetry: sources
    poetry(source("url", URL)): f"foo @ {URL} (1) @1-7",
    poetry(source("url", URL, 'subdirectory = "a/b"\n')): f"foo @ {URL}#subdirectory=a/b (1) @1-8",
    poetry(source("url", URL + "?a=b") + "\n"): f"foo @ {URL}?a=b (1) @1-7",
    poetry(source("url", URL, files=FILE.replace("]\n", f", {WHEEL}]\n"))): f"foo @ {URL} (1) @1-7",
    poetry(source("git", "https://example.org/foo.git", f'resolved_reference = "{COMMIT}"\n', "")): (
        f"foo @ git+https://example.org/foo.git@{COMMIT} @1-7"
    ),
    poetry(source("git", "https://example.org/foo", f'reference = "{COMMIT}"\nsubdirectory = "s"\n', "")): (
        f"foo @ git+https://example.org/foo@{COMMIT}#subdirectory=s @1-8"
    ),
    poetry(source("directory", "../foo"), BAR): "bar==2 (1) @9-12",
    poetry(source("file", "foo-1.0.tar.gz"), BAR): "bar==2 (1) @9-12",
    poetry(source("url", "file:///foo-1.0.tar.gz"), BAR): "bar==2 (1) @9-12",
    poetry(source("git", "../foo", f'resolved_reference = "{COMMIT}"\n', ""), BAR): "bar==2 (1) @9-12",
    # pdm: versions of the format
    pdm(FOO): "foo==1.0 (1) @4-7",
    pdm(FOO, version='"4.2"'): "foo==1.0 (1) @4-7",
    pdm(FOO, version='"4.9"'): "foo==1.0 (1) @4-7",
    pdm(NAME, version='"4.1"', more=f'[metadata.files]\n"foo 1.0" = [{WHEEL}]\n'): "foo==1.0 (1) @4-6",
    pdm(NAME, version='"4.1"', more=f'[metadata.files]\n"Foo[x] 1.0" = [{WHEEL}]\n'): "foo==1.0 (1) @4-6",
    pdm(NAME, BAR.replace("bar", "foo"), more=f'[metadata.files]\n"foo 1.0" = [{WHEEL}]\n'): (
        "foo==1.0 (1) @4-6 | foo==2 (1) @8-11"
    ),
    pdm(): "",
    # pdm: files, markers, extras
    pdm(NAME + f'files = [{{url = "{URL}", hash = "sha256:{A}"}}]\n'): "foo==1.0 (1) @4-7",
    pdm(FOO, FOO + 'extras = ["B_b", "a"]\n'): "foo==1.0 (1) @4-7 | foo[a,b-b]==1.0 (1) @9-13",
    pdm(FOO + "marker = \"os_name == 'a'\"\n"): "foo==1.0 ; os_name == 'a' (1) @4-8",
    pdm(FOO + "marker = \" os_name == 'a' \"\n", strategy=""): "foo==1.0 ; os_name == 'a' (1) @4-8",
    # pdm: sources
    pdm(FOO + f'url = "{URL}"\n'): f"foo @ {URL} (1) @4-8",
    pdm(NAME + f'url = "{URL}#sha256={A}"\n'): f"foo @ {URL} (1) @4-7",
    pdm(FOO + f'url = "{URL}#sha256={A}"\nsubdirectory = "s"\n'): f"foo @ {URL}#subdirectory=s (1) @4-9",
    pdm(FOO + f'url = "{URL}"\nextras = ["x"]\nmarker = "os_name == \'a\'"\n'): (
        f"foo[x] @ {URL} ; os_name == 'a' (1) @4-10"
    ),
    pdm(NAME + f'git = "https://example.org/foo"\nref = "v1"\nrevision = "{COMMIT}"\n'): (
        f"foo @ git+https://example.org/foo@{COMMIT} @4-9"
    ),
    pdm(NAME + f'git = "https://${{USER}}:${{TOKEN}}@example.org/foo"\nrevision = "{COMMIT}"\n'): (
        f"foo @ git+https://example.org/foo@{COMMIT} @4-8"
    ),
    pdm(NAME + 'path = "./foo"\neditable = true\n', BAR): "bar==2 (1) @10-13",
    pdm(NAME + 'url = "file:///${PROJECT_ROOT}/foo-1.0.tar.gz"\n', BAR): "bar==2 (1) @9-12",
    # pipenv: categories
    pipenv(entry("")): f"foo==1.0 (1) {ONE} @3-3",
    pipenv(entry(""), entry("", "bar")): f"foo==1.0 (1) {ONE} @3-3 | bar==1.0 (1) {ONE} @4-4",
    pipenv(entry(""), category="develop"): f"foo==1.0 (1) {ONE} @3-3",
    pipenv(entry(""), category="docs"): f"foo==1.0 (1) {ONE} @3-3",
    ("pipfile", pipenv(entry(""))[1][:-1] + b',\n"develop": {' + entry("").encode() + b"}}"): (
        f"foo==1.0 (1) {ONE} @3-3 | foo==1.0 (1) {ONE} @5-5"
    ),
    ("pipfile", pipenv(entry(""))[1].replace(b"\n", b"\r\n")): f"foo==1.0 (1) {ONE} @3-3",
    ("pipfile", pipenv(entry(""))[1].replace(b"\n", b"\r")): f"foo==1.0 (1) {ONE} @3-3",
    ("pipfile", pipenv(entry(""))[1].replace(b'"foo"', b'"\\u0066oo"')): f"foo==1.0 (1) {ONE} @3-3",
    ("pipfile", pipenv(entry(""))[1].replace(b"{", b"{\n")): f"foo==1.0 (1) {ONE} @7-8",
    pipenv(): "",
    # pipenv: packages
    pipenv(entry("", version="== 1.0")): f"foo==1.0 (1) {ONE} @3-3",
    pipenv(entry('"extras": ["b", "A"], "markers": "os_name == \'a\'"')): (
        f"foo[a,b]==1.0 ; os_name == 'a' (1) {ONE} @3-3"
    ),
    pipenv(entry("").replace(A, A + f'", "md5:{"d" * 32}')): f"foo==1.0 (1) {ONE} @3-3",
    pipenv('"foo": {"version": "==1.0"}'): f"foo==1.0 {ONE} @3-3",
    pipenv('"foo": {"version": "*", "markers": "os_name == \'a\'"}', entry("", "bar")): f"bar==1.0 (1) {ONE} @4-4",
    # pipenv: indexes
    pipenv(entry('"index": "two"'), entry("", "bar"), sources=TWO): (
        f"foo==1.0 (1) <http://two.example.org:81/x> @3-3 | bar==1.0 (1) {ONE} @4-4"
    ),
    pipenv(entry(""), sources='{"name": "x", "url": "https://${USER}:$PASS@example.org/simple"}'): (
        "foo==1.0 (1) <https://example.org/simple> @3-3"
    ),
    ("pipfile", b'{"_meta": {"pipfile-spec": 6}, "default": {' + entry("").encode() + b"}}"): "foo==1.0 (1) @1-1",
    # pipenv: sources
    pipenv(elsewhere(f'"file": "{URL}", "hashes": ["sha256:{A}"]')): f"foo @ {URL} (1) @3-3",
    pipenv(elsewhere(f'"file": "{URL}#sha256={A}", "version": "==1.0"')): f"foo @ {URL} (1) @3-3",
    pipenv(elsewhere(f'"git": "https://example.org/foo.git", "ref": "{COMMIT}", "editable": true')): (
        f"foo @ git+https://example.org/foo.git@{COMMIT} @3-3"
    ),
    pipenv(elsewhere(f'"git": "git+https://example.org/foo", "ref": "{COMMIT}", "subdirectory": "s/t"')): (
        f"foo @ git+https://example.org/foo@{COMMIT}#subdirectory=s/t @3-3"
    ),
    pipenv(elsewhere(f'"git": "https://example.org/foo", "ref": "{COMMIT}", "version": "*"')): (
        f"foo @ git+https://example.org/foo@{COMMIT} @3-3"
    ),
    pipenv(elsewhere('"path": ".", "editable": true'), entry("", "bar")): f"bar==1.0 (1) {ONE} @4-4",
    # pex and pants
    pex(locked()): "foo==1.0 (1) @3-3",
    pex(locked(), locked(name="bar")): "foo==1.0 (1) @3-3 | bar==1.0 (1) @4-4",
    pex(locked(artifact(), artifact(digits=B))): "foo==1.0 (2) @3-3",
    pex(locked(name="Foo_Bar")): "foo-bar==1.0 (1) @3-3",
    pex(locked(), locked(artifact(digits=B))): "foo==1.0 (2) @3-3",
    pex(locked(), locked(version="2.0")): "foo==1.0 (1) @3-3 | foo==2.0 (1) @4-4",
    pex(locked(artifact(algorithm="SHA256", digits=A.upper()))): "foo==1.0 (1) @3-3",
    pex(locked(), header="// made by pants\n//\n\n"): "foo==1.0 (1) @6-6",
    pex(locked(), resolve=', "marker": "os_name == \'a\'", "platform_tag": null'): (
        "foo==1.0 ; os_name == 'a' (1) @3-3"
    ),
    pex(locked(), top=f'["foo @ {URL}"]'): f"foo @ {URL} (1) @3-3",
    pex(locked(), top=f"[\"Foo[x]@{URL}#sha256={A} ; os_name == 'a'\"]"): f"foo @ {URL} (1) @3-3",
    pex(locked(more=f', "requires_dists": ["foo @ {URL}"]')): f"foo @ {URL} (1) @3-3",
    pex(locked(), top=f'["bar @ {URL}"]'): "foo==1.0 (1) @3-3",
    pex(locked(artifact(f"git+https://example.org/foo@{COMMIT}#egg=foo"))): (
        f"foo @ git+https://example.org/foo@{COMMIT} @3-3"
    ),
    pex(locked(artifact("git+https://example.org/foo@v1.0", more=f', "commit_id": "{COMMIT}"'))): (
        f"foo @ git+https://example.org/foo@{COMMIT} @3-3"
    ),
    pex(locked(artifact("git+https://example.org/foo", more=f', "commit_id": "{COMMIT}"'))): (
        f"foo @ git+https://example.org/foo@{COMMIT} @3-3"
    ),
    pex(locked(artifact(f"git+https://example.org/foo@{COMMIT}#subdirectory=s/t"))): (
        f"foo @ git+https://example.org/foo@{COMMIT}#subdirectory=s/t @3-3"
    ),
    pex(locked(artifact("file:///home/me/foo")), locked(name="bar")): "bar==1.0 (1) @4-4",
    pex(locked(artifact("${WHEELS}/foo-1.0.tar.gz")), locked(name="bar")): "bar==1.0 (1) @4-4",
    pipenv(elsewhere('"file": "./foo.whl"'), entry("", "bar")): f"bar==1.0 (1) {ONE} @4-4",
}

REFUSED: dict[Row, str] = {
    # A document -> the line and the rule of each defect
    #
    # the document as a whole
    ("poetry", b"[[package]\n"): "1 syntax",
    ("poetry", b'[metadata]\nlock-version = "2.1"\nlock-version = "2.1"\n'): "3 syntax",
    ("poetry", b"x = " + b"[" * 5000): "0 nesting",
    ("poetry", b"a.a.a.a.a.a.a.a.a.a = 1\n"): "1 nesting",
    ("poetry", b"x = 1" + b"0" * 5000): "1 syntax",
    ("poetry", b"\n# \xff\n"): "2 undecodable",
    ("poetry", "x = 1".encode("utf-16")): "0 undecodable",
    ("poetry", b""): "0 lock-version",
    ("poetry", b"metadata = 1\n"): "0 lock-version",
    ("poetry", b'package = 1\n[metadata]\nlock-version = "2.1"\n'): "1 entry",
    ("poetry", b'package = [1]\n[metadata]\nlock-version = "2.1"\n'): "0 entry",
    poetry(FOO, version='"3.0"'): "7 lock-version",
    poetry(FOO, version='"0.9"'): "7 lock-version",
    poetry(FOO, version='"1!2.1"'): "7 lock-version",
    poetry(FOO, version='"x"'): "7 lock-version",
    poetry(FOO, version="2.1"): "7 lock-version",
    poetry(FOO, version=""): "0 lock-version",
    poetry(NAME, more="files = 1\n"): "8 entry",
    pdm(FOO, version='"3.1"'): "2 lock-version",
    pdm(FOO, version='"5.0"'): "2 lock-version",
    pdm(FOO, version="4"): "2 lock-version",
    ("pipfile", b""): "0 json",
    ("pipfile", b"{"): "1 json",
    ("pipfile", b"{\n"): "1 json",
    ("pipfile", b'{"_meta": {},\n]'): "2 json",
    ("pipfile", b'\n{"a": "\xff"}'): "2 undecodable",
    ("pipfile", b"[" * 100_000): "0 nesting",
    ("pipfile", b'{"a":' * 100_000): "0 nesting",
    ("pipfile", b"[]"): "0 lock-version",
    ("pipfile", b"{}"): "0 lock-version",
    ("pipfile", b'{"_meta": 6}'): "0 lock-version",
    pipenv(entry(""), spec="5"): "1 lock-version",
    pipenv(entry(""), spec="true"): "1 lock-version",
    pipenv(entry(""), spec="6.0"): "1 lock-version",
    pipenv(entry(""), spec="1" + "0" * 5000): "1 lock-version",
    pipenv(entry(""), entry("", version="==2.0")): "4 repeated-key",
    pipenv(entry('"version": "==2.0"')): "3 repeated-key",
    ("pipfile", pipenv(entry(""))[1][:-1] + b',\n"default": {}}'): "5 repeated-key",
    ("pipfile", b'{"_meta": {"pipfile-spec": 6},\n"default": []}'): "0 entry",
    # names and versions
    poetry('version = "1.0"\n' + FILE): "1 entry",
    poetry(FOO.replace('"foo"', "1")): "2 entry",
    poetry(FOO.replace('"foo"', '"foo_"')): "2 entry-name",
    poetry(FOO.replace('"foo"', '"foo\\nbar"')): "2 entry-name",
    poetry(FOO.replace('"foo"', '"f\\u00f6o"')): "2 entry-name",
    poetry(FOO.replace('"foo"', f'"{"f" * 300}"')): "2 too-long",
    poetry(FOO.replace('"1.0"', '"1.0; os_name"')): "3 entry-version",
    poetry(FOO.replace('"1.0"', '"*"')): "3 entry-version",
    poetry(FOO.replace('"1.0"', "1.0")): "3 entry",
    poetry(FOO.replace('"1.0"', f'"{"1" * 5000}"')): "3 too-long",
    poetry(FOO.replace('version = "1.0"\n', "")): "1 entry",
    pdm(FOO.replace('version = "1.0"\n', "")): "4 entry",
    pipenv(entry("", name="foo bar")): "3 entry-name",
    pipenv(entry("", name="\\ud800")): "3 entry-name",
    pipenv(entry("", version="*")): "3 unpinned",
    pipenv(entry("", version=">=1")): "3 unpinned",
    pipenv(entry("", version="===1")): "3 unpinned",
    pipenv(entry("", version="==1.*")): "3 entry-version",
    pipenv(entry("", version="==1,==2")): "3 entry-version",
    pipenv('"foo": "*"'): "3 entry",
    pipenv('"foo": {}'): "3 entry",
    # markers and extras
    poetry(FOO + 'markers = "nonsense"\n'): "5 entry-marker",
    poetry(FOO + "markers = 1\n"): "5 entry",
    poetry(FOO + "markers = {main = 1}\n"): "5 entry",
    poetry(FOO + "markers = \"os_name == 'a\\u0085b'\"\n"): "5 entry-marker",
    poetry(FOO + "markers = \"os_name == 'a\\nb'\"\n"): "5 entry-marker",
    poetry(FOO + f'markers = "{DEEP}"\n'): "5 marker-depth",
    poetry(FOO + f"markers = \"os_name == '{'a' * 9000}'\"\n"): "5 too-long",
    pdm(FOO + 'marker = "nonsense"\n'): "8 entry-marker",
    pdm(FOO + 'extras = ["a]", "b"]\n'): "8 entry-extra",
    pdm(FOO + 'extras = "a"\n'): "8 entry",
    pipenv(entry('"markers": "nonsense"')): "3 entry-marker",
    pipenv(entry('"extras": ["a b"]')): "3 entry-extra",
    # digests
    poetry(FOO.replace("a" * 64, "a" * 63)): "4 entry-digest",
    poetry(FOO.replace("a" * 64, "g" * 64)): "4 entry-digest",
    poetry(FOO.replace(f"sha256:{A}", f"md5:{'d' * 32}")): "4 entry-weak-digest",
    poetry(FOO.replace(f"sha256:{A}", f"sha1:{'d' * 40}")): "4 entry-weak-digest",
    poetry(NAME + FILE.replace("]\n", f', {{file = "x.zip", hash = "md5:{"d" * 32}"}}]\n')): "4 entry-weak-digest",
    poetry(FOO.replace(f'"sha256:{A}"', "1")): "4 entry",
    poetry(NAME + "files = [1]\n"): "4 entry",
    poetry(NAME, BAR): "1 entry-no-digest",
    poetry(NAME, version='"1.1"', more="[metadata.files]\nfoo = 1\n"): "1 entry",
    pdm(NAME, BAR): "4 entry-no-digest",
    pdm(FOO.replace("sha256:", "blake2b:")): "7 entry-weak-digest",
    pipenv(entry(""), '"bar": {"version": "==1"}'): "4 entry-no-digest",
    pipenv(entry("").replace("sha256:", "md5:")): "3 entry-weak-digest",
    pipenv(entry("").replace("sha256:", "")): "3 entry-weak-digest",
    pipenv(entry("").replace(A, "abc")): "3 entry-digest",
    # indexes
    poetry(legacy("../simple")): "1 local-index",
    poetry(legacy("file:///simple")): "1 local-index",
    poetry(legacy("https://user:secret@example.org/simple")): "1 credentials",
    poetry(legacy("https://exa mple.org/simple")): "1 url",
    pipenv(entry('"index": "three"'), sources=TWO): "3 unknown-index",
    pipenv(entry(""), sources='{"name": "x", "url": "https://user:secret@example.org/"}'): "1 credentials",
    pipenv(entry(""), sources='{"name": "x"}'): "1 entry",
    pipenv(entry(""), sources='{"name": "x", "url": "https://${HOST}/simple"}'): "1 url",
    # sources
    poetry(source("other", URL)): "5 entry",
    poetry(NAME + "[package.source]\nurl = 1\n"): "4 entry",
    poetry(NAME + 'source = "x"\n'): "4 entry",
    poetry(source("url", URL, files="")): "1 source-digest",
    poetry(source("url", URL.replace("https", "http"))): "1 plain-http",
    poetry(source("url", "ftp://example.org/foo-1.0.zip")): "1 scheme",
    poetry(source("url", "https://user:secret@example.org/foo-1.0.zip")): "1 credentials",
    poetry(source("url", "https://user@example.org/foo-1.0.zip")): "1 url-credentials",
    poetry(source("url", "https://example.org/a/../foo-1.0.zip")): "1 url-path",
    poetry(source("url", "https://example.org/foo-1.0.exe")): "1 archive-type",
    poetry(source("url", "https://example.org/bar-1.0-py3-none-any.whl")): "1 names-disagree",
    poetry(source("url", URL, 'subdirectory = "../x"\n')): "1 subdirectory",
    poetry(source("git", "https://example.org/foo", 'resolved_reference = "main"\n', "")): "1 commit",
    poetry(source("git", "https://example.org/foo", f'resolved_reference = "{COMMIT[:12]}"\n', "")): "1 commit",
    poetry(source("git", "https://example.org/foo", "", "")): "4 entry",
    poetry(source("git", "ssh://git@example.org/foo", f'resolved_reference = "{COMMIT}"\n', "")): "1 ssh",
    poetry(source("git", "git@example.org:foo", f'resolved_reference = "{COMMIT}"\n', "")): "1 ssh",
    poetry(source("git", "http://example.org/foo", f'resolved_reference = "{COMMIT}"\n', "")): "1 plain-http",
    poetry(
        source("git", "https://example.org/--upload-pack=x", f'resolved_reference = "{COMMIT}"\n', "")
    ): "1 url-path",
    pdm(NAME + f'url = "{URL}"\n'): "4 source-digest",
    pdm(FOO + f'url = "{URL}#sha256={B}"\n'): "4 digests-disagree",
    pdm(NAME + f'files = [{{url = "https://u:secret@example.org/x", hash = "sha256:{A}"}}]\n'): "4 credentials",
    pdm(NAME + 'git = "https://example.org/foo"\nref = "main"\n'): "4 entry",
    pdm(NAME + f'git = "https://u:secret@example.org/foo"\nrevision = "{COMMIT}"\n'): "4 credentials",
    pdm(NAME + f'hg = "https://example.org/foo"\nrevision = "{COMMIT}"\n'): "7 other-vcs",
    pipenv(elsewhere(f'"file": "{URL}"')): "3 source-digest",
    pipenv(elsewhere(f'"file": "{URL.replace("https", "http")}", "hashes": ["sha256:{A}"]')): "3 plain-http",
    pipenv(elsewhere(f'"file": "{URL}", "hashes": ["sha256:{A}", "sha256:{B}"]')): "3 digests-disagree",
    pipenv(elsewhere('"git": "https://example.org/foo.git", "ref": "v1.0"')): "3 commit",
    pipenv(elsewhere('"git": "https://example.org/foo.git"')): "3 entry",
    pipenv(elsewhere(f'"git": "https://example.org/foo", "ref": "{COMMIT}", "hashes": ["sha256:{A}"]')): "3 git-digest",
    pipenv(elsewhere(f'"svn": "https://example.org/foo", "ref": "{COMMIT}"')): "3 other-vcs",
    pex(locked(artifact(digits="d" * 32, algorithm="md5"))): "3 entry-weak-digest",
    pex(locked(artifact(digits="xyz"))): "3 entry-digest",
    pex(locked(name="foo bar")): "3 entry-name",
    pex(locked(version="1.*")): "3 entry-version",
    pex(locked().replace('"version": "1.0"', '"version": 1')): "3 entry",
    pex("1"): "0 entry",
    pex(locked(), resolve=', "marker": "os_name =="'): "3 entry-marker",
    pex(locked(artifact("git+https://example.org/foo@main"))): "3 commit",
    pex(locked(artifact(f"git+http://example.org/foo@{COMMIT}"))): "3 plain-http",
    pex(locked(artifact(f"git+https://u:secret@example.org/foo@{COMMIT}"))): "3 credentials",
    pex(locked(artifact(f"hg+https://example.org/foo@{COMMIT}"))): "3 other-vcs",
    pex(
        locked(artifact(URL.replace("https", "http"))), top=f'["foo @ {URL.replace("https", "http")}"]'
    ): "3 plain-http",
    ("pex", b'{"allow_builds": true}'): "0 entry",
    ("pex", b'{"locked_resolves": {}}'): "0 entry",
    ("pex", b'{"locked_resolves": [1]}'): "0 entry",
    ("pex", b'{"locked_resolves": [{}]}'): "0 entry",
    ("pex", b'// a header\n{"locked_resolves": [}'): "2 json",
    # all defects together
    poetry(FOO.replace("sha256", "md5"), source("url", "http://x/y.zip"), BAR.replace('"2"', '"y"')): (
        "4 entry-weak-digest, 6 plain-http, 16 entry-version"
    ),
}
