"""The name of a route, for the metrics: each route has one, and no path adds another."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.counts import OTHER
from reqpi.web import routes
from reqpi.web.http.route_names import route_of

ADDRESS = "0123456789abcdef" * 4


class RouteNameTests(SynchronousTestCase):
    """Names come from a table."""

    def test_every_route_has_a_name(self) -> None:
        listed = re.findall(r"^ +(?:GET|POST|DELETE) +(/\S*)", Path(routes.__file__).read_text("utf-8"), re.MULTILINE)
        self.assertGreater(len(listed), 30)
        for path in listed:
            sent = path.replace("<address>", ADDRESS).replace("<", "").replace(">", "")
            self.assertNotEqual(route_of(sent.encode()), OTHER, path)

    def test_the_index_has_four(self) -> None:
        for below, name in (
            ("", "index"),
            ("six/", "page"),
            ("six", "page"),
            ("six/six-1.0.tar.gz", "file"),
            ("six/six-1.0-py3-none-any.whl.metadata", "file-metadata"),
        ):
            self.assertEqual(route_of(f"/{ADDRESS}/simple/{below}?x=/y".encode()), name)
            self.assertEqual(route_of(f"//{ADDRESS}//simple//{below}".encode()), name)
            self.assertEqual(route_of(f"/runs/{'a' * 32}/simple/{below}".encode()), f"runs-{name}")

    def test_anything_else_is_other(self) -> None:
        for path in ("x", "*", "/x", f"/{ADDRESS[1:]}/lock", f"/{ADDRESS}/secret", "/locks/x", "/%6cocks", "/\xff\0"):
            self.assertEqual(route_of(path.encode("latin-1")), OTHER, path)
