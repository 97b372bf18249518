"""What an operator sees of a server: its metrics, its health and its state, and nothing that a client chose."""

from __future__ import annotations

import re
from typing import Any

import treq
from attrs import evolve
from prometheus_client.parser import text_string_to_metric_families
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers

from reqpi import __version__
from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Incoming
from reqpi.server.metrics import METRICS, MetricKind
from reqpi.server.server import Server
from reqpi.server.settings import Settings
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

LOOPBACK = "tcp:0:interface=127.0.0.1"
SDIST = "six-1.0.tar.gz"


class FullStore(MemoryStore):
    """A store on a disk that may be full."""

    is_full = False

    async def begin(self) -> Incoming:
        if self.is_full:
            raise StoreTrouble("no space")
        return await super().begin()


class OperatedCase(TestCase):
    """A server with ``--metrics``, and a client."""

    settings = Settings(listen=(LOOPBACK,), metrics=LOOPBACK)

    async def setUp(self) -> None:
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(a_file(SDIST, b"six", size=3)), b"six")
        self.store = FullStore()
        self.server = Server(self.settings, reactor, self.store, self.upstream)
        self.client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False)))
        self.server.startService()
        await self.server.ready
        metrics: Any = self.server.metrics
        self.apart = f"http://127.0.0.1:{metrics.address.port}"

    async def tearDown(self) -> None:
        await self.server.stopService()

    async def get(self, url: str, **headers: str) -> tuple[int, str]:
        response = await self.client.get(url, headers=Headers({name: [value] for name, value in headers.items()}))
        return response.code, (await treq.content(response)).decode()

    async def public(self, path: str, **headers: str) -> int:
        status, _ = await self.get(f"{self.server.url}{path}", **headers)
        return status

    async def exposition(self) -> str:
        status, text = await self.get(f"{self.apart}/metrics")
        self.assertEqual(status, 200)
        return text

    async def value(self, name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(await self.exposition()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        raise KeyError(name, labels)

    async def committed(self) -> str:
        response = await self.client.post(f"{self.server.url}/locks", b"six==1.0\n")
        return str((await treq.json_content(response))["address"])


class MetricsTests(OperatedCase):
    """The numbers are those of what happened."""

    async def test_requests_are_counted_by_route_and_status_in_both_ways(self) -> None:
        """The first answer for a page comes from the ordinary stack, the others from the fast path."""
        address = await self.committed()
        for _ in range(3):
            self.assertEqual(await self.public(f"/{address}/simple/six/"), 200)
        self.assertEqual(await self.public(f"/{address}/simple/six/{SDIST}"), 200)
        self.assertEqual(await self.public(f"/{address}/simple/seven/"), 410)
        self.assertEqual(await self.value("reqpi_requests_total", route="page", status="200"), 3)
        self.assertEqual(await self.value("reqpi_requests_total", route="file", status="200"), 1)
        self.assertEqual(await self.value("reqpi_requests_total", route="page", status="410"), 1)
        self.assertEqual(await self.value("reqpi_requests_total", route="locks", status="201"), 1)
        self.assertEqual(await self.value("reqpi_response_bytes_total", route="file"), 3)
        self.assertEqual(await self.value("reqpi_problems_total", type="not-admitted"), 1)
        self.assertEqual(await self.value("reqpi_commits_total", lock="new"), 1)
        buckets = {"route": "file", "status": "200"}
        self.assertEqual(await self.value("reqpi_request_duration_seconds_count", **buckets), 1)

    async def test_downloads_are_counted_by_their_outcome(self) -> None:
        address = await self.committed()
        await self.public(f"/{address}/simple/six/{SDIST}")
        self.assertEqual(await self.value("reqpi_downloads_total", outcome="kept"), 1)
        self.assertEqual(await self.value("reqpi_downloaded_bytes_total"), 3)

    async def test_wrong_bytes_are_counted(self) -> None:
        """This is the alarm."""
        self.assertEqual(await self.value("reqpi_downloads_total", outcome="wrong"), 0)
        address = await self.committed()
        self.upstream.files = dict.fromkeys(self.upstream.files, b"sax")
        self.assertEqual(await self.public(f"/{address}/simple/six/{SDIST}"), 503)
        self.assertEqual(await self.value("reqpi_downloads_total", outcome="wrong"), 1)

    async def test_the_size_of_the_store_is_measured(self) -> None:
        address = await self.committed()
        await self.public(f"/{address}/simple/six/{SDIST}")
        await self.server.readings.store.measure()
        self.assertEqual(await self.value("reqpi_store_files"), 1)
        self.assertGreater(await self.value("reqpi_store_bytes"), 3)

    async def test_a_refusal_of_any_feature_is_shown(self) -> None:
        self.assertEqual(await self.value("reqpi_refusals_total", reason="quota"), 0)
        self.server.site.counts.refused("quota")
        self.assertEqual(await self.value("reqpi_refusals_total", reason="quota"), 1)

    async def test_the_process_and_the_reactor_are_measured(self) -> None:
        self.assertGreater(await self.value("process_resident_memory_bytes"), 0)
        self.server.readings.counts.lag.observe(0.3)
        self.assertGreaterEqual(await self.value("reqpi_reactor_lag_seconds_count"), 1)
        self.assertGreaterEqual(await self.value("reqpi_connections"), 0)

    async def test_clients_cannot_read_them(self) -> None:
        """They are on a port of their own."""
        self.assertEqual(await self.public("/metrics"), 404)

    async def test_a_page_in_a_browser_cannot_read_them(self) -> None:
        """It would have its own name lead to loopback."""
        self.assertEqual((await self.get(f"{self.apart}/metrics", Host="evil.example.org"))[0], 421)

    async def test_each_metric_is_there(self) -> None:
        text = await self.exposition()
        named = set(re.findall(r"^# TYPE (reqpi_\w+)", text, re.MULTILINE))
        self.assertEqual(named, {metric.shown_name for metric in METRICS})

    async def test_names_have_the_units_and_suffixes_of_prometheus(self) -> None:
        for metric in METRICS:
            self.assertNotRegex(metric.name, "_total$|_(ms|millis|kb|mb)")
            self.assertEqual("seconds" in metric.name, metric.name.endswith("_seconds"), metric.name)
            if metric.kind is MetricKind.HISTOGRAM:
                self.assertTrue(metric.name.endswith("_seconds"))


class HostileLabelTests(OperatedCase):
    """Nothing that a client or an upstream chooses is in a metric."""

    async def test_a_client_cannot_add_a_label(self) -> None:
        """It tries addresses, tokens, projects, methods and paths of any form."""
        address, secret = await self.committed(), "s3cr3tt0ken"
        before = (await self.exposition()).count("\n")
        paths = [
            f"/{address}/simple/six/",
            f"/{address}/simple/{secret}/",
            f"/{address}/{secret}",
            f"/{secret}",
            f"/{secret}/simple/six/",
            f"/learn/{secret}/simple/six/",
            f"/runs/{secret}/simple/six/{secret}.whl",
            f"/runs/{secret}/receipt",
            f"/{'f' * 64}/simple/six/",
            f"/{address}/simple/six/{secret}.tar.gz",
            f"/{address}/crates/{secret}",
            f"/{address}/files/{secret}/x",
            f"/?{secret}={address}",
            f"/%22%7D%0A{secret}%201",
        ]
        for path in paths:
            await self.public(path, Authorization=f"Bearer {secret}", Referer=secret)
        for method in ("PUT", f"X{secret.upper()}"):
            response = await self.client.request(method, f"{self.server.url}/{secret}")
            await treq.content(response)
        text = await self.exposition()
        for word in (secret, secret.upper(), address, address[:16], "f" * 64, "six", "Bearer"):
            self.assertNotIn(word, text)
        few = text.count("\n")
        for number in range(300):
            await self.public(f"/{number:064x}/simple/p{number}/f{number}.whl")
        self.assertLess((await self.exposition()).count("\n"), few + 40)
        self.assertLess(few, before + 400)


class HealthTests(OperatedCase):
    """An orchestrator gets an answer without a token, under any name, and without an upstream."""

    async def test_a_live_server_says_so_under_any_name(self) -> None:
        for path in ("/livez", "/readyz", "/version", "/livez/"):
            self.assertEqual(await self.public(path, Host="10.0.0.1:2000"), 200)
        self.assertEqual(await self.public("/", Host="10.0.0.1:2000"), 421)

    async def test_the_version_is_shown(self) -> None:
        self.assertEqual(await self.get(f"{self.server.url}/version"), (200, f'{{"version": "{__version__}"}}\n'))

    async def test_both_ports_answer(self) -> None:
        for path in ("livez", "readyz", "version"):
            self.assertEqual((await self.get(f"{self.apart}/{path}"))[0], 200)

    async def test_a_store_that_cannot_be_written_makes_it_not_ready_but_alive(self) -> None:
        self.store.is_full = True
        await self.server.readings.store.probe()
        status, body = await self.get(f"{self.server.url}/readyz")
        self.assertEqual(status, 503)
        self.assertIn("the store cannot be written", body)
        self.assertIn("urn:reqpi:not-ready", body)
        self.assertEqual(await self.public("/livez"), 200)
        self.assertEqual(await self.value("reqpi_ready"), 0)
        self.store.is_full = False
        await self.server.readings.store.probe()
        self.assertEqual(await self.public("/readyz"), 200)

    async def test_a_server_that_stops_is_not_ready(self) -> None:
        self.server.site.ending = True
        self.assertEqual((await self.get(f"{self.apart}/readyz"))[0], 503)
        self.assertEqual((await self.get(f"{self.apart}/livez"))[0], 200)

    async def test_other_methods_are_not_allowed(self) -> None:
        response = await self.client.post(f"{self.server.url}/livez", b"")
        await treq.content(response)
        self.assertEqual(response.code, 405)


class GuardedHealthTests(OperatedCase):
    """Where reading needs a token, health does not, and the state of the server needs the scope ``operate``."""

    settings = evolve(OperatedCase.settings, anonymous="none")

    async def test_only_health_is_for_everyone(self) -> None:
        for path, expected in (("/livez", 200), ("/readyz", 200), ("/version", 200), ("/", 401), ("/status", 401)):
            self.assertEqual(await self.public(path), expected, path)

    async def test_the_port_for_the_operator_shows_the_state(self) -> None:
        self.assertEqual((await self.get(f"{self.apart}/status"))[0], 200)


class StatusTests(OperatedCase):
    """``GET /status`` shows the state on one page."""

    async def test_it_has_the_store_the_upstreams_and_the_versions(self) -> None:
        address = await self.committed()
        await self.public(f"/{address}/simple/six/{SDIST}")
        self.server.readings.counts.host("index.example.org").is_up = False
        response = await self.client.get(f"{self.server.url}/status")
        found = await treq.json_content(response)
        self.assertTrue(found["ready"])
        self.assertEqual(found["versions"]["reqpi"], __version__)
        self.assertEqual(found["store"]["files"], 1)
        self.assertGreater(found["store"]["bytes"], 3)
        self.assertEqual([(host["host"], host["up"]) for host in found["upstreams"]], [("index.example.org", False)])
        self.assertEqual(found["downloads"], {"kept": 1})
        self.assertGreaterEqual(found["uptime"], 0)
