"""The tables of docs/metrics.md, made from the tables in the code: ``python -m tests.reference_tables`` prints them."""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.runtime.counts import DOWNLOADS, REASONS
from reqpi.server.metrics import METRICS, Metric

__all__ = ["tables"]


def tables() -> Iterator[str]:
    """Yield each table."""
    yield "\n".join(
        [
            "| metric | kind | labels | meaning |",
            "| --- | --- | --- | --- |",
            *map(_row, METRICS),
        ]
    )
    for title, rows in (("outcome", DOWNLOADS), ("reason", REASONS)):
        lines = [f"| {title} | meaning |", "| --- | --- |", *(f"| `{name}` | {what} |" for name, what in rows.items())]
        yield "\n".join(lines)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{name}`" for name in metric.labels)
    return f"| `{metric.shown_name}` | {metric.kind} | {labels} | {metric.help} |"


if __name__ == "__main__":
    print("\n\n".join(tables()))
