"""The files of an sdist that cargo resolves from: bounded, in one folder, and with nothing that it would run."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.cargo_tree import CargoTree, UnsafeTree, cargo_tree, manifest_registries
from reqpi.core.metadata.sdist import BrokenSdist

PACKAGE = '[package]\nname = "a"\nversion = "1.0.0"\n'


def tarball(files: Mapping[str, str], *links: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        for path in links:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return out.getvalue()


def zipped(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return out.getvalue()


def tree_of(files: Mapping[str, str], *links: str, lock: str = "", subdirectory: str | None = None) -> CargoTree:
    found = cargo_tree(tarball(files, *links), "a-1.0.tar.gz", lock, subdirectory)
    assert found is not None
    return found


class CargoTreeTests(SynchronousTestCase):
    """Which files are taken."""

    def test_manifests_are_taken_with_their_content_and_sources_without(self) -> None:
        files = {"a-1.0/Cargo.toml": PACKAGE, "a-1.0/src/lib.rs": "evil!();", "a-1.0/README.md": "x"}
        for data in (tarball(files), zipped(files)):
            found = cargo_tree(data, "a-1.0")
            assert found is not None
            self.assertEqual(found.files, {"Cargo.toml": PACKAGE.encode(), "src/lib.rs": b""})
            self.assertEqual((found.manifest, found.lock), ("Cargo.toml", None))

    def test_the_manifest_next_to_the_lock_is_the_root(self) -> None:
        files = {"a-1.0/Cargo.toml": PACKAGE, "a-1.0/rust/Cargo.toml": PACKAGE, "a-1.0/rust/Cargo.lock": "version = 4"}
        found = tree_of(files, lock="a-1.0/rust/Cargo.lock")
        self.assertEqual((found.manifest, found.lock), ("rust/Cargo.toml", b"version = 4"))
        self.assertEqual(set(found.files), {"Cargo.toml", "rust/Cargo.toml"})

    def test_without_a_lock_the_nearest_manifest_of_the_project_is_the_root(self) -> None:
        files = {"a-1.0/sub/deep/Cargo.toml": PACKAGE, "a-1.0/sub/Cargo.toml": PACKAGE, "a-1.0/b/Cargo.toml": PACKAGE}
        self.assertEqual(tree_of(files, subdirectory="sub").root, "sub")
        self.assertEqual(tree_of(files).root, "b")

    def test_an_sdist_without_a_manifest_has_no_tree(self) -> None:
        self.assertIsNone(cargo_tree(tarball({"a-1.0/setup.py": ""}), "a-1.0"))
        self.assertIsNone(cargo_tree(tarball({"a-1.0/Cargo.lock": ""}), "a-1.0", "a-1.0/Cargo.lock"))


class HostileSdistTests(SynchronousTestCase):
    """The author of an sdist: what cargo would read, start or ask is left out, or refused."""

    def test_what_cargo_would_obey_stays_in_the_archive(self) -> None:
        """The sdist has settings of cargo and of rustup."""
        names = (".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain", ".cargo/Cargo.toml")
        files = {f"a-1.0/{name}": "[build]\nrustc-wrapper = './evil'\n" for name in (*names, "build.rs/../x.rs")}
        self.assertEqual(set(tree_of({**files, "a-1.0/Cargo.toml": PACKAGE}).files), {"Cargo.toml"})

    def test_paths_that_lead_out_and_links_are_left_out(self) -> None:
        """The sdist has members with .., absolute paths and links."""
        outside = ("a-1.0/../Cargo.toml", "/a-1.0/x.rs", "a-1.0/./Cargo.toml", "a-1.0//x.rs", "a-1.0/a\\..\\x.rs")
        files = dict.fromkeys((*outside, f"a-1.0/{'x' * 600}.rs", "Cargo.toml"), "")
        found = tree_of({**files, "a-1.0/Cargo.toml": PACKAGE}, "a-1.0/sub/Cargo.toml", "a-1.0/lib.rs")
        self.assertEqual(set(found.files), {"Cargo.toml"})

    def test_manifests_are_bounded(self) -> None:
        """The sdist has a manifest of megabytes, or many of them."""
        long = "#" * (1 << 20)
        many = {f"a-1.0/{number}/Cargo.toml": long for number in range(9)}
        for files in ({"a-1.0/Cargo.toml": f"{long}#"}, many):
            with self.assertRaises(BrokenSdist):
                tree_of(files)

    def test_what_would_lead_cargo_elsewhere_is_refused(self) -> None:
        """The manifest names git repositories, and paths on this machine."""
        for text in (
            '[dependencies]\nb = { git = "ssh://git@host.example/b" }',
            '[dependencies]\nmetadata = { git = "git://host.example/b" }',
            '[target."cfg(unix)".build-dependencies.b]\ngit = "https://host.example/b"',
            '[workspace.dependencies]\nb = { git = "file:///b" }',
            '[replace]\n"b:1.0.0" = { git = "https://host.example/b" }',
            '[patch."https://host.example/index"]\nb = { path = "b" }',
            '[dependencies]\nb = { path = "/home/b" }',
            '[dependencies]\nb = { path = "b/../../b" }',
            '[workspace]\nmembers = ["../b"]',
            '[workspace]\nmembers = ["b/**/../../b"]',
            '[workspace]\ndefault-members = ["/b"]',
            '[dependencies.git]\ngit = "https://host.example/b"',
            '[target."cfg(unix)".dependencies.features]\ngit = "https://host.example/b"',
            '[target.dependencies.dependencies.path]\npath = "/home/b"',
            '[workspace.dependencies.path]\npath = "/home/b"',
            '[patch.crates-io.git]\ngit = "https://host.example/b"',
            '[features.git]\ngit = "https://host.example/b"',
            '[lib]\npath = "/etc/passwd"',
            '[[bin]]\npath = "/etc/passwd"',
            'package.workspace = "/home/b"',
            "[dependencies]\nb = { version = 1 } nonsense",
            f"x = {'[' * 5000}",
            f"x = {'{a=' * 5000}1{'}' * 5000}",
        ):
            with self.assertRaises(UnsafeTree, msg=text):
                manifest_registries(CargoTree("", {"Cargo.toml": text.encode()}))

    def test_usual_manifests_are_accepted(self) -> None:
        text = (
            '[workspace]\nmembers = ["crates/*", "./other", "."]\nexclude = ["/x"]\n'
            '[package]\nname = "a"\nexclude = ["/ci", "../x"]\nreadme = "../README.md"\n'
            '[package.metadata.x]\ngit = "https://host.example"\n'
            '[features]\ngit = ["dep:git"]\npath = ["/x", "dep:path"]\nregistry-index = []\n'
            '[dev-dependencies]\ngit = "1.0"\npath = "/x"\nregistry-index = "1"\n'
            '[build_dependencies]\ngit = "1.0"\n[target."cfg(unix)".dev_dependencies]\ngit = "1.0"\n'
            '[workspace.dependencies]\ngit = "1.0"\n[patch.crates-io]\ngit = "1.0"\n'
            '[dependencies]\nb = { path = "../b", version = "1" }\n'
            'c = { version = "1", registry-index = "https://host.example/index" }\n'
            'd = { version = "1", registry-index = "sparse+https://host.example/" }\n'
        )
        found = manifest_registries(CargoTree("", {"sub/Cargo.toml": text.encode()}))
        self.assertEqual(found, {"registry+https://host.example/index", "sparse+https://host.example/"})
