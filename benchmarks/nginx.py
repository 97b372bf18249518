"""nginx as the upstream of all servers, and as the measure of ReqPI: it serves the same responses from disk."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.asking import get
from benchmarks.machine import SERVER_CORE
from benchmarks.processes import Process, free_port, run
from benchmarks.tools import program

__all__ = ["Certificate", "Nginx", "certificate", "mirror"]

_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    access_log {access};
    sendfile on; tcp_nopush on; tcp_nodelay on; server_tokens off;
    keepalive_requests 100000000; keepalive_timeout 600s;
    open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    types {{ "text/html; charset=utf-8" html; application/vnd.pypi.simple.v1+json json; }}
    default_type application/octet-stream;
    map $http_accept $form {{ default html; "~application/vnd\\.pypi\\.simple\\.v1\\+json" json; }}
    server {{
        listen 127.0.0.1:{port};
        {tls}
        root {tree};
        location ~ /$ {{ gzip_static on; try_files ${{uri}}index.$form =404; {headers} }}
        location / {{ add_header Cache-Control "public, max-age=31536000, immutable"; }}
    }}
}}
"""

_OWN = {
    "server",
    "date",
    "content-type",
    "content-length",
    "etag",
    "last-modified",
    "accept-ranges",
    "connection",
    "content-encoding",
    "transfer-encoding",
}
"""Headers that nginx sets itself."""


class Certificate(NamedTuple):
    """The paths of a key and of a self-signed certificate for loopback, in PEM."""

    key: Path
    certificate: Path


class Nginx(Process):
    """An nginx with one worker that serves a folder.

    :param folder: for its configuration, its logs and its temporary files.
    :param tree: the folder that it serves.
    :param log: write each access to a log, several lines at a time as ReqPI does.
    :param headers: additional headers of pages.
    :param tls: listen for TLS too, on a port of its own.
    :ivar url: the URL without a slash at the end; ``tls_url`` is the one for TLS.
    """

    def __init__(
        self,
        folder: Path,
        tree: Path,
        *,
        log: bool = True,
        headers: Mapping[str, str] | None = None,
        tls: Certificate | None = None,
        core: int | None = SERVER_CORE,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port, secure = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{secure}"
        extra = " ".join(f'add_header {name} "{value}";' for name, value in (headers or {}).items())
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                user="user root;" if os.geteuid() == 0 else "",
                folder=folder,
                access=f"{folder}/access.log combined buffer=64k flush=200ms" if log else "off",
                port=port,
                tree=tree,
                headers=extra,
                tls=f"listen 127.0.0.1:{secure} ssl; ssl_certificate {tls.certificate}; ssl_certificate_key {tls.key};"
                if tls
                else "",
            )
        )
        command = [program("nginx"), "-e", folder / "error.log", "-p", folder, "-c", configuration]
        (tree / "ready").write_bytes(b"")
        super().__init__(command, lambda: get(f"{self.url}/ready"), folder / "output.log", core)


def certificate(work: Path) -> Certificate:
    """Return the certificate for loopback, which is made once and kept in ``work``."""
    made = Certificate(work / "key.pem", work / "certificate.pem")
    if not made.certificate.exists():
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "3650"]
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run([program("openssl"), "req", *kind, *subject, "-keyout", made.key, "-out", made.certificate], work)
    return made


def mirror(tree: Path, index: str, pages: Iterable[str], files: Mapping[str, Path]) -> dict[str, str]:
    """Write the responses of a server as files, under the paths that they have on it.

    :param tree: the folder to write into.
    :param index: the URL of its index, with a slash at the end.
    :param pages: the projects whose pages are copied.
    :param files: the path of each file on this machine, by ``project/filename``; files are linked, not copied.
    :returns: the headers of its pages that nginx does not set itself.
    """
    headers: dict[str, str] = {}
    root = tree / index.split("/", 3)[3]
    for project in pages:
        folder = root / project
        folder.mkdir(parents=True, exist_ok=True)
        for name, accept in (("index.html", "text/html"), ("index.json", "application/vnd.pypi.simple.v1+json")):
            answer = get(f"{index}{project}/", {"Accept": accept})
            (folder / name).write_bytes(answer.body)
            (folder / f"{name}.gz").write_bytes(gzip.compress(answer.body, 9, mtime=0))
            headers = {key: value for key, value in answer.headers.items() if key.lower() not in _OWN}
    for path, source in files.items():
        for suffix in ("", ".metadata"):
            if not Path(f"{source}{suffix}").exists():
                continue
            linked = root / f"{path}{suffix}"
            linked.parent.mkdir(parents=True, exist_ok=True)
            linked.unlink(missing_ok=True)
            linked.symlink_to(f"{source}{suffix}")
    return headers
