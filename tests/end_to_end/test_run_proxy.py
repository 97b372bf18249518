"""Clients that use the URLs in their lock, behind ``reqpi run``, with the lock as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from twisted.trial.unittest import SkipTest

from tests.cli.test_run_sealed import forbidden
from tests.end_to_end.clients import Done, environment
from tests.end_to_end.run_proxy_case import HOST, RunProxyCase

pytestmark = pytest.mark.clients


class UvProxyTests(RunProxyCase):
    """uv asks no index for a lock with URLs."""

    def uv(self, lock: str, *words: object, options: tuple[str, ...] = ()) -> Done:
        uv = environment("uv", "uv") / "uv"
        self.assertTrue(Path(uv).exists())
        return self.run_behind(lock, uv, *words, options=options, UV_PYTHON=sys.executable, UV_HTTP_RETRIES="0")

    def test_uv_sync_frozen_takes_an_unchanged_lock(self) -> None:
        self.uv_lock(self.top, self.mid)
        done = self.uv("uv.lock", "sync", "--frozen")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)
        self.assertTrue(list(self.folder.glob(".venv/lib/*/site-packages/top-1.0.dist-info")))
        self.assert_only_reqpi_asked_outside()

    def test_a_sealed_uv_takes_an_unchanged_lock(self) -> None:
        """It has no network but the ways to the index and to the proxy."""
        if why := forbidden():
            raise SkipTest(why)
        self.uv_lock(self.top, self.mid)
        done = self.uv("uv.lock", "sync", "--frozen", options=("--seal", "--strict"))
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)

    def test_uv_pip_sync_takes_an_unchanged_pylock(self) -> None:
        self.pylock(self.top, self.mid)
        done = self.uv("pylock.toml", "pip", "sync", "--target", "got", "pylock.toml")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)
        self.assert_only_reqpi_asked_outside()

    def test_a_file_that_the_lock_of_the_run_lacks_is_refused_with_the_reason(self) -> None:
        """The project's own lock has another pin than the lock that ``run`` was given."""
        self.uv_lock(self.top, self.mid)
        self.write("less.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\n")
        done = self.uv("less.txt", "sync", "--frozen")
        self.assertNotEqual(done.status, 0)
        self.assertIn(f"# reqpi: {HOST} was asked by uv: not in this lock\n", done.said)
        self.assertIn("403", done.said)

    def test_wrong_bytes_do_not_arrive(self) -> None:
        """The upstream has other bytes under the name that the lock pins."""
        self.uv_lock(self.top, self.mid)
        self.upstream.wheel("mid", "1.5", files={"mid/evil.py": b"evil = True"})
        done = self.uv("uv.lock", "sync", "--frozen")
        self.assertNotEqual(done.status, 0)
        self.assertFalse(list(self.folder.rglob("evil.py")))


class PipProxyTests(RunProxyCase):
    """pip asks no index for a pylock.toml."""

    def pip(self, lock: str, *words: object) -> Done:
        pip = environment("pip", "pip") / "pip"
        return self.run_behind(lock, pip, "install", "--no-cache-dir", "--target", "got", *words)

    def test_pip_takes_an_unchanged_pylock(self) -> None:
        self.pylock(self.top, self.mid)
        done = self.pip("pylock.toml", "-r", "pylock.toml")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)
        self.assertTrue(list(self.folder.glob("got/top-1.0.dist-info")))
        self.assert_only_reqpi_asked_outside()

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


class PoetryProxyTests(RunProxyCase):
    """poetry asks the default index that is built into it, whatever the environment says."""

    def test_poetry_locks_and_installs_with_nothing_edited(self) -> None:
        """Neither the mirror plug-in nor another source is needed."""
        self.write(
            "pyproject.toml",
            '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11,<4"\ndependencies = ["top==1.0"]\n'
            "[tool.poetry]\npackage-mode = false\n",
        )
        self.write("lock.txt", f"top==1.0 --hash=sha256:{self.top.sha256}\nmid==1.5 --hash=sha256:{self.mid.sha256}\n")
        self.upstream.wheel("mid", "1.6")
        poetry = environment("poetry", "poetry>=2.1") / "poetry"
        own = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_CACHE_DIR": str(self.folder / "cache")}
        done = self.run_behind("lock.txt", poetry, "-n", "lock", **own)
        self.assertEqual(done.status, 0, done.said[-3000:])
        done = self.run_behind("poetry.lock", poetry, "-n", "sync", **own)
        self.assertEqual(done.status, 0, done.said[-3000:])
        self.assertIn("reqpi: 2 files taken, 0 refused\n", done.said)
        self.assertTrue(list(self.folder.glob(".venv/lib/*/site-packages/mid-1.5.dist-info")))
        self.assert_only_reqpi_asked_outside()
