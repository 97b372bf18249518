"""``reqpi check``: the same reading, with no server."""

from __future__ import annotations

import json

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.core.locks.cargo_table import lock, package


class CheckTests(CommandTestCase):
    """One line for a good lock; every defect of a broken one."""

    def test_a_good_lock(self) -> None:
        """How many pins, and which address."""
        expected = f"requirements.txt: 1 pin, 1 without digests, address {address_of(DOCUMENT)}\n"
        self.assertEqual(self.run_reqpi("check", "requirements.txt"), (0, expected, ""))

    def test_crates_are_counted(self) -> None:
        """A Cargo.lock pins no project."""
        document = lock(package("one"), package("two"))
        (self.folder / "Cargo.lock").write_bytes(document)
        expected = f"Cargo.lock: 0 pins, 2 crates, address {address_of(document)}\n"
        self.assertEqual(self.run_reqpi("check", "Cargo.lock"), (0, expected, ""))
        _, out, _ = self.run_reqpi("check", "Cargo.lock", "--json")
        self.assertIn('"crates": 2', out)

    def test_standard_input(self) -> None:
        """It has a name in messages."""
        document = "six==1.17.0\nattrs==25.1.0\n"
        expected = f"<stdin>: 2 pins, 2 without digests, address {address_of(document.encode())}\n"
        self.assertEqual(self.run_reqpi("check", "-", given=document), (0, expected, ""))

    def test_a_broken_lock(self) -> None:
        """Each defect with its line, and nothing on stdout."""
        self.lock.write_text("six==1.17.0\nattrs>=25\n\nidna\n")
        status, out, err = self.run_reqpi("check", "requirements.txt")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"(?m)^requirements\.txt:2: .*: attrs>=25$")
        self.assertRegex(err, r"(?m)^requirements\.txt:4: .*: idna$")
        self.assertTrue(err.endswith("requirements.txt: 2 defects\n"))

    def test_a_warning(self) -> None:
        """It is told, and stops nothing."""
        self.lock.write_text("--pre\nsix==1.17.0\n")
        status, out, err = self.run_reqpi("check", "requirements.txt")
        self.assertEqual((status, out.split(",")[0]), (0, "requirements.txt: 1 pin"))
        self.assertRegex(err, r"^requirements\.txt:1: warning: .*: --pre\n$")

    def test_each_file_can_be_a_lock_by_itself(self) -> None:
        """What is wrong with one keeps nobody from hearing of the others; the worst status counts."""
        (self.folder / "sub").mkdir()
        (self.folder / "sub" / "good.txt").write_text("six==1.16.0\n")
        (self.folder / "bad.txt").write_text("six\n")
        status, out, err = self.run_reqpi("check", "--each", "bad.txt", "sub/good.txt", "requirements.txt")
        self.assertEqual(status, 1)
        self.assertIn("bad.txt:1: ", err)
        self.assertRegex(out, r"^sub/good\.txt: 1 pin, .*\nrequirements\.txt: 1 pin, .*\n$")
        status, _, err = self.run_reqpi("check", "--each", "missing.txt", "bad.txt")
        self.assertEqual(status, 2)
        self.assertIn("bad.txt:1: ", err)


DIGEST = f"--hash=sha256:{'a' * 64}"
COMMIT = "b" * 40
NEEDY = f"""\
six==1.17.0 {DIGEST}
one @ git+https://git.example.org/me/one@{COMMIT}
two @ https://files.example.org:8443/two-1.0.tar.gz {DIGEST}
three @ git+https://git.example.org/me/three@{COMMIT}
"""


class NeedsTests(CommandTestCase):
    """Which options of a server a lock needs; without them a default server does not serve all of it."""

    def setUp(self) -> None:
        super().setUp()
        self.environ["REQPI_UPSTREAM"] = "https://index.example.org/simple"

    def needs(self, document: str, *options: str) -> tuple[int, list[str], str]:
        self.lock.write_text(document)
        status, out, err = self.run_reqpi("check", *options, "requirements.txt")
        return status, [line.partition("needs ")[2] for line in out.splitlines()[1:]], err

    def test_hosts_of_archives_and_repositories(self) -> None:
        """Each once, with the projects that are comes from there."""
        expected = ["--allow-host git.example.org, for one and three", "--allow-host files.example.org:8443, for two"]
        self.assertEqual(self.needs(NEEDY), (0, expected, ""))

    def test_indexes(self) -> None:
        """Whether a pin has digests makes the difference."""
        foreign = "--extra-index-url https://wheels.example.org/whl/cpu\n"
        option = "--upstream wheels.example.org-cpu=https://wheels.example.org/whl/cpu, for torch: a server without it"
        _, [need], _ = self.needs(f"{foreign}torch==2.4.0+cpu\n")
        self.assertEqual(need, f"{option} rejects the lock, because a pin has no digest")
        _, [need], _ = self.needs(f"{foreign}torch==2.4.0+cpu {DIGEST}\n")
        self.assertEqual(need, f"{option} looks for these files by digest at its other upstreams")

    def test_the_default_index_and_the_servers_own_address_need_nothing(self) -> None:
        """However they are spelled."""
        for index in ("https://INDEX.example.org:443/simple/", f"http://localhost:2000/{'c' * 64}/simple/"):
            self.assertEqual(self.needs(f"--index-url {index}\nsix==1.17.0\n"), (0, [], ""))

    def test_another_address_needs_the_servers_own_url(self) -> None:
        """It is no upstream."""
        document = f"--index-url https://reqpi.example.org/x/{'c' * 64}/simple/\nsix==1.17.0\n"
        _, [need], _ = self.needs(document)
        self.assertTrue(need.startswith("--url https://reqpi.example.org/x, for six"), need)
        self.environ["REQPI_URL"] = "https://reqpi.example.org/x"
        self.assertEqual(self.needs(document)[1], [])

    def test_what_the_server_has_is_not_needed(self) -> None:
        """By option or by variable."""
        options = ("--allow-host", "git.example.org")
        self.assertEqual(self.needs(NEEDY, *options)[1], ["--allow-host files.example.org:8443, for two"])
        self.environ["REQPI_ALLOW_HOST"] = "git.example.org files.example.org:8443"
        self.assertEqual(self.needs(NEEDY)[1], [])
        self.assertEqual(self.needs(NEEDY, "--as-server")[0], 0)

    def test_as_a_server_each_is_a_defect(self) -> None:
        """With its line, and what to write."""
        status, needs, err = self.needs(NEEDY, "--as-server")
        self.assertEqual((status, needs), (1, []))
        self.assertRegex(err, r"(?m)^requirements\.txt:2: one and three: comes from git\.example\.org, .*: one @ git")
        self.assertIn("start it with --allow-host files.example.org:8443;", err)
        self.assertTrue(err.endswith("requirements.txt: 2 defects\n"))

    def test_json(self) -> None:
        """All that the text says, and the rules."""
        self.lock.write_text(f"--pre\n{NEEDY}")
        status, out, err = self.run_reqpi("check", "--json", "requirements.txt")
        found = json.loads(out)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual((found["pins"], found["format"], found["defects"]), (4, "requirements.txt", []))
        self.assertEqual(found["address"], address_of(self.lock.read_bytes()))
        self.assertEqual([warning["line"] for warning in found["warnings"]], [1])
        self.assertEqual(
            found["needs"][0],
            {"option": "--allow-host", "value": "git.example.org", "projects": ["one", "three"], "refused": False},
        )
        status, out, _ = self.run_reqpi("check", "--json", "--as-server", "requirements.txt")
        self.assertEqual(status, 1)
        self.assertEqual([defect["rule"] for defect in json.loads(out)["defects"]], ["host-not-allowed"] * 2)

    def test_json_of_several(self) -> None:
        """A list, broken ones too."""
        (self.folder / "bad.txt").write_text("six\n")
        status, out, err = self.run_reqpi("check", "--each", "--json", "bad.txt", "requirements.txt")
        bad, good = json.loads(out)
        self.assertEqual((status, err, bad["pins"], good["pins"]), (1, "", None, 1))
        self.assertEqual([defect["rule"] for defect in bad["defects"]], ["no-version"])

    def test_quiet(self) -> None:
        """Defects alone."""
        self.lock.write_text(f"--pre\n{NEEDY}")
        self.assertEqual(self.run_reqpi("check", "-q", "requirements.txt"), (0, "", ""))
        self.lock.write_text("--pre\nsix\n")
        status, out, err = self.run_reqpi("check", "-q", "requirements.txt")
        self.assertEqual((status, out, err.count("defect")), (1, "", 1))

    def test_options_that_make_no_sense(self) -> None:
        """They are usage."""
        status, _, err = self.run_reqpi("check", "--allow-host", "https://x", "requirements.txt")
        self.assertEqual(status, 2)
        self.assertNotIn("Traceback", err)
