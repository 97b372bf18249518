"""Cargo.locks, and what they are: the rules of reading them, by example."""

from __future__ import annotations

from reqpi.core.crates.registry_names import CRATES_IO

__all__ = ["ACCEPTED", "COMMIT", "REFUSED", "A", "B", "lock", "needs", "package"]

A, B = "a" * 64, "b" * 64
COMMIT = "c" * 40
DEFAULT = CRATES_IO.rpartition("/")[2].removesuffix("-index")
OTHER = "sparse+https://crates.example.org/index/"
GIT = f"git+https://example.org/lib.git?branch=a%2Fb#{COMMIT}"


def package(name: str, version: str = "1.0.0", source: str = CRATES_IO, checksum: str = A, more: str = "") -> str:
    """A package: its header, and a line for each key."""
    keys = [f'name = "{name}"', f'version = "{version}"']
    keys += [f'source = "{source}"'] if source else []
    keys += [f'checksum = "{checksum}"'] if checksum else []
    return "\n".join(["[[package]]", *keys, more]) + "\n"


def lock(*packages: str, version: str = "4", more: str = "") -> bytes:
    """A Cargo.lock; the first package begins in line 3."""
    head = f"version = {version}\n" if version else "\n"
    return f"# by cargo\n{head}{''.join(packages)}{more}".encode()


def needs(*dependencies: str) -> str:
    return "dependencies = [\n" + "".join(f' "{each}",\n' for each in dependencies) + "]"


MINE = package("mine", "0.1.0", "", "", needs("one"))
ONE = package("one")
V1 = f'[metadata]\n"checksum one 1.0.0 ({CRATES_IO})" = "{A}"\n"checksum two 1.0.0 (path+file:///x)" = "<none>"\n'

ACCEPTED: dict[bytes, str] = {
    lock(): "4",
    lock(version=""): "2",
    lock(version="3", more="[metadata]\n"): "3",
    lock(ONE, MINE): f"4 one 1.0.0 {A[:4]} | mine 0.1.0 -> one 1.0.0",
    lock(ONE, version="3"): f"3 one 1.0.0 {A[:4]}",
    lock(ONE, version=""): f"2 one 1.0.0 {A[:4]}",
    # Version 1: checksums in [metadata], dependencies with their sources.
    lock(
        package("one", checksum="", more=needs(f"two 1.0.0 ({CRATES_IO})")),
        package("two", source="", checksum=""),
        version="",
        more=V1,
    ): f"1 one 1.0.0 {A[:4]} | two 1.0.0",
    lock(
        package("mine", "0.1.0", "", "", needs(f"one 1.0.0 ({CRATES_IO})")),
        package("one", checksum=""),
        version="",
        more=V1,
    ): f"1 one 1.0.0 {A[:4]} | mine 0.1.0 -> one 1.0.0",
    lock(version="", more=f'[root]\nname = "mine"\nversion = "0.1.0"\n{needs("one 1.0.0")}\n{ONE}'): "2 one 1.0.0 aaaa"
    " | mine 0.1.0 -> one 1.0.0",
    # Registries.
    lock(package("one", source=OTHER)): f"4 one 1.0.0 aaaa {OTHER}",
    lock(package("one", source=f"{CRATES_IO}.git")): "4 one 1.0.0 aaaa",
    lock(package("one", source=f"sparse+https://index.{DEFAULT}/")): "4 one 1.0.0 aaaa",
    lock(ONE, package("one", source=OTHER, checksum=B)): f"4 one 1.0.0 aaaa | one 1.0.0 bbbb {OTHER}",
    lock(package("one", checksum=A.upper())): "4 one 1.0.0 aaaa",
    # Versions and names that are spelled alike.
    lock(package("a-b"), package("a_b"), package("A-B")): "4 A-B 1.0.0 aaaa | a-b 1.0.0 aaaa | a_b 1.0.0 aaaa",
    lock(package("one", "1.0.0-rc.1+5.x")): "4 one 1.0.0-rc.1+5.x aaaa",
    lock(ONE, package("one", "2.0.0", checksum=B)): "4 one 1.0.0 aaaa | one 2.0.0 bbbb",
    # Git.
    lock(package("one", source=GIT, checksum="")): "4 one 1.0.0 https://example.org/lib.git@cccc branch=a%2Fb",
    lock(package("one", source=GIT.replace("?branch=a%2Fb", ""), checksum="")): "4 one 1.0.0 "
    "https://example.org/lib.git@cccc",
    lock(ONE, package("one", source=GIT, checksum="", more=needs(f"one 1.0.0 ({CRATES_IO})"))): "4 one 1.0.0 aaaa | "
    "one 1.0.0 https://example.org/lib.git@cccc branch=a%2Fb -> one 1.0.0",
    lock(
        package("one", source=GIT, checksum=""),
        package("mine", "0.1.0", "", "", needs(f"one 1.0.0 ({GIT.partition('#')[0]})")),
    ): "4 one 1.0.0 https://example.org/lib.git@cccc branch=a%2Fb | mine 0.1.0 -> one 1.0.0",
    # Dependencies: one that names none or several is passed over, as by cargo.
    lock(ONE, package("mine", "0.1.0", "", "", needs("zz", "one 9.0.0", "one 1.0.0 (x)", "a b c", ""))): "4 one 1.0.0 "
    "aaaa | mine 0.1.0",
    lock(ONE, package("one", "2.0.0"), MINE): "4 one 1.0.0 aaaa | one 2.0.0 aaaa | mine 0.1.0",
    lock(ONE, package("one", "2.0.0"), package("mine", "0.1.0", "", "", needs("one 2.0.0", "one 1.0.0"))): "4 one "
    "1.0.0 aaaa | one 2.0.0 aaaa | mine 0.1.0 -> one 2.0.0, one 1.0.0",
    lock(package("one", source="", checksum=""), ONE, MINE): "4 one 1.0.0 aaaa | mine 0.1.0 -> one 1.0.0 | one 1.0.0",
    # Local packages, and what stands in the place of another.
    lock(package("mine", "0.1.0", "path+file:///home/x", "")): "4 mine 0.1.0",
    lock(package("one", checksum="", more='replace = "one 2.0.0"'), package("one", "2.0.0", "", "")): "4 one 1.0.0 -> "
    "one 2.0.0 | one 2.0.0",
    lock(ONE, more="[[patch.unused]]\nname = 'x'\nversion = '1'\n"): "4 one 1.0.0 aaaa",
    # Other spellings of the same tables.
    f"package = [{{name = 'one', version = '1.0.0', source = '{CRATES_IO}', checksum = '{A}'}}]".encode(): (
        "2 one 1.0.0 aaaa"
    ),
    b"\xef\xbb\xbf" + lock(ONE).replace(b"\n", b"\r\n"): "4 one 1.0.0 aaaa",
}
"""Documents, each with its version, crates, commits and local packages, and what each of them needs."""

REFUSED: dict[bytes, str] = {
    b"version = 4\nx y\n": "2 syntax",
    b"version = 4\nx = " + b"[" * 3000: "0 nesting",
    b"version = 4\n\xff": "2 undecodable",
    lock(version="0"): "2 lock-version",
    lock(version="1"): "2 lock-version",
    lock(version="2"): "2 lock-version",
    lock(version="5"): "2 lock-version",
    lock(version='"4"'): "2 lock-version",
    lock(version="4.0"): "2 lock-version",
    lock(version="true"): "2 lock-version",
    lock(ONE, version="5"): "2 lock-version",
    lock(more="metadata = 1\n"): "0 entry",
    lock(more="package = 1\n"): "3 entry",
    lock(more="package = [1]\n"): "0 entry",
    lock("[[package]]\nversion = '1.0.0'\n"): "3 entry",
    lock("[[package]]\nname = 'one'\n"): "3 entry",
    lock("[[package]]\nname = 1\nversion = '1.0.0'\n"): "4 entry",
    lock(package("one", more="dependencies = 1")): "8 entry",
    lock(package("one", more="dependencies = [1]")): "8 entry",
    lock(package("one", checksum="", more="checksum = 1")): "7 entry",
    lock(package("one", checksum="", more="replace = 1")): "7 entry",
    lock(more="[root]\nname = 'x'\n"): "0 entry",
    # Names and versions that become paths.
    lock(package("../one")): "4 crate-name",
    lock(package("-one")): "4 crate-name",
    lock(package("")): "4 crate-name",
    lock(package("o ne")): "4 crate-name",
    lock(package("größe")): "4 crate-name",
    lock(package("o.ne")): "4 crate-name",
    lock(package("x" * 129)): "4 too-long",
    lock(package("one", "1.0")): "5 crate-version",
    lock(package("one", "1.0.0/../..")): "5 crate-version",
    lock(package("one", "1.0.0-..")): "5 crate-version",
    lock(package("one", "v1.0.0")): "5 crate-version",
    lock(package("one", "01.0.0")): "5 crate-version",
    lock(package("one", "")): "5 crate-version",
    lock(package("one", "1.0.0\\n")): "5 crate-version",
    lock(package("one", "1.0." + "1" * 100)): "5 too-long",
    # Checksums.
    lock(package("one", checksum="")): "3 crate-checksum",
    lock(package("one", checksum=""), version="", more=V1.replace("one 1.0.0", "one 1.0.1")): "3 crate-checksum",
    lock(package("one", checksum=""), version="", more=V1.replace(A, "<none>")): "3 crate-checksum",
    lock(package("one", checksum="abc")): "7 crate-digest",
    lock(package("one", checksum=A[1:] + "g")): "7 crate-digest",
    lock(package("one", checksum=""), version="", more=V1.replace(A, "b")): "3 crate-digest",
    # Twice.
    lock(ONE, ONE): "9 crate-twice",
    lock(ONE, package("one", checksum=B)): "9 crate-twice",
    lock(ONE, package("one", source=f"{CRATES_IO}.git")): "9 crate-twice",
    lock(MINE, MINE): "9 crate-twice",
    lock(package("one", source=GIT, checksum=""), package("one", source=GIT, checksum="")): "8 crate-twice",
    # Sources.
    lock(package("one", source="directory+file:///x")): "6 crate-source",
    lock(package("one", source="https://example.org/x")): "6 crate-source",
    lock(package("one", source=f"git+file:///x#{COMMIT}")): "6 crate-source",
    lock(package("one", source="registry+file:///x")): "6 local-index",
    lock(package("one", source='registry+https://example.org/x\\"\\n[build]')): "6 url",
    lock(package("one", source="sparse+https://example.org/x#y")): "6 query",
    lock(package("one", source="sparse+https://example.org/x?y")): "6 query",
    lock(package("one", source="sparse+https://example.org/../x")): "6 url-path",
    lock(package("one", source=f"git+https://example.org/x?branch=a\\nb#{COMMIT}")): "6 crate-source",
    lock(package("one", source="registry+https://u:secret@example.org/x")): "3 credentials",
    lock(package("one", source="sparse+https://secret@example.org/x")): "3 credentials",
    lock(package("one", source=f"git+https://u:secret@example.org/x#{COMMIT}")): "3 credentials",
    lock(package("one", source="git+https://example.org/x")): "6 commit",
    lock(package("one", source="git+https://example.org/x?branch=main#abc")): "6 commit",
    lock(package("one", source=f"git+ssh://git@example.org/x#{COMMIT}")): "6 ssh",
    lock(package("one", source=f"git+http://example.org/x#{COMMIT}")): "6 plain-http",
    # All defects together, in order.
    lock(package("o ne"), package("two", checksum=""), package("three", "3")): "4 crate-name, 9 crate-checksum, "
    "16 crate-version",
}
"""Documents, each with the lines and rules of its defects."""
