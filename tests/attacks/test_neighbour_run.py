"""Another user of the machine, who connects to the server inside ``reqpi run`` and ``reqpi learn``; and their child."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from reqpi.core.address import address_of
from tests.cli.test_run_inside import InsideTestCase

ASK = """
import base64, http.client, os, sys
from urllib.parse import urlsplit

def ask(method, path, body=None, login=True, **headers):
    index = urlsplit(os.environ["PIP_INDEX_URL"])
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{index.username}:{index.password}".encode()).decode()
    connection = http.client.HTTPConnection(index.hostname, index.port)
    connection.request(method, path.replace("INDEX", index.path), body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()
"""
"""How the child of a command asks the server; a client of this library takes no login from a URL."""

NEIGHBOUR = """
import encodings.idna, os, socket, sys
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
host, port, *paths = sys.argv[1:]
for path in paths:
    with socket.create_connection((host, int(port)), 20) as client:
        fields = ("Host: localhost", "Content-Length: 0", "Connection: close", "", "")
        client.sendall("\\r\\n".join([f"{path} HTTP/1.1", *fields]).encode())
        print(client.makefile("rb").readline().decode().split()[1])
"""
"""What the neighbour does: as another user if this one may become one, otherwise without the password.

Another user may not read the standard library, so all of it that is needed is imported before.
"""

PAUSE = "import os, sys; print(os.environ['PIP_INDEX_URL'], flush=True); sys.stdin.read()"
"""A child that waits until its standard input ends."""


class NeighbourTests(InsideTestCase):
    def status(self, process: subprocess.Popen[str], *lines: str) -> list[str]:
        """Return the statuses that a neighbour gets for these request lines, while the command runs."""
        assert process.stdout is not None
        self.index = process.stdout.readline().strip()
        where = urlsplit(self.index)
        words = (line.replace("INDEX", where.path) for line in lines)
        asked = [sys.executable, "-c", NEIGHBOUR, str(where.hostname), str(where.port), *words]
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=240).stdout.split()

    def test_another_user_gets_nothing_from_run(self) -> None:
        """The neighbour knows the port and the path, and requests everything that there is."""
        process = self.start("run", "requirements.txt", "--", sys.executable, "-c", PAUSE)
        name = self.wheel.filename
        lines = ("GET INDEX", "GET INDEXsix/", f"GET INDEXsix/{name}", "GET /", "POST /locks", "POST /learn", "PUT /x")
        self.assertEqual(self.status(process, *lines), ["401"] * len(lines))
        out, err = process.communicate("", timeout=240)
        self.assertEqual((process.returncode, out), (0, ""))
        self.assertNotIn(str(urlsplit(self.index).password), err)

    def test_another_user_gets_nothing_from_learn(self) -> None:
        """The neighbour has even seen the token of the session."""
        process = self.start("learn", "-o", "learned.txt", "--", sys.executable, "-c", PAUSE)
        lines = ("GET INDEX", "GET INDEXsix/", "POST /learn", "POST /locks", "DELETE INDEX", "GET /")
        self.assertEqual(self.status(process, *lines), ["401"] * len(lines))
        process.communicate("", timeout=240)
        self.assertEqual(process.returncode, 0)

    def test_the_password_is_in_no_command_line_of_ours_and_differs_each_time(self) -> None:
        """The neighbour lists the processes of the machine."""
        passwords = set()
        for _ in range(2):
            process = self.start("run", "requirements.txt", "--", sys.executable, "-c", PAUSE)
            self.status(process)
            password = str(urlsplit(self.index).password)
            self.assertEqual(len(password), 32)
            passwords.add(password)
            shown = [path.read_bytes() for path in _command_lines() if path.exists()]
            self.assertFalse([line for line in shown if password.encode() in line])
            process.communicate("", timeout=240)
        self.assertEqual(len(passwords), 2)


class ChildTests(InsideTestCase):
    """The child has the password: it may take what the lock pins, and nothing else."""

    def asked(self, command: str, program: str) -> str:
        words = [command, *(["requirements.txt"] if command == "run" else ["-o", "learned.txt"])]
        status, out, err = self.run_reqpi(*words, "--", sys.executable, "-c", ASK + program)
        self.assertEqual(status, 0, err)
        return out

    def test_a_build_script_cannot_commit_a_lock_of_its_own(self) -> None:
        """The child pins what it wants, and would get it with the logins of the user."""
        other = b"idna==3.10\n"
        (self.folder / "other.txt").write_bytes(other)
        self.assertEqual(self.run_reqpi("fetch", "-o", "files", "other.txt")[0], 0)
        program = f"""
print(ask("GET", "INDEX")[0], ask("POST", "/locks", {self.document!r})[0], ask("POST", "/locks", {other!r})[0])
print(ask("GET", "/{address_of(other)}/simple/idna/")[0], ask("GET", "/{address_of(other)}/lock")[0])
print(ask("POST", "/learn", b"")[0], ask("GET", "INDEX", login=False)[0])
"""
        self.assertEqual(self.asked("run", program).split(), ["200", "200", "403", "403", "403", "404", "401"])

    def test_the_child_of_learn_has_one_session_and_no_locks(self) -> None:
        """The child begins a session that is not recorded in the lock."""
        program = """
print(ask("GET", "INDEXsix/")[0], ask("POST", "/learn", b"")[0], ask("POST", "/locks", b"idna==3.10")[0])
print(ask("GET", f"/learn/{'a' * 32}/simple/six/")[0])
"""
        self.assertEqual(self.asked("learn", program).split(), ["200", "403", "403", "410"])


def _command_lines() -> list[Path]:
    return [path / "cmdline" for path in Path("/proc").glob("[0-9]*") if path.name != str(os.getpid())]
