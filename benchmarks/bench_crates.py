"""The time to fetch the crates of an sdist, compared with ``cargo vendor`` against the same registry.

``python -m benchmarks.bench_crates [CRATES]`` makes a registry on loopback with CRATES crates (300 by default) of 30
KB, reached over a line that takes 15 ms in each direction, and an sdist whose Cargo.lock names all of them. In several
rounds, each with empty caches, it runs ``cargo vendor`` and ``reqpi fetch``, which unpack the crates, and ``reqpi fetch
--crates-layout local-registry``. It prints the median time of each, its share of that of ``cargo vendor``, and its
processor time. The registry and the line are in the process of the benchmark, and take processor time too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from tests.crates_registry import MadeCrate, SparseRegistry, build_crate
from tests.fake_upstream import Upstream
from tests.rust_sdists import cargo_lock, maturin_sdist
from tests.slow_line import SlowLine

ROOT = Path(__file__).parents[1]
_ROUNDS = 3
_ONE_WAY = 0.015
_SIZE = 30_000


def made(number: int) -> list[MadeCrate]:
    """Return crates, the first of which needs all others."""
    random = Random(1)
    rest = [build_crate(f"made-{i:04}", "1.0.0", files={"data.bin": random.randbytes(_SIZE)}) for i in range(1, number)]
    return [build_crate("made-0000", "1.0.0", {crate.name: "1" for crate in rest}), *rest]


def main() -> None:
    """Measure, and print the figures."""
    crates = made(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    with SparseRegistry(*crates) as registry, Upstream() as upstream, tempfile.TemporaryDirectory() as place:
        line = SlowLine(urlsplit(registry.url).port or 0, _ONE_WAY)
        origin = f"http://127.0.0.1:{line.port}"
        registry.configuration["dl"] = f"{origin}/crates/{{crate}}-{{version}}.crate"
        sdist = upstream.add(maturin_sdist(crates=crates))
        folder = Path(place)
        (folder / "requirements.txt").write_text(f"shout==1.0 --hash=sha256:{sdist.sha256}\n")
        project(folder / "project", crates, origin)
        fetch = [sys.executable, "-m", "reqpi", "fetch", "-q", "requirements.txt", "--upstream", upstream.url]
        fetch += ["--crates", f"{origin}/index/"]
        ways = {
            "cargo vendor": lambda new: run(
                ["cargo", "vendor", "--locked", "--versioned-dirs", "--respect-source-config", str(new / "vendor")],
                folder / "project",
                CARGO_HOME=str(cargo_home(new / "home", origin)),
            ),
            "reqpi fetch": lambda new: run([*fetch, "-o", str(new / "out")], folder, XDG_CACHE_HOME=str(new / "cache")),
            "reqpi fetch --crates-layout local-registry": lambda new: run(
                [*fetch, "-o", str(new / "out"), "--crates-layout", "local-registry"],
                folder,
                XDG_CACHE_HOME=str(new / "cache"),
            ),
        }
        report(measured(ways, folder))
        line.close()


def measured(ways: dict[str, Callable[[Path], float]], folder: Path) -> dict[str, list[float]]:
    """Return the seconds of each way, in rounds, each with a new folder."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            times[name].append(way(Path(tempfile.mkdtemp(dir=folder))))
    return times


def report(times: dict[str, list[float]]) -> None:
    """Print the medians, and their shares of the first one."""
    medians = {name: statistics.median(each) for name, each in times.items()}
    first = next(iter(medians.values()))
    for name, seconds in medians.items():
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        print(f"{name}: {seconds:.2f} s ({spread}), {seconds / first:.0%}")


def project(folder: Path, crates: Sequence[MadeCrate], origin: str) -> None:
    """Write the project that ``cargo vendor`` reads."""
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.rs").write_text("fn main() {}\n")
    manifest = '[package]\nname = "shout"\nversion = "1.0.0"\n\n[dependencies]\nmade-0000 = "1"\n'
    (folder / "Cargo.toml").write_text(manifest)
    (folder / "Cargo.lock").write_text(cargo_lock("shout", "1.0.0", crates))


def cargo_home(folder: Path, origin: str) -> Path:
    """Write a ``CARGO_HOME`` with the registry in place of the default one."""
    folder.mkdir()
    config = f'[source.crates-io]\nreplace-with = "r"\n[source.r]\nregistry = "sparse+{origin}/index/"\n'
    (folder / "config.toml").write_text(config)
    return folder


def run(command: Sequence[str], folder: Path, **environ: str) -> float:
    """Return the seconds that a command takes."""
    began = time.monotonic()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "CARGO_"))}
    subprocess.run(
        command, cwd=folder, env=inherited | {"PYTHONPATH": str(ROOT)} | environ, check=True, capture_output=True
    )
    return time.monotonic() - began


if __name__ == "__main__":
    main()
