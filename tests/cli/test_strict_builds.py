"""``reqpi check --strict-builds``: what builds an sdist is in the lock, byte for byte."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from reqpi.core.address import address_of
from tests.cli.process import CommandTestCase
from tests.fake_upstream import Upstream

DIGEST = "0" * 64


def of_an_sdist(filename: str = "six-1.17.0.tar.gz", **more: Any) -> dict[str, Any]:
    project, _, version = filename.removesuffix(".tar.gz").partition("-")
    fields = {"project": project, "version": version, "filename": filename, "must_be_built": True}
    return fields | {"requires": ["setuptools"], "unread": []} | more


def wanted(requirement: str, state: str = "pinned", **more: Any) -> dict[str, Any]:
    fields = {"requirement": requirement, "state": state, "versions": [], "lacking": state != "pinned"}
    return fields | {"counts": True, "wanted_by": ["six-1.17.0.tar.gz"]} | more


class StrictBuildsTests(CommandTestCase):
    """What it says of what a server says."""

    def checked(self, lock: str, *requirements: dict[str, Any], **more: Any) -> tuple[int, str, str]:
        self.lock.write_text(lock)
        self.server.takes(lock.encode(), status=200)
        found = {
            "complete": True,
            "sdists": [of_an_sdist()],
            "requirements": requirements,
            "warnings": [],
            "unread": [],
        }
        self.server.says(f"/{address_of(lock.encode())}/build-requirements", 200, found | more)
        return self.run_reqpi("check", "--strict-builds", "--url", self.server.url, "requirements.txt")

    def test_what_is_pinned_with_digests_passes(self) -> None:
        lock = f"six==1.17.0 --hash=sha256:{DIGEST}\nsetuptools==80.9.0 --hash=sha256:{DIGEST}\n"
        status, out, err = self.checked(lock, wanted("setuptools>=40.8.0"))
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, "^requirements.txt: 2 pins, ")

    def test_a_pin_without_digests_does_not(self) -> None:
        """The place is that of the pin; a version that no build may take is of no interest."""
        lock = 'six==1.17.0\nsetuptools==80.9.0 ; python_version >= "3"\nsetuptools==30.0.0 ; python_version < "3"\n'
        status, _, err = self.checked(lock, wanted("setuptools>=40.8.0"))
        self.assertEqual(status, 7)
        self.assertRegex(err, r"(?m)^requirements\.txt:2: this builds six-1\.17\.0\.tar\.gz, and has no digests: setup")
        self.assertIn("--generate-hashes", err)
        self.assertTrue(err.endswith("requirements.txt: 1 defect\n"), err)

    def test_what_is_not_pinned_does_not(self) -> None:
        """At the line of what is built with it, with what the lock has instead."""
        status, _, err = self.checked(
            "# a remark\nsix==1.17.0\n",
            wanted("setuptools>=40.8.0", "missing"),
            wanted("wheel>=1", "differs", versions=["0.4"]),
            wanted("other @ https://files.example.org/other.tar.gz", "elsewhere"),
            wanted("sometimes", "missing", counts=False, lacking=False),
        )
        self.assertEqual(status, 7)
        said = "requirements.txt:2: six-1.17.0.tar.gz is built with"
        self.assertIn(f"{said} setuptools>=40.8.0: the lock does not pin it: six==1.17.0\n", err)
        self.assertIn(f"{said} wheel>=1: the lock pins 0.4: six==1.17.0\n", err)
        self.assertIn(f"{said} other @ https://files.example.org/other.tar.gz: it names a URL: six==1.17.0\n", err)
        self.assertTrue(err.endswith("requirements.txt: 3 defects\n"), err)

    def test_what_only_running_it_would_tell_does_not(self) -> None:
        sdists = [
            of_an_sdist(unread=["setup.py computes setup_requires"]),
            of_an_sdist("b-1.tar.gz", must_be_built=False),
        ]
        status, _, err = self.checked("six==1.17.0\n", sdists=sdists)
        self.assertEqual(status, 7)
        self.assertIn(
            "some build requirements of six-1.17.0.tar.gz are not known: setup.py computes setup_requires", err
        )
        self.assertTrue(err.endswith("requirements.txt: 1 defect\n"), err)

    def test_what_could_not_be_had_is_no_verdict(self) -> None:
        sdists = [of_an_sdist(requires=None, unread=["upstream is away"])]
        status, _, err = self.checked("six==1.17.0\n", sdists=sdists, complete=False)
        self.assertEqual((status, err), (3, "reqpi: six-1.17.0.tar.gz: upstream is away\n"))

    def test_a_server_that_answers_nonsense(self) -> None:
        status, _, err = self.checked("six==1.17.0\n", wanted("\x1b[2J==1"))
        self.assertEqual(status, 3)
        self.assertNotIn("Traceback", err)
        self.assertNotIn("\x1b", err)


class ServerInsideTests(CommandTestCase):
    """With no server that runs: one inside reads the sdist."""

    def test_from_an_sdist_to_a_verdict(self) -> None:
        with Upstream() as upstream:
            sdist = upstream.sdist("needing", "1.0", build_requires=["builder>=2"])
            wheel = upstream.wheel("builder", "2.0")
            options = ("--strict-builds", "--upstream", upstream.url, "--store", "store", "requirements.txt")
            digests = [f"--hash=sha256:{sha256(file.content).hexdigest()}" for file in (sdist, wheel)]
            whole = f"needing==1.0 {digests[0]}\nbuilder==2.0 {digests[1]}\n"
            without_it = whole.splitlines()[0] + "\n"
            for lock, status in ((whole, 0), ("needing==1.0\nbuilder==2.0\n", 7), (without_it, 7)):
                self.lock.write_text(lock)
                done = self.run_reqpi("check", *options)
                self.assertEqual(done[0], status, done)

    def test_without_the_option_nothing_is_asked(self) -> None:
        status, out, err = self.run_reqpi("check", "--upstream", "http://127.0.0.1:1/", "requirements.txt")
        self.assertEqual((status, err), (0, ""), out)
