"""The configuration with which cargo takes crates from one place only."""

from __future__ import annotations

import tomllib

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.crates.cargo_config import config_of_folder, config_of_index, registry_key
from reqpi.core.crates.model import GitCrate, GitSource

OTHER = "sparse+https://crates.example/index/"


class IndexTests(SynchronousTestCase):
    """Cargo asks the address of a lock."""

    def test_the_default_registry_is_replaced_by_the_index_of_the_address(self) -> None:
        source = tomllib.loads(config_of_index("http://127.0.0.1:1/a/crates/").decode())["source"]
        self.assertEqual(source["crates-io"], {"replace-with": "reqpi"})
        self.assertEqual(source["reqpi"], {"registry": "sparse+http://127.0.0.1:1/a/crates/"})

    def test_each_other_registry_has_an_index_of_its_own(self) -> None:
        source = tomllib.loads(config_of_index("http://h/a/crates/", [OTHER]).decode())["source"]
        name = source[OTHER]["replace-with"]
        self.assertEqual(source[OTHER]["registry"], OTHER)
        self.assertEqual(source[name]["registry"], f"sparse+http://h/a/crates/registry/{registry_key(OTHER)}/")

    def test_a_registry_in_git_has_no_prefix_in_a_configuration(self) -> None:
        lock = "registry+https://crates.example/index.git"
        source = tomllib.loads(config_of_index("http://h/a/crates/", [lock]).decode())["source"]
        self.assertEqual(source[lock]["registry"], "https://crates.example/index.git")

    def test_a_token_is_for_the_indexes_of_the_address_alone(self) -> None:
        config = tomllib.loads(config_of_index("http://h/a/crates/", [OTHER], "Basic abc").decode())
        self.assertEqual({each["token"] for each in config["registries"].values()}, {"Basic abc"})
        self.assertTrue(all("http://h/a/crates/" in each["index"] for each in config["registries"].values()))
        self.assertEqual(config["registry"], {"global-credential-providers": ["cargo:token"]})

    def test_a_name_that_a_lock_chooses_cannot_add_settings(self) -> None:
        for hostile in ('sparse+https://h/"]\n[build]\nrustc = "evil', "sparse+https://h/\\", "sparse+https://h/\x7f"):
            config = tomllib.loads(config_of_index("http://h/a/crates/", [hostile]).decode())
            self.assertEqual(config.keys(), {"source"})
            self.assertIn(hostile, config["source"])


class FolderTests(SynchronousTestCase):
    """Cargo takes crates from a folder."""

    def test_the_names_are_those_of_cargo_vendor(self) -> None:
        config = tomllib.loads(config_of_folder("deps/cargo", unpacked=True).decode())
        self.assertEqual(config["source"]["crates-io"], {"replace-with": "vendored-sources"})
        self.assertEqual(config["source"]["vendored-sources"], {"directory": "deps/cargo"})

    def test_a_local_registry(self) -> None:
        config = tomllib.loads(config_of_folder("deps/cargo", unpacked=False, registries=[OTHER]).decode())
        self.assertEqual(config["source"]["vendored-sources"], {"local-registry": "deps/cargo"})
        self.assertEqual(config["source"][OTHER], {"registry": OTHER, "replace-with": "vendored-sources"})

    def test_commits_of_git_are_replaced_with_their_reference(self) -> None:
        source = GitCrate("a", "1.0.0", "https://git.example/x", "a" * 40, "branch=main").source
        config = tomllib.loads(config_of_folder("deps/cargo", unpacked=True, commits=[source]).decode())
        found = config["source"]["git+https://git.example/x?branch=main"]
        self.assertEqual(found, {"git": "https://git.example/x", "branch": "main", "replace-with": "vendored-sources"})

    def test_a_local_registry_has_commits_in_a_folder_of_their_own(self) -> None:
        """cargo accepts nothing but registries in place of which a registry stands."""
        source = GitSource("https://git.example/x", "branch=a%2Fb")
        config = tomllib.loads(
            config_of_folder("deps/cargo", unpacked=False, commits=[source], commits_place="deps/cargo/git").decode()
        )
        found = config["source"]["git+https://git.example/x?branch=a%2Fb"]
        self.assertEqual(found, {"git": "https://git.example/x", "branch": "a/b", "replace-with": "vendored-commits"})
        self.assertEqual(config["source"]["vendored-commits"], {"directory": "deps/cargo/git"})

    def test_the_index_of_an_address_has_commits_in_a_folder(self) -> None:
        config = tomllib.loads(
            config_of_index(
                "https://x/crates/", commits=[GitSource("https://git.example/x")], commits_place="/home/git"
            ).decode()
        )
        found = config["source"]["git+https://git.example/x"]
        self.assertEqual(found, {"git": "https://git.example/x", "replace-with": "vendored-commits"})
        self.assertEqual(config["source"]["vendored-commits"], {"directory": "/home/git"})
