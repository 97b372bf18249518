"""Documents that are committed together, and what they are, by example."""

from __future__ import annotations

__all__ = ["ACCEPTED", "REFUSED"]

H = b" --hash=sha256:" + b"a" * 64
LISTING = b"a" * 64 + b"  x.txt\n"

ACCEPTED: dict[tuple[tuple[str, bytes], ...], str] = {
    # Paths and documents -> their pins: project==version @path:first-last line
    (("a.txt", b"foo==1\n"),): "foo==1 @a.txt:1-1",
    (("a.txt", b"foo==1\n"), ("b.txt", b"bar==1\n")): "foo==1 @a.txt:1-1 | bar==1 @b.txt:1-1",
    (("b.txt", b"bar==1\n"), ("a.txt", b"foo==1\n")): "bar==1 @b.txt:1-1 | foo==1 @a.txt:1-1",
    (("a.txt", b""), ("b.txt", b"")): "",
    # two documents, two versions
    (("a.txt", b"foo==1\n"), ("b.txt", b"foo==2\n")): "foo==1 @a.txt:1-1 | foo==2 @b.txt:1-1",
    (("a.txt", b"foo==1" + H), ("b.txt", b"foo==1\n")): "foo==1 (1) @a.txt:1-1 | foo==1 @b.txt:1-1",
    # options hold for their own document
    (("a.txt", b"foo==1" + H), ("b.txt", b"bar==1\n")): "foo==1 (1) @a.txt:1-1 | bar==1 @b.txt:1-1",
    (("a.txt", b"--require-hashes\n"), ("b.txt", b"bar==1\n")): "bar==1 @b.txt:1-1",
    (("a.txt", b"-i https://a.example.org\nfoo==1\n"), ("b.txt", b"bar==1\n")): (
        "foo==1 from https://a.example.org @a.txt:2-2 | bar==1 @b.txt:1-1"
    ),
    (("a.txt", b"--no-binary :all:\nfoo==1\n"), ("b.txt", b"-r a.txt\nbar==1\n")): (
        "foo==1 sdists @a.txt:2-2 | bar==1 @b.txt:2-2"
    ),
    # -r and -c
    (("a.txt", b"-r b.txt\nfoo==1\n"), ("b.txt", b"bar==1\n")): "foo==1 @a.txt:2-2 | bar==1 @b.txt:1-1",
    (("a.txt", b"-rb.txt\n"), ("b.txt", b"bar==1\n")): "bar==1 @b.txt:1-1",
    (("a.txt", b"--requirement=./b.txt\n"), ("b.txt", b"bar==1\n")): "bar==1 @b.txt:1-1",
    (("a.txt", b"-c 'b c.txt'\n"), ("b c.txt", b"bar==1\n")): "bar==1 @b c.txt:1-1",
    (("a.txt", b"--constraint b/c.txt\n"), ("b/c.txt", b"-r ../a.txt\nbar==1\n")): "bar==1 @b/c.txt:2-2",
    (("d/a.txt", b"-r b.txt\n"), ("d/b.txt", b"-r ../d/./a.txt\nbar==1\n")): "bar==1 @d/b.txt:2-2",
    (("a.txt", b"-r a.txt\nfoo==1\n"),): "foo==1 @a.txt:2-2",
    (("a.txt", b"-r b.txt\n"), ("b.txt", b"-r a.txt\nfoo==1\n")): "foo==1 @b.txt:2-2",
    # names and ranges that another document pins
    (("in.txt", b"foo\n"), ("c.txt", b"foo==1\n")): "foo==1 @c.txt:1-1",
    (("in.txt", b"-c c.txt\nFoo[tls]>=0.5,<2 ; os_name == 'a'\n"), ("c.txt", b"foo==1.5\n")): "foo==1.5 @c.txt:1-1",
    (("in.txt", b"foo (~=1.0)\n"), ("c.txt", b"foo==1.5\n")): "foo==1.5 @c.txt:1-1",
    (("in.txt", b"foo==1.*\n"), ("c.txt", b"foo==1.5\n")): "foo==1.5 @c.txt:1-1",
    (("in.txt", b"foo!=1\n"), ("c.txt", b"foo==1.5\n")): "foo==1.5 @c.txt:1-1",
    (("in.txt", b"foo>=2rc1\n"), ("c.txt", b"foo==2rc2\n")): "foo==2rc2 @c.txt:1-1",
    (("in.txt", b"foo>1\n"), ("c.txt", b"foo==1\n"), ("d.txt", b"foo==2\n")): "foo==1 @c.txt:1-1 | foo==2 @d.txt:1-1",
    (("in.txt", b"foo\n"), ("c.txt", b"foo===weird-1\n")): "foo===weird-1 @c.txt:1-1",
    (("in.txt", b"foo\nbar==1" + H), ("c.txt", b"foo==1\n")): "bar==1 (1) @in.txt:2-2 | foo==1 @c.txt:1-1",
    (("in.txt", b"foo>=1\n"), ("c.txt", b"foo @ git+https://example.org/r@" + b"c" * 40)): (
        "foo @ git https://example.org/r cccc…40 @c.txt:1-1"
    ),
}

REFUSED: dict[tuple[tuple[str, bytes], ...], str] = {
    # Paths and documents -> the path, the line and the rule of each defect
    #
    # names that nothing pins
    (("in.txt", b"foo\nbar\n"), ("c.txt", b"foo==1\n")): "in.txt:2 no-version",
    (("in.txt", b"foo>=1\n"), ("c.txt", b"bar==1\n")): "in.txt:1 range",
    (("in.txt", b"foo\nfoo==1\n"), ("c.txt", b"bar==1\n")): "in.txt:1 no-version",
    (("in.txt", b"foo\n"), ("c.txt", b"foo\n")): "in.txt:1 no-version, c.txt:1 no-version",
    (("in.txt", b"foo\n"),): "in.txt:1 no-version",
    (("in.txt", b"foo>=2\n"), ("c.txt", b"foo==1\n")): "in.txt:1 out-of-range",
    (("in.txt", b"foo==2.*\n"), ("c.txt", b"foo==1\n")): "in.txt:1 out-of-range",
    (("in.txt", b"foo>=2\n"), ("c.txt", b"foo===weird\n")): "in.txt:1 out-of-range",
    (("in.txt", b"foo>=2\nfoo==2\n"), ("c.txt", b"foo==1\n")): "in.txt:1 out-of-range",
    # what is no range either
    (("in.txt", b"foo" + H), ("c.txt", b"foo==1\n")): "in.txt:1 no-version",
    (("in.txt", b"foo>=1" + H), ("c.txt", b"foo==1\n")): "in.txt:1 range",
    (("in.txt", b"foo=1\n"), ("c.txt", b"foo==1\n")): "in.txt:1 single-equals",
    (("in.txt", b"foo>=x\n"), ("c.txt", b"foo==1\n")): "in.txt:1 range",
    (("in.txt", b"foo==\n"), ("c.txt", b"foo==1\n")): "in.txt:1 no-version",
    (("in.txt", b"foo===1,>0\n"), ("c.txt", b"foo==1\n")): "in.txt:1 several-specifiers",
    (("in.txt", b"foo ; nonsense\n"), ("c.txt", b"foo==1\n")): "in.txt:1 marker",
    (("in.txt", b"foo ;\n"), ("c.txt", b"foo==1\n")): "in.txt:1 marker",
    (("in.txt", b"foo[a,]\n"), ("c.txt", b"foo==1\n")): "in.txt:1 extras",
    (("in.txt", b"foo>=" + b"1." * 600 + b"1\n"), ("c.txt", b"foo==1\n")): "in.txt:1 range",
    # -r and -c that lead nowhere
    (("a.txt", b"-r c.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include",
    (("d/a.txt", b"-r b.txt\n"), ("b.txt", b"foo==1\n")): "d/a.txt:1 include",
    (("a.txt", b"-r B.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include",
    (("a.txt", b"-r .\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include",
    (("a.txt", b"-r b.txt/\n-c=b.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:2 include",
    (("a.txt", b"-c ../b.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include-outside",
    (("d/a.txt", b"-c ../../d/b.txt\n"), ("d/b.txt", b"foo==1\n")): "d/a.txt:1 include-outside",
    (("a.txt", b"-c /b.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include-outside",
    (("a.txt", b"-r https://example.org/b.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 include-outside",
    (("a.txt", b"foo==1 -r b.txt\n"), ("b.txt", b"foo==1\n")): "a.txt:1 misplaced-option",
    (("a.txt", b"-r b.txt -r c.txt\n"), ("b.txt", b""), ("c.txt", b"")): "a.txt:1 misplaced-option",
    (("a.txt", b"--pre -c b.txt\n"), ("b.txt", b"")): "a.txt:1 misplaced-option",
    # the defects of all documents
    (
        ("a.txt", b"foo==1\nfoo==2\n"),
        ("b.txt", b"bar==x\n-e ./a\n"),
    ): "a.txt:2 conflict, b.txt:1 version, b.txt:2 editable",
    (("a.txt", b"foo==1\nbar==1" + H), ("b.txt", b"foo==2\n")): "a.txt:1 missing-digest",
    # documents that cannot be read, or are no locks
    (("a.txt", b"foo\n"), ("b.txt", b"\0")): "b.txt:1 binary",
    (("a.txt", b"foo==x\n"), ("b.html", b"<html>\n")): "a.txt:1 version, b.html:1 not-a-lock",
    (("a.txt", b"# coding: nope\n"), ("b.txt", b"foo==x\n")): "a.txt:1 encoding, b.txt:1 version",
    (("a.txt", b"foo==1\n"), ("b.txt", LISTING)): "b.txt:0 listing",
    # paths
    (): ":0 document-path",
    (("", b"foo==1\n"),): ":0 document-path",
    (("/a.txt", b"foo==1\n"),): "/a.txt:0 document-path",
    (("../a.txt", b"foo==1\n"), ("b//c", b"")): "../a.txt:0 document-path, b//c:0 document-path",
    (("a\nb", b"foo==1\n"),): "a\nb:0 document-path",
    (("a.txt", b"foo==1\n"), ("a.txt", b"bar==1\n")): "a.txt:0 document-path",
    (("a", b"foo==1\n"), ("a/b", b"bar==1\n")): "a/b:0 document-path",
}
