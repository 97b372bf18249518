"""``reqpi sbom``: the same bytes from a server and from one inside, and ``reqpi diff`` reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from packageurl import PackageURL

from tests.core.locks.cargo_table import lock, needs, package
from tests.core.sbom.valid import flaws_of_cyclonedx, flaws_of_spdx
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT


class SbomTests(EndToEnd):
    """A real server, and one inside."""

    def reqpi(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")} | variables
        return subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=self.folder, env=environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    def test_the_same_bytes_from_everywhere(self) -> None:
        """Two stores that saw the same upstream, on two runs, in both formats; and offline afterwards."""
        (self.folder / "requirements.txt").write_text(LOCK)
        inside = ["--upstream", self.upstream.url, "--store", "own"]
        for kind, flaws in (("cyclonedx", flaws_of_cyclonedx), ("spdx", flaws_of_spdx)):
            sboms = []
            for where in (["--url", self.server.url], inside, [*inside, "--offline"]):
                name = f"{kind}-{len(sboms)}.json"
                done = self.reqpi("sbom", "requirements.txt", "--format", kind, "--name", "app", "-o", name, *where)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("is not available", done.stderr)
                sboms.append((self.folder / name).read_bytes())
            self.assertEqual(len(set(sboms)), 1)
            self.assertEqual(flaws(sboms[0]), [])
            self.assertGreater(len(json.loads(sboms[0])), 5)
        done = self.reqpi("diff", "cyclonedx-0.json", "spdx-0.json")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_a_committed_cargo_lock_is_listed(self) -> None:
        """The client makes the same SBOM from the lock, and accepts no other crates from the server."""
        (self.folder / "requirements.txt").write_text(LOCK)
        (self.folder / "Cargo.lock").write_bytes(lock(package("one", more=needs("two")), package("two")))
        done = self.reqpi("sbom", "requirements.txt", "Cargo.lock", "-o", "bill.json", "--url", self.server.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        purls = [each["purl"] for each in json.loads((self.folder / "bill.json").read_text())["components"]]
        crates = [purl.partition("?")[0] for purl in purls if purl.startswith("pkg:cargo/")]
        self.assertEqual(crates, ["pkg:cargo/one@1.0.0", "pkg:cargo/two@1.0.0"])

    def test_the_private_index_of_this_machine_is_in_the_purls(self) -> None:
        """As ``PIP_INDEX_URL`` spells it, with its last slash and without its login."""
        (self.folder / "requirements.txt").write_text(LOCK)
        index = f"{self.upstream.url.rstrip('/')}/"
        arguments = ["sbom", "requirements.txt", "-o", "bill.json", "--store", "own"]
        sboms = []
        for more, variables in (
            ([], {"PIP_INDEX_URL": index.replace("://", "://me:secret@")}),
            (["--upstream", self.upstream.url], {}),
        ):
            done = self.reqpi(*arguments, *more, **variables)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("secret", (self.folder / "bill.json").read_text())
            sboms.append(json.loads((self.folder / "bill.json").read_text()))
        purls = [PackageURL.from_string(each["purl"]) for each in sboms[0]["components"]]
        self.assertEqual({purl.qualifiers.get("repository_url") for purl in purls}, {index})
        self.assertNotIn("repository_url", json.dumps(sboms[1]))
        self.assertEqual(len({bill["serialNumber"] for bill in sboms}), 2)
