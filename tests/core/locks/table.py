"""Documents that are locks, and their pins: the rules of reading, by example."""

from __future__ import annotations

__all__ = ["ACCEPTED", "H384", "H512", "A", "B", "H", "I"]

A, B = "a" * 64, "b" * 64
H = f"--hash=sha256:{A}".encode()
I = f"--hash=sha256:{B}".encode()  # noqa: E741
H384 = b"--hash=sha384:" + b"c" * 96
H512 = b"--hash=sha512:" + b"d" * 128

ACCEPTED: dict[bytes, str] = {
    # A document -> its pins: project[extras]==version ; marker (digests) @first-last line
    #
    # versions
    b"foo==1.0\n": "foo==1.0 @1-1",
    b"foo==1.0": "foo==1.0 @1-1",
    b"foo== 1.0\n": "foo==1.0 @1-1",
    b"foo == 1.0\n": "foo==1.0 @1-1",
    b"foo\t==\t1.0\n": "foo==1.0 @1-1",
    b"foo (==1.0)\n": "foo==1.0 @1-1",
    b"foo( == 1.0 )\n": "foo==1.0 @1-1",
    b"foo==1\n": "foo==1 @1-1",
    b"foo==01.0\n": "foo==01.0 @1-1",
    b"foo==v1.0\n": "foo==v1.0 @1-1",
    b"foo==1!2.0\n": "foo==1!2.0 @1-1",
    b"foo==1.0+cpu\n": "foo==1.0+cpu @1-1",
    b"foo==1.0+CPU.1_x-2\n": "foo==1.0+CPU.1_x-2 @1-1",
    b"foo==1.0rc1\n": "foo==1.0rc1 @1-1",
    b"foo==1.0.post1.dev2\n": "foo==1.0.post1.dev2 @1-1",
    b"foo==1.0-1\n": "foo==1.0-1 @1-1",
    b"foo==2026.11.21.20.30.59\n": "foo==2026.11.21.20.30.59 @1-1",
    b"foo===1.0\n": "foo===1.0 @1-1",
    b"foo===2004d-beta_x\n": "foo===2004d-beta_x @1-1",
    b"foo==1." + b"1" * 120: "foo==1." + "1" * 120 + " @1-1",
    # names
    b"Foo==1\n": "foo==1 @1-1",
    b"foo_bar.baz-qux==1\n": "foo-bar-baz-qux==1 @1-1",
    b"foo-_.bar==1\n": "foo-bar==1 @1-1",
    b"1==1\n": "1==1 @1-1",
    b"f==1\n": "f==1 @1-1",
    b"zope.interface==6.0\n": "zope-interface==6.0 @1-1",
    # extras
    b"foo[tls]==1\n": "foo[tls]==1 @1-1",
    b"foo[b,A_c, b]==1\n": "foo[a-c,b]==1 @1-1",
    b"foo [ tls , x ] == 1\n": "foo[tls,x]==1 @1-1",
    b"foo[]==1\n": "foo==1 @1-1",
    # the project itself
    b"-e .\nfoo==1\n": "foo==1 @2-2",
    b"-e ./\n": "",
    b"-e file:.\n": "",
    b"-e file:.#egg=foo\n": "",
    b"-e .[tls,x]\n--editable=.\n": "",
    b".\n": "",
    b"./\n": "",
    b".[tls]\n": "",
    b"file:.\n": "",
    # markers
    b'foo==1; python_version >= "3.11"\n': 'foo==1 ; python_version >= "3.11" @1-1',
    b"foo==1;os_name=='posix'\n": "foo==1 ; os_name=='posix' @1-1",
    b"foo==1 ; (os_name == 'a' or os_name == 'b') and extra != 'c'\n": (
        "foo==1 ; (os_name == 'a' or os_name == 'b') and extra != 'c' @1-1"
    ),
    b"foo==1 ; os_name == 'a;b'\n": "foo==1 ; os_name == 'a;b' @1-1",
    b"foo==1 ; os_name == 'a#b'\n": "foo==1 ; os_name == 'a#b' @1-1",
    b"foo==1 ; " + b"(" * 32 + b"os_name == 'a'" + b")" * 32: "foo==1 ; "
    + "(" * 32
    + "os_name == 'a'"
    + ")" * 32
    + " @1-1",
    b"foo==1;os_name=='a'\nfoo==2;os_name=='b'\n": "foo==1 ; os_name=='a' @1-1 | foo==2 ; os_name=='b' @2-2",
    # digests
    b"foo==1 " + H: "foo==1 (1) @1-1",
    b"foo==1 " + H + b" " + I: "foo==1 (2) @1-1",
    b"foo==1 " + H + b" " + H: "foo==1 (1) @1-1",
    b"foo==1 " + H384 + b" " + H512 + b" " + H: "foo==1 (3) @1-1",
    b"foo==1 " + H.replace(b"a" * 64, b"A" * 64): "foo==1 (1) @1-1",
    b"foo==1 " + H.replace(b"sha", b"SHA"): "foo==1 (1) @1-1",
    b"foo==1 " + H.replace(b"h=", b"h "): "foo==1 (1) @1-1",
    b"foo==1 " + H.replace(b"=sha", b"='sha") + b"'": "foo==1 (1) @1-1",
    b"foo==1   " + H + b"\t" + I: "foo==1 (2) @1-1",
    b"foo==1 ; os_name == 'a' " + H: "foo==1 ; os_name == 'a' (1) @1-1",
    b"--require-hashes\nfoo==1 " + H: "foo==1 (1) @2-2",
    # the same pin again
    b"foo==1\nfoo==1\n": "foo==1 @1-1 | foo==1 @2-2",
    b"foo==1\nfoo[tls]==1.0\n": "foo==1 @1-1 | foo[tls]==1.0 @2-2",
    b"foo==1 " + H + b"\nFOO==1 " + H: "foo==1 (1) @1-1 | foo==1 (1) @2-2",
    b"foo==1;os_name=='a' "
    + H
    + b"\nfoo==1;os_name=='b' "
    + I: "foo==1 ; os_name=='a' (1) @1-1 | foo==1 ; os_name=='b' (1) @2-2",
    # lines
    b"\n\nfoo==1\n\n": "foo==1 @3-3",
    b"  foo==1  \n": "foo==1 @1-1",
    b"foo==1\r\nbar==2\r\n": "foo==1 @1-1 | bar==2 @2-2",
    b"foo==1\rbar==2\r": "foo==1 @1-1 | bar==2 @2-2",
    b"foo==1\rbar==2\r\nbaz==3\n": "foo==1 @1-1 | bar==2 @2-2 | baz==3 @3-3",
    b"foo==1 \\\n  " + H + b"\n": "foo==1 (1) @1-2",
    b"foo==1 \\\r\n  " + H + b" \\\r\n  " + I + b"\r\nbar==2 " + H: "foo==1 (2) @1-3 | bar==2 (1) @4-4",
    b"foo\\\n==\\\n1.\\\n0\n": "foo==1.0 @1-4",
    b"foo==1 \\\n\nbar==2\n": "foo==1 @1-1 | bar==2 @3-3",
    b"foo==1 \\\n  # via bar\nbaz==2\n": "foo==1 @1-1 | baz==2 @3-3",
    b"foo==1 \\\n  " + H + b" \\\n  # via bar\n": "foo==1 (1) @1-2",
    b"foo==1 \\\n  " + H + b"\n  # via bar\n  #   baz\n": "foo==1 (1) @1-2",
    b"\\\nfoo==1\n": "foo==1 @1-2",
    # comments
    b"# foo==2\nfoo==1\n": "foo==1 @2-2",
    b"foo==1 # bar==2\n": "foo==1 @1-1",
    b"foo==1\t# bar==2\n": "foo==1 @1-1",
    b"foo==1 #\n": "foo==1 @1-1",
    b"   # c\nfoo==1": "foo==1 @2-2",
    b"# ends in a backslash \\\nfoo==1\n": "foo==1 @2-2",
    b"   # so does this \\\nfoo==1\n": "foo==1 @2-2",
    b"foo==1 # C:\\path\n": "foo==1 @1-1",
    b"foo==1 # ${VERSION}\n": "foo==1 @1-1",
    "# by Zoë, \u00a0 \u200e\nfoo==1\n".encode(): "foo==1 @2-2",
    # encodings
    b"\xef\xbb\xbffoo==1\n": "foo==1 @1-1",
    b"\xef\xbb\xbf# coding: nonsense\nfoo==1\n": "foo==1 @2-2",
    b"\xff\xfe" + "foo==1\nbar==2\n".encode("utf-16-le"): "foo==1 @1-1 | bar==2 @2-2",
    b"\xfe\xff" + "foo==1\r\nbar==2\r\n".encode("utf-16-be"): "foo==1 @1-1 | bar==2 @2-2",
    b"\xff\xfe\0\0" + "foo==1\n".encode("utf-32-le"): "foo==1 @1-1",
    b"\0\0\xfe\xff" + "foo==1\n".encode("utf-32-be"): "foo==1 @1-1",
    b"# -*- coding: latin-1 -*-\n# Zo\xeb\nfoo==1\n": "foo==1 @3-3",
    b"# one\n# vim: set fileencoding=cp1252 :\n# \x80\nfoo==1\n": "foo==1 @4-4",
    b"# one\n# two\n# coding: nonsense\nfoo==1\n": "foo==1 @4-4",
    b"\n# coding: utf-8\nfoo==1\n": "foo==1 @3-3",
    # options that change nothing
    b"--pre\nfoo==1\n": "foo==1 @2-2",
    b"--pre --prefer-binary\nfoo==1\n": "foo==1 @2-2",
    b"--trusted-host example.org\nfoo==1\n": "foo==1 @2-2",
    b"--trusted-host=example.org\nfoo==1\n": "foo==1 @2-2",
    b"--use-feature=fast-deps\nfoo==1\n": "foo==1 @2-2",
    b"--all-releases :all:\nfoo==1\n": "foo==1 @2-2",
    b"--only-final=foo\nfoo==1\n": "foo==1 @2-2",
    b"foo==1 --config-settings=a=b\n": "foo==1 @1-1",
    b'foo==1 --config-settings "--build-option=-j 4"\n': "foo==1 @1-1",
    b"foo==1 -C a=b " + H: "foo==1 (1) @1-1",
    b"foo==1 --global-option=x\n": "foo==1 @1-1",
    # indexes
    b"-i https://a.example.org/simple/\nfoo==1\n": "foo==1 from https://a.example.org/simple @2-2",
    b"foo==1\n--index-url=https://a.example.org\n": "foo==1 from https://a.example.org @1-1",
    b"--pypi-url http://a.example.org:80//\nfoo==1\n": "foo==1 from http://a.example.org @2-2",
    b"-i HTTPS://A.example.org:443/\nfoo==1\n": "foo==1 from https://a.example.org @2-2",
    b"-i https://a.example.org/x\n-i https://b.example.org:8443/y\nfoo==1\n": (
        "foo==1 from https://b.example.org:8443/y @3-3"
    ),
    b"--extra-index-url https://b.example.org/\nfoo==1\n": "foo==1 from default, https://b.example.org @2-2",
    b"-i https://a.example.org/ --extra-index-url https://b.example.org/\nfoo==1\n": (
        "foo==1 from https://a.example.org, https://b.example.org @2-2"
    ),
    b"--extra-index-url https://b.example.org\n--extra-index-url https://c.example.org\nfoo==1 "
    + H: "foo==1 (1) from default, https://b.example.org, https://c.example.org @3-3",
    b"-i https://[2001:DB8::1]:8443/simple\nfoo==1\n": "foo==1 from https://[2001:db8::1]:8443/simple @2-2",
    b"-i https://192.0.2.1/simple\nfoo==1\n": "foo==1 from https://192.0.2.1/simple @2-2",
    # wheels and sdists
    b"--no-binary :all:\nfoo==1\n": "foo==1 sdists @2-2",
    b"foo==1\n--only-binary=:all:\n": "foo==1 wheels @1-1",
    b"--no-binary foo,Bar_x\nfoo==1\nbar-x==1\nbaz==1\n": "foo==1 sdists @2-2 | bar-x==1 sdists @3-3 | baz==1 @4-4",
    b"--no-binary :all:\n--only-binary foo\nfoo==1\nbar==1\n": "foo==1 wheels @3-3 | bar==1 sdists @4-4",
    b"--only-binary foo\n--no-binary :all:\nfoo==1\n": "foo==1 sdists @3-3",
    b"--no-binary foo\n--only-binary foo\nfoo==1\n": "foo==1 wheels @3-3",
    b"--no-binary :all: --no-binary :none:\nfoo==1\n": "foo==1 @2-2",
    b"--no-binary foo,:none:,bar\nfoo==1\nbar==1\n": "foo==1 @2-2 | bar==1 sdists @3-3",
    b"--no-binary :all:,foo,:none:,bar\nfoo==1\nbar==1\n": "foo==1 @2-2 | bar==1 sdists @3-3",
    b"--no-binary foo,:all:,bar\nfoo==1\nbar==1\n": "foo==1 sdists @2-2 | bar==1 sdists @3-3",
    # nothing at all
    b"": "",
    b"\n": "",
    b"# no dependencies\n": "",
    b"--pre\n": "",
    b"\xef\xbb\xbf": "",
}
