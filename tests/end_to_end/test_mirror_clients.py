"""Real clients install from a static tree; the server and the upstream are gone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.login_clients import CLIENTS, PINNED, LoginClient
from tests.end_to_end.mirror_case import MirrorCase

pytestmark = pytest.mark.clients

DOCUMENTED = Path(__file__).parents[2] / "docs" / "static.md"

AWS = """
import json, os, sys, uuid
options = dict(zip(sys.argv[3::2], sys.argv[4::2], strict=True))
options["--body"] = os.path.abspath(options["--body"])
os.makedirs(os.environ["OBJECTS"], exist_ok=True)
with open(os.path.join(os.environ["OBJECTS"], uuid.uuid4().hex), "w") as out:
    json.dump(options, out)
"""
"""A program that is called like the one of an object store, and writes down what it was given."""

LOCK = f"{PINNED}\ntop==1.0\nmid==1.5\nsource==3.0\n"

NAMES = ("pip", "uv", "poetry", "pdm", "pipenv")


class MirrorClientsTests(MirrorCase):
    """Each of them, with the index URL of the server, on another host."""

    def gone(self) -> None:
        """End everything but the tree."""
        self.server.stop()
        self.upstream.close()

    def test_each_client_installs_through_nginx(self) -> None:
        """A wheel, by name; the lock pins more than that."""
        address = self.mirrored(LOCK).split()[0]
        self.gone()
        self.serving()
        index = f"{self.served_at}/{address}/simple/"
        for client in CLIENTS:
            if client.name in NAMES:
                folder = self.folder / client.name
                done = self.install(client, folder, index)
                self.assertEqual(done.status, 0, (client.name, done.said))
                self.assertTrue(list(folder.rglob("lonely.py")), (client.name, done.said))

    def install(self, client: LoginClient, folder: Path, index: str) -> Done:
        """Install the wheel with a client, in a folder with nothing else."""
        folder.mkdir()
        for name, text in client.project(index, self.files["lonely"].sha256).items():
            (folder / name).write_text(text)
        if client.project(index, ""):
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
        environ = client.variables(folder, index) | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        first = run(client.words(client.first, index), folder, environ) if client.first else Done(0, "")
        return first if first.status else run(client.words(client.command, index), folder, environ)

    def test_a_project_that_the_lock_lacks_fails_with_the_words_of_the_server(self) -> None:
        """Through nginx: the status stops uv, and pip says what it got."""
        address = self.mirrored(LOCK).split()[0]
        self.gone()
        self.serving()
        index = f"{self.served_at}/{address}/simple/"
        uv = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", "install", "--target", "got", "other"]
        done = run([*uv, "--python", sys.executable, "--default-index", index], self.folder, {})
        self.assertNotEqual(done.status, 0)
        self.assertIn(f"other is not in lock {address[:8]}", done.said)

    def test_pip_and_uv_install_from_an_object_store(self) -> None:
        """The recipe of the documentation, with a program that stores objects in a folder; keys are not folders."""
        address = self.mirrored(LOCK).split()[0]
        self.gone()
        [recipe] = re.findall(r"```sh\ncd /srv/reqpi\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
        program = self.folder / "bin" / "aws"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\n{AWS}")
        program.chmod(0o755)
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        objects = self.folder / "objects"
        environ = {"PATH": path, "ADDRESS": address, "OBJECTS": str(objects)}
        subprocess.run(["sh", "-euc", recipe], cwd=self.tree, env=environ, check=True)
        url = self.object_store(objects)
        for row in self.rows(address):
            response, body = self.get(f"{url}/{quote(row[0])}")
            self.assertEqual(sha256(body).hexdigest(), row[4], row[0])
            self.assertEqual([response.headers["Content-Type"], response.headers["Cache-Control"]], row[2:4])
        for client in CLIENTS:
            if client.name in ("pip", "uv", "poetry"):
                folder = self.folder / client.name
                done = self.install(client, folder, f"{url}/{address}/simple/")
                self.assertEqual(done.status, 0, (client.name, done.said))
                self.assertTrue(list(folder.rglob("lonely.py")), (client.name, done.said))

    def object_store(self, objects: Path) -> str:
        """Serve what was stored, by key."""
        stored = [json.loads(path.read_text()) for path in objects.iterdir()]
        by_path = {f"/{quote(each['--key'])}": each for each in stored}

        class Objects(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                each = by_path.get(self.path)
                body = b"" if each is None else Path(each["--body"]).read_bytes()
                self.send_response(200 if each else 404)
                for name in ("Content-Type", "Cache-Control") if each else ():
                    self.send_header(name, each[f"--{name.lower()}"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Objects)
        Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def test_the_documented_nginx_is_the_one_that_is_tested(self) -> None:
        """It includes the two files, and its root is the folder."""
        text = DOCUMENTED.read_text("utf-8")
        for line in (
            "include /srv/reqpi/nginx.http.conf;",
            "root /srv/reqpi;",
            "include /srv/reqpi/nginx.server.conf;",
        ):
            self.assertIn(line, text)

    def test_pip_and_uv_install_from_the_folder_itself(self) -> None:
        """Without any web server."""
        address = self.mirrored(LOCK).split()[0]
        self.gone()
        index = f"{(self.tree / address).as_uri()}/simple/"
        for client in CLIENTS:
            if client.name in ("pip", "uv"):
                folder = self.folder / client.name
                done = self.install(client, folder, index)
                self.assertEqual(done.status, 0, (client.name, done.said))
                self.assertTrue(list(folder.rglob("lonely.py")), (client.name, done.said))
