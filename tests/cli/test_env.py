"""``reqpi env``: variables for a folder, or for an index."""

from __future__ import annotations

import json
import subprocess

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)


class EnvTests(CommandTestCase):
    """What it prints."""

    def said(self, *arguments: str) -> dict[str, dict[str, str]]:
        status, out, err = self.run_reqpi("env", *arguments, "--shell", "json")
        self.assertEqual((status, err), (0, ""))
        found: dict[str, dict[str, str]] = json.loads(out)
        return found

    def test_a_folder(self) -> None:
        (self.folder / "wheels").mkdir()
        said = self.said("wheels")
        here = str(self.folder / "wheels")
        self.assertEqual({name: said["set"][name] for name in ("PIP_FIND_LINKS", "PIP_NO_INDEX", "UV_FIND_LINKS")},
                         {"PIP_FIND_LINKS": here, "PIP_NO_INDEX": "1", "UV_FIND_LINKS": here})  # fmt: skip
        self.assertLessEqual({"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX"}, set(said["unset"]))

    def test_a_folder_with_a_space(self) -> None:
        """Of which pip would make two."""
        (self.folder / "my wheels").mkdir()
        self.assertEqual(self.said("my wheels")["set"]["PIP_FIND_LINKS"], f"file://{self.folder}/my%20wheels")

    def test_where_the_folder_will_be(self) -> None:
        """It need not be here."""
        said = self.said("nothing-here", "--for-output-dir", "/deps")
        self.assertEqual(said["set"]["PIP_FIND_LINKS"], "/deps")

    def test_a_relative_place_is_made_absolute(self) -> None:
        """Of a relative path, uv would make a URL of the host ``deps``."""
        said = self.said("nothing-here", "--for-output-dir", "deps/x")["set"]
        here = f"{self.folder}/deps/x"
        self.assertEqual((said["PIP_FIND_LINKS"], said["UV_DEFAULT_INDEX"]), (here, f"file://{here}"))

    def test_docker_sets_what_is_set_and_empties_nothing(self) -> None:
        out = self.run_reqpi("env", "nothing-here", "--for-output-dir", "/deps", "--shell", "docker")[1]
        comment, *lines = out.splitlines()
        said = self.said("nothing-here", "--for-output-dir", "/deps")
        self.assertEqual(lines, [f"ENV {name}={json.dumps(value)}" for name, value in said["set"].items()])
        self.assertTrue(comment.startswith("# "))
        self.assertEqual(comment.split(": ")[1].split(), said["unset"])

    def test_an_index(self) -> None:
        """Its own URL, or the address's."""
        base = f"http://127.0.0.1:2000/prefix/{ADDRESS}"
        for url in (base, f"{base}/", f"{base}/simple", f"{base}/simple/"):
            self.assertEqual(self.said(url)["set"]["PIP_INDEX_URL"], f"{base}/simple/")

    def test_a_url_that_cannot_be_an_address_is_an_error(self) -> None:
        """An installer would be pointed at an index that no server can have."""
        for url in (
            *(
                "http://buildhost/zzz/",
                "http://buildhost:2000",
                "http://buildhost:2000/simple/",
                "https://x/a/b/simple",
            ),
            *(f"http://buildhost/{ADDRESS[:-1]}/", f"http://buildhost/{ADDRESS[:-1]}g/", f"http://b/{ADDRESS}/lock"),
        ):
            status, out, err = self.run_reqpi("env", url)
            self.assertEqual((status, out), (2, ""), url)
            self.assertIn(f"reqpi: {url} is not the URL of an address\n", err)
            self.assertIn("http://buildhost:2000/<address>/", err)
        self.assertNotIn("secret", self.run_reqpi("env", "http://me:secret@buildhost/zzz/")[2])

    def test_a_shell_takes_it(self) -> None:
        (self.folder / "wheels").mkdir()
        _, out, _ = self.run_reqpi("env", "wheels")
        done = subprocess.run(
            ["sh", "-euc", f"PIP_INDEX_URL=http://elsewhere\n{out}\necho $PIP_FIND_LINKS ${{PIP_INDEX_URL-none}}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.assertEqual(done.stdout, f"{self.folder}/wheels none\n")

    def test_a_folder_for_a_source(self) -> None:
        """Its files are further down."""
        (self.folder / "out").mkdir()
        said = {"format": 1, "deps": "deps/pip", "packages": [], "sources": {}}
        (self.folder / "out/.build-config.json").write_text(json.dumps(said))
        self.assertEqual(self.said("out")["set"]["PIP_FIND_LINKS"], f"{self.folder}/out/deps/pip")
        self.assertEqual(self.said("out", "--for-output-dir", "/o/")["set"]["PIP_FIND_LINKS"], "/o/deps/pip")

    def test_the_formats_of_hermeto(self) -> None:
        """By name, or by the name of the file."""
        (self.folder / "wheels").mkdir()
        shell = self.run_reqpi("env", "wheels")[1]
        self.assertEqual(self.run_reqpi("env", "wheels", "--format", "env"), (0, shell, ""))
        pairs = self.run_reqpi("env", "wheels", "--format", "json")[1]
        found = {pair["name"]: pair["value"] for pair in json.loads(pairs)}
        self.assertEqual(found, self.said("wheels")["set"])
        self.assertNotIn("", found.values())
        for name, expected in (("reqpi.env", shell), ("reqpi.json", pairs)):
            self.assertEqual(self.run_reqpi("env", "wheels", "-o", name), (0, "", ""))
            self.assertEqual((self.folder / name).read_text(), expected)
        self.assertEqual(self.run_reqpi("env", "wheels", "--format", "env", "--shell", "sh")[0], 2)

    def test_what_is_nothing(self) -> None:
        for arguments in (
            ["nowhere"],
            ["http://"],
            [".", "-o", "no/where"],
            ["http://127.0.0.1/abc", "--for-output-dir", "/deps"],
        ):
            status, out, err = self.run_reqpi("env", *arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err.startswith("reqpi: "), err)

    def test_the_short_name_that_hermeto_has_for_the_format(self) -> None:
        (self.folder / "wheels").mkdir()
        self.assertEqual(
            self.run_reqpi("env", "wheels", "-f", "json"), self.run_reqpi("env", "wheels", "--format", "json")
        )
        self.assertEqual(self.run_reqpi("env", "wheels", "-f", "json")[0], 0)

    def test_audits_are_pointed_at_a_server_that_has_advisories(self) -> None:
        base = f"{self.server.url}/{ADDRESS}"
        self.assertNotIn("UV_MALWARE_CHECK", self.said(base)["set"])
        self.server.says(f"/{ADDRESS}/osv/", 200, {"advisories": 3})
        said = self.said(f"{base}/simple/")["set"]
        self.assertEqual(said["UV_MALWARE_CHECK_URL"], f"{base}/osv/")
        self.assertEqual(said["PIP_AUDIT_OSV_URL"], f"{base}/osv/v1/query")
        self.server.says(f"/{ADDRESS}/osv/", 200, b"x" * 5000)
        self.assertNotIn("UV_MALWARE_CHECK", self.said(base)["set"])
