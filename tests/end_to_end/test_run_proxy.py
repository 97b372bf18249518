"""Programs behind ``reqpi run`` that ask for original URLs. ``test_sealed_clients`` has those with a lock of URLs."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.clients import Done, environment
from tests.end_to_end.run_proxy_case import HOST, RunProxyCase

pytestmark = pytest.mark.clients


class PipProxyTests(RunProxyCase):
    """pip asks an index that is named on its command line."""

    def pip(self, lock: str, *words: object) -> Done:
        pip = environment("pip", "pip") / "pip"
        return self.run_behind(lock, pip, "install", "--no-cache-dir", "--target", "got", *words)

    def test_pip_may_name_the_index_by_its_original_url(self) -> None:
        """The page there has the original URLs, and only what the lock pins."""
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\nmid==1.5 --hash=sha256:{self.mid.sha256}\n")
        done = self.pip("lock.txt", "--index-url", f"https://{HOST}/simple/", "top")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)
        self.assert_only_reqpi_asked_outside()
        done = self.pip("lock.txt", "--index-url", f"https://{HOST}/simple/", "other")
        self.assertNotEqual(done.status, 0)
        self.assertIn("other==1.0", done.said)


class OtherProgramsTests(RunProxyCase):
    """Programs that ask for things that no lock of Python packages has."""

    def test_a_program_that_asks_another_host_is_refused_and_named(self) -> None:
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\n")
        program = (
            "import urllib.request as r, urllib.error as e\n"
            "asked = r.Request('https://crates-index.example/config.json', headers={'User-Agent': 'cargo/1.95.0'})\n"
            "try:\n    r.urlopen(asked)\nexcept e.HTTPError as error:\n"
            "    print(error.code, error.headers['X-ReqPI-Refused'], error.read().decode())\n"
        )
        done = self.run_behind("lock.txt", sys.executable, "-c", program)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("403 crates-index.example: not in this lock", done.said)
        self.assertIn("# reqpi: crates-index.example was asked by cargo: not in this lock\n", done.said)
        self.assertTrue(done.said.endswith("reqpi: 0 files taken, 1 refused\n"), done.said)

    def test_strict_fails_for_a_refusal_and_for_a_command_that_asks_nothing(self) -> None:
        """A command that fails by itself keeps its own status."""
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\n")
        ask = "import urllib.request as r\ntry:\n    r.urlopen('https://other.example/')\nexcept OSError:\n    pass"
        for command, status in (((sys.executable, "-c", ask), 10), (("true",), 10), (("false",), 1)):
            done = self.run_behind("lock.txt", *command, options=("--strict",))
            self.assertEqual(done.status, status, done.said)
        self.assertEqual(self.run_behind("lock.txt", "true").status, 0)

    def test_a_host_that_the_user_names_is_reached_through_the_own_proxy(self) -> None:
        """The bytes pass unchanged, and the host shows its own certificate; another host and port stay refused."""
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\n")
        ask = (
            "import urllib.request as r, urllib.error as e\n"
            "for url in ('https://api.example.org/simple/', 'https://api.example.org:8443/', 'https://b.example.org/'):\n"
            "    try:\n        print(r.urlopen(url).status)\n"
            "    except e.HTTPError as error:\n        print(error.code)\n"
        )
        self.outside.ports["api.example.org:443"] = self.outside.ports[f"{HOST}:443"]
        command = (sys.executable, "-c", ask)
        done = self.run_behind("lock.txt", *command, options=("--pass", "api.example.org"))
        self.assertEqual(done.said.split("#")[0], "200\n403\n403\n", done.said)
        self.assertIn("CONNECT api.example.org:443 HTTP/1.1", self.outside.asked())
        self.assertNotIn("CONNECT b.example.org:443 HTTP/1.1", self.outside.asked())
        done = self.run_behind("lock.txt", *command, options=("--pass", "https://api.example.org/"))
        self.assertEqual(done.status, 2, done.said)
        self.assertIn("Write HOST or HOST:PORT", done.said)

    def test_the_json_api_describes_a_pinned_release(self) -> None:
        """With the requirements that poetry resolves with, and the original URL and digest of each file."""
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\n")
        self.upstream.wheel("top", "2.0")
        ask = (
            "import json, urllib.request as r, urllib.error as e\n"
            f"for path in ('top/json', 'top/1.0/json', 'top/2.0/json', 'other/json'):\n"
            "    try:\n"
            f"        found = json.load(r.urlopen('https://{HOST}/pypi/' + path))\n"
            "        print(json.dumps([found['info'][name] for name in ('name', 'version', 'requires_dist')]))\n"
            "        print(*[(f['url'], f['digests']['sha256']) for f in found['urls']][0], list(found['releases']))\n"
            "    except e.HTTPError as error:\n        print(error.code)\n"
        )
        done = self.run_behind("lock.txt", sys.executable, "-c", ask)
        facts = f'["top", "1.0", ["mid>=1"]]\n{self.url(self.top)} {self.top.sha256} [\'1.0\']\n'
        self.assertEqual(done.said.split("#")[0], f"{facts}{facts}403\n410\n", done.said)
        self.assert_only_reqpi_asked_outside()
