"""What was served is served again, when the upstream is gone and the server was restarted."""

from __future__ import annotations

import json
from signal import SIGTERM

from tests.end_to_end.case import LOCK, EndToEnd
from tests.fake_upstream.faults import Status
from tests.fake_upstream.pages import JSON

MACHINES = {"Accept": JSON}


class OutageTests(EndToEnd):
    """Byte for byte."""

    def everything(self, index: str) -> dict[str, bytes]:
        """All that a client can fetch under an address."""
        place = index.removesuffix("simple/").removeprefix(self.server.url)
        paths = [f"{place}{name}" for name in ("simple/", "lock", "requirements.txt?index=none")]
        for project in ("top", "mid", "source"):
            filename = self.files[project].filename
            paths += [f"{place}simple/{project}/", f"{place}simple/{project}/{filename}"]
            paths += [f"{place}simple/{project}/{filename}.metadata"] if filename.endswith(".whl") else []
        found = {}
        for path in paths:
            for form, headers in (("", {}), (" as JSON", MACHINES)):
                response, body = self.get(self.server.url + path, **headers)
                self.assertEqual(response.status, 200, f"{path}: {body!r}")
                found[path + form] = body
        return found

    def test_everything_is_served_again_without_an_upstream(self) -> None:
        """Whether it is offline by option, or finds its upstream gone."""
        index = self.committed()
        before = self.everything(index)
        self.assertEqual(before[self.path("top", index)], self.files["top"].content)
        # Twisted lets the signal that stopped it end the process too, once everything was shut down.
        self.assertEqual(self.server.stop(), -SIGTERM)
        self.assertIn("stopped", self.server.log[-1])
        self.upstream.close()
        for options in (("--upstream", self.upstream.url), ("--offline",)):
            self.server = self.started(*options)
            self.assertEqual(self.everything(index.replace(index.split("/")[2], self.server.url[7:])), before)
            self.server.stop()

    def test_what_upstream_adds_later_stays_invisible(self) -> None:
        """The page was frozen at first sight, and upstream is not asked again."""
        index = self.committed()
        before = self.everything(index)
        self.upstream.wheel("top", "1.0", tag="py2.py3-none-any")
        self.upstream.remove(self.files["mid"])
        self.upstream.forget()
        self.assertEqual(self.everything(index), before)
        self.assertEqual(self.upstream.asked(), [])

    def test_what_is_missing_is_named(self) -> None:
        """In a 503, for people and for programs: a page, a file of one that was seen, its metadata."""
        self.upstream.fail("/simple/mid/", Status(500))  # or it is looked up ahead
        address = json.loads(self.post(f"{self.server.url}/locks", LOCK.encode())[1])["address"]
        index = f"{self.server.url}/{address}/simple/"
        self.assertEqual(self.get(f"{index}top/")[0].status, 200)
        self.server.stop()
        self.upstream.close()
        filename = self.files["top"].filename
        wanted = {"mid/": "mid", f"top/{filename}": filename, f"top/{filename}.metadata": f"{filename}.metadata"}
        for options in (("--upstream", self.upstream.url), ("--offline",)):
            self.server = self.started(*options)
            for path, missing in wanted.items():
                url = index.replace(index.split("/")[2], self.server.url[7:]) + path
                response, body = self.get(url)
                problem = json.loads(body)
                self.assertEqual((response.status, response.headers["Retry-After"]), (503, "2"), problem)
                self.assertEqual(problem["missing"], missing, problem)
                self.assertIn(f"{missing} is not in the store", f"{problem['title']} {problem['detail']}")
            self.server.stop()

    def path(self, project: str, index: str) -> str:
        return f"{index.removeprefix(self.server.url)}{project}/{self.files[project].filename}"
