"""A malicious server: it lists files that the lock does not admit, or leaves out what the lock pins."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from reqpi.core.model import Digest, File
from tests.attacks.case import CONTENTS, OPEN_LOCK, ServerCase, hashed
from tests.attacks.lying_server import LyingServer, a_listed_file
from tests.distributions import digest_of
from tests.fake_upstream import build_sdist, build_wheel

EVIL = build_wheel("six", "1.0", files={"six.py": b"raise SystemExit('owned')\n"})
WHEEL = "six-1.0-py3-none-any.whl"

COMMANDS = (
    "fetch",
    "fetch --platform",
    "fetch --source",
    "wheelhouse",
    "wheelhouse --build",
    "sbom",
    "sbom --format spdx",
    "diff",
)


def adds(server: LyingServer, filename: str, content: bytes, **fields: object) -> None:
    server.contents[filename] = content
    server.list_file(a_listed_file(filename, content, filename.partition("-")[0], **fields))


def adds_setuptools(server: LyingServer) -> str:
    adds(server, "setuptools-99.0-py3-none-any.whl", build_wheel("setuptools", "99.0"))
    return "the lock does not pin setuptools: setuptools-99.0-py3-none-any.whl"


def adds_a_version(server: LyingServer) -> str:
    adds(server, "six-2.0-py3-none-any.whl", build_wheel("six", "2.0"))
    return "the lock does not admit six-2.0-py3-none-any.whl"


def adds_a_file(server: LyingServer) -> str:
    adds(server, "six-1.0-1-py3-none-any.whl", EVIL)
    return "the lock does not admit six-1.0-1-py3-none-any.whl"


def changes_a_digest(server: LyingServer) -> str:
    server.contents[WHEEL] = EVIL
    server.change("six", lambda file: a_listed_file(WHEEL, EVIL, "six") if file.wheel else file)
    return f"the lock does not admit {WHEEL}"


def leaves_out_a_pin(server: LyingServer) -> str:
    server.change("six", lambda _: None)
    return "no file of six 1.0"


def gives_a_name_that_leads_out(server: LyingServer) -> str:
    source = evolve(a_listed_file("six-1.0.tar.gz", b"", "six"), filename="../../six-1.0.tar.gz", listed=False)
    server.contents[source.filename] = b""
    server.change("six", lambda file: file if file.wheel else source)
    return "six-1.0.tar.gz' is not the name of a file of six"


def lists_a_file_twice(server: LyingServer) -> str:
    server.list_file(evolve(server.pages["idna"].files[0], yanked="no"))  # type: ignore[index]
    return "is listed 2 times"


def writes_a_field_of_another_type(server: LyingServer) -> str:
    server.change("idna", lambda file: evolve(file, requires_python=3))
    return "a value is of type int, not str"


Lie = Callable[[LyingServer], str]

LIES: tuple[Lie, ...] = (
    adds_setuptools,
    adds_a_version,
    adds_a_file,
    changes_a_digest,
    leaves_out_a_pin,
    gives_a_name_that_leads_out,
    lists_a_file_twice,
    writes_a_field_of_another_type,
)


class ListTests(ServerCase):
    """Each kind of lie against each command."""

    def test_the_truth_is_accepted(self) -> None:
        """The same server without a lie: the rows below fail because of the lie alone."""
        for name in COMMANDS:
            status, err = self.reqpi(*self.command(name))
            self.assertEqual(status, 0, (name, err))

    def assert_refused(self, lie: Lie, document: bytes, *, silent: tuple[str, ...] = ()) -> None:
        self.begin(document)
        named = lie(self.liar)
        self.liar.speak()
        for name in COMMANDS:
            status, err = self.reqpi(*self.command(name))
            self.assertEqual((status, self.left()), (3, set()), (lie.__name__, name, err))
            self.assertIn(named, err, (lie.__name__, name))

    def test_every_lie_to_every_command(self) -> None:
        """The server adds, replaces, repeats and leaves out files of a lock with digests."""
        for lie in LIES:
            self.assert_refused(lie, hashed("sha256"))

    def test_a_lock_without_digests_still_names_projects_and_versions(self) -> None:
        """The server adds a project and a version, and leaves out a pin, where the lock has no digests."""
        for lie in (adds_setuptools, adds_a_version, leaves_out_a_pin):
            self.assert_refused(lie, OPEN_LOCK)

    def test_a_sha512_that_is_claimed_for_other_bytes(self) -> None:
        """The server pairs the lock's sha512 with the sha256 of its own bytes, and sends these."""
        self.begin(hashed("sha512"))
        right = digest_of(CONTENTS[WHEEL], "sha512")
        lying = frozenset({digest_of(EVIL), right})
        self.liar.contents[WHEEL] = EVIL

        def change(file: File) -> File:
            return evolve(file, digests=lying, size=len(EVIL)) if file.wheel else file

        self.liar.change("six", change)
        self.liar.speak()
        for name in ("fetch", "fetch --source", "wheelhouse", "wheelhouse --build"):
            status, err = self.reqpi(*self.command(name))
            self.assertEqual((status, self.left()), (3, set()), (name, err))
            self.assertIn(f"wrong bytes for {WHEEL}", err)

    def test_an_sbom_says_which_digests_nothing_confirms(self) -> None:
        """The server gives its own sha256 in an SBOM, for a lock with sha512 alone: no file is fetched to compare."""
        self.begin(hashed("sha512"))
        status, err = self.reqpi(*self.command("sbom"))
        self.assertEqual(status, 0, err)
        self.assertIn("the sha256 of 3 files in the SBOM is the server's word", err)
        self.begin(hashed("sha256"))
        self.assertNotIn("word", self.reqpi(*self.command("sbom"))[1])

    def test_a_lock_with_sha512_alone_is_fetched(self) -> None:
        """The same lock and an honest server: the bytes are measured here."""
        self.begin(hashed("sha512"))
        for name in ("fetch", "wheelhouse", "fetch --source"):
            status, err = self.reqpi(*self.command(name))
            self.assertEqual(status, 0, (name, err))

    def test_a_wheel_that_is_hidden_from_one_platform(self) -> None:
        """The server leaves out the only file for the target, whose digest the lock has."""
        self.liar.change("idna", lambda file: evolve(file, filename="idna-3.1-cp39-cp39-macosx_11_0_arm64.whl"))
        self.liar.contents["idna-3.1-cp39-cp39-macosx_11_0_arm64.whl"] = CONTENTS["idna-3.1-py3-none-any.whl"]
        self.liar.change("six", lambda file: file if file.wheel else None)
        self.liar.change("six", lambda file: evolve(file, requires_python="<3"))
        self.liar.speak()
        status, err = self.reqpi(*self.command("fetch --platform"), "--python-version", "3.12")
        self.assertEqual((status, self.left()), (3, set()), err)
        self.assertIn("no file of six 1.0 for these filters", err)

    def test_a_digest_without_a_file_is_reported(self) -> None:
        """The server leaves out the sdist of a release that has a wheel; an upstream may have removed it, too."""
        self.liar.change("six", lambda file: file if file.wheel else None)
        self.liar.speak()
        status, err = self.reqpi(*self.command("fetch"))
        self.assertEqual(status, 0, err)
        self.assertIn("the server lists no file for 1 digest of the lock: six", err)


class SourceNameTests(ServerCase):
    """The lock has a source, whose file no index names: the name is in the list."""

    def lists_source(self, url: str, filename: str, content: bytes) -> None:
        """List a file for a source."""
        self.begin(hashed("sha256") + f"tool @ {url}\n".encode())
        pin = next(pin for pin in self.liar.commitment.lock.pins if pin.source is not None)
        file = a_listed_file("tool-1.0.tar.gz", content, "tool", source=pin.source)
        self.liar.contents[filename] = content
        self.liar.list_file(evolve(file, filename=filename, listed=False))
        self.liar.speak()

    def test_a_source_under_the_name_of_another_project(self) -> None:
        """The server names the archive of a commit like a build backend, which the offline install then takes."""
        evil, url = build_wheel("setuptools", "99.0"), f"git+https://git.example.org/tool.git@{'a' * 40}"
        for filename in (
            "setuptools-99.0-py3-none-any.whl",
            "SHA256SUMS",
            f"{digest_of(evil).hex[:16]}-setuptools-99.tar.gz",
        ):
            self.lists_source(url, filename, evil)
            for name in COMMANDS:
                status, err = self.reqpi(*self.command(name))
                self.assertEqual((status, self.left()), (3, set()), (filename, name, err))
                self.assertIn(f"{filename} is not the name of a file of tool", err, name)

    def test_a_source_in_place_of_a_release(self) -> None:
        """The server names an archive of the lock like a file of another pin: only one of them would be kept."""
        archive = build_sdist("tool", "1.0")
        url = f"https://files.example.org/v1.tar.gz#sha256={digest_of(archive).hex}"
        self.lists_source(url, WHEEL, archive)
        for name in COMMANDS:
            status, err = self.reqpi(*self.command(name))
            self.assertEqual((status, self.left()), (3, set()), (name, err))
            self.assertIn(f"{WHEEL} is not the name of a file of tool", err, name)

    def test_two_sources_of_one_name_in_an_archive(self) -> None:
        """An honest server: an archive has one member for two files, and would lack a pin without a word."""
        archives = {name: build_sdist(name, "1.0") for name in ("gadget", "tool")}
        urls = {
            name: f"https://{name}.example.org/v1.tar.gz#sha256={digest_of(archives[name]).hex}" for name in archives
        }
        self.begin(b"".join(f"{name} @ {url}\n".encode() for name, url in urls.items()))
        self.liar.pages.clear()
        for pin in self.liar.commitment.lock.pins:
            content = self.liar.contents["v1.tar.gz"] = archives[pin.project]
            file = a_listed_file(f"{pin.project}-1.0.tar.gz", content, pin.project, source=pin.source)
            self.liar.list_file(evolve(file, filename="v1.tar.gz", listed=False))
        self.liar.speak()
        for name in ("wheelhouse", "wheelhouse --build"):
            status, err = self.reqpi(*self.command(name))
            self.assertEqual((status, self.left()), (2, set()), err)
            self.assertIn("two different files are named v1.tar.gz", err)

    def test_the_names_that_a_server_gives(self) -> None:
        """An honest server: the name in the URL, that of a release, and either behind the digest."""
        archive = build_sdist("tool", "1.0")
        digest = digest_of(archive).hex
        for filename in ("v1.tar.gz", f"{digest[:16]}-v1.tar.gz", f"{digest[:16]}-tool-1.0.tar.gz"):
            self.lists_source(f"https://files.example.org/v1.tar.gz#sha256={digest}", filename, archive)
            status, err = self.reqpi(*self.command("fetch"))
            self.assertEqual(status, 0, (filename, err))


class BytesTests(ServerCase):
    """The list is right, and the bytes are not."""

    def test_other_bytes_under_the_right_name(self) -> None:
        """The server sends its own bytes for one file, after it has sent the others: none of them remains."""
        self.liar.contents[WHEEL] = EVIL
        self.liar._at(f"simple/six/{WHEEL}", EVIL)
        self.liar.send_archive(self.liar.archive())
        for name in ("fetch", "fetch --source", "wheelhouse", "wheelhouse --build"):
            status, err = self.reqpi(*self.command(name))
            self.assertEqual((status, self.left()), (3, set()), (name, err))
            self.assertIn(WHEEL, err)

    def test_what_an_earlier_run_fetched_stays(self) -> None:
        """The server sends wrong bytes for one file into a folder that has others."""
        self.assertEqual(self.reqpi(*self.command("fetch"))[0], 0)
        (self.folder / "out" / WHEEL).unlink()
        self.liar._at(f"simple/six/{WHEEL}", EVIL)
        self.assertEqual(self.reqpi(*self.command("fetch"))[0], 3)
        self.assertEqual(self.left(), {f"out/{name}" for name in CONTENTS if name != WHEEL})


class LockTests(ServerCase):
    """``diff`` has only the URL of an address."""

    def test_another_lock_under_the_address(self) -> None:
        """The server sends another lock for the address than the one that has its digest."""
        self.liar._at("lock", b"six==6.6.6\n")
        status, err = self.reqpi(*self.command("diff"))
        self.assertEqual(status, 4, err)
        self.assertIn(f"sends another document for /{self.liar.address}/lock", err)


class SbomTests(ServerCase):
    """The SBOM lies, and the list of files does not."""

    def test_a_component_that_is_added_changed_or_left_out(self) -> None:
        """The server changes the SBOM alone: a component more, one less, another digest, purl or link."""
        extra = {"type": "library", "name": "evil", "version": "1", "bom-ref": "x", "purl": "pkg:pypi/evil@1"}
        digest = Digest("sha256", "0" * 64).hex
        changes = (
            lambda document: document["components"].append(extra),
            lambda document: document["components"].pop(),
            lambda document: document["components"][1]["externalReferences"][0]["hashes"][0].update(content=digest),
            lambda document: document["components"][0].update(purl="pkg:pypi/evil@1"),
            lambda document: document["components"][0].update(version="9"),
            lambda document: document["components"][1]["externalReferences"][0].update(url="https://evil.example.org/"),
            lambda document: document.update(components=[]),
            lambda document: document["metadata"]["properties"][0].update(value="0" * 64),
            lambda document: document["metadata"].update(component={"type": "application", "name": "evil"}),
            lambda document: document.clear(),
        )
        for number, change in enumerate(changes):
            self.liar.speak()
            self.liar.send_sbom(change)
            status, err = self.reqpi(*self.command("sbom"))
            self.assertEqual((status, self.left()), (3, set()), (number, err))
            self.assertIn("the SBOM is not that of the lock", err, number)

    def test_fields_that_the_lock_determines_are_written_here(self) -> None:
        """The server changes a digest that repeats another, and adds parts that ReqPI does not write."""
        self.reqpi(*self.command("sbom"))
        right = (self.folder / "bom.json").read_bytes()
        self.assertEqual(right, self.liar.said(f"/{self.liar.address}/sbom.cdx.json").body)
        for change in (
            lambda document: document["components"][0]["hashes"][0].update(content="0" * 64),
            lambda document: document.update(vulnerabilities=[{"id": "none"}]),
            lambda document: document.update(serialNumber="urn:uuid:00000000-0000-0000-0000-000000000000"),
        ):
            self.liar.speak()
            self.liar.send_sbom(change)
            self.assertEqual(self.reqpi(*self.command("sbom"))[0], 0)
            self.assertEqual((self.folder / "bom.json").read_bytes(), right)

    def test_summaries_and_licences_are_the_servers_word(self) -> None:
        """The server writes another licence: no digest of the lock covers it, so that it is accepted."""
        self.liar.send_sbom(lambda document: document["components"][0].update(description="A fine project"))
        status, err = self.reqpi(*self.command("sbom"))
        self.assertEqual(status, 0, err)


class NestingTests(ServerCase):
    """Lists that are not lists."""

    def test_a_list_of_very_many_values(self) -> None:
        """The server sends little text that takes much memory."""
        self.liar._at("files.json", b'{"pages":[' + b"[]," * 10_000_001 + b"1]}")
        status, err = self.reqpi(*self.command("fetch"))
        self.assertEqual((status, self.left()), (3, set()), err)
        self.assertIn("values", err)

    def test_a_list_that_is_nested_deeply_or_of_another_shape(self) -> None:
        """The server sends JSON that exhausts the stack, or whose values have other types."""
        for body in (b"[" * 200_000, b'{"pages":' * 50_000, b"{}", b"[]", b'{"pages": [1]}', b"\xff", b"null"):
            self.liar._at("files.json", body)
            for name in ("fetch", "sbom", "diff", "wheelhouse", "fetch --source"):
                status, err = self.reqpi(*self.command(name))
                self.assertEqual((status, self.left()), (3, set()), (body[:20], name, err))
                self.assertIn("not a list of files", err)
