"""Pictures of the results. This program runs in an environment that has only matplotlib, so it imports no other module.

``python plots.py FOLDER < plots.json`` reads a list of :class:`benchmarks.outcomes.Plot`, each as a JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found]  # in an environment of its own

mpl.use("Agg")
from matplotlib import pyplot  # the backend must be chosen before this import

_OURS, _OTHERS = "#1f6f8b", "#b8c4c9"


def main() -> None:
    """Draw each plot into the folder."""
    folder = Path(sys.argv[1])
    for plot in json.load(sys.stdin):
        figure, axes = pyplot.subplots(figsize=(7, 3.5), dpi=90, layout="constrained")
        {"bars": _bars, "curve": _curve}[plot["kind"]](axes, plot)
        axes.set_title(plot["title"], fontsize="medium")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(folder / f"{plot['name']}.png", metadata={"Software": None})
        pyplot.close(figure)


def _bars(axes: Any, plot: dict[str, Any]) -> None:
    """Draw bars, each with a line from its minimum to its maximum, on a logarithmic scale if the values differ much."""
    names = [series["name"] for series in plot["series"]]
    points = [series["points"][0] for series in plot["series"]]
    values = [point[1] for point in points]
    spread = [[point[1] - point[2] for point in points], [point[3] - point[1] for point in points]]
    colours = [_OURS if name.startswith("ReqPI") else _OTHERS for name in names]
    bars = axes.barh(names, values, xerr=spread, color=colours, ecolor="#55606a", capsize=3)
    axes.bar_label(bars, [f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in values], padding=6)
    axes.set_xlabel(plot["y"])
    axes.invert_yaxis()
    if min(values) > 0 and max(values) / min(values) > 50:
        axes.set_xscale("log")
        axes.set_xlabel(f"{plot['y']} (logarithmic)")
    axes.margins(x=0.15)


def _curve(axes: Any, plot: dict[str, Any]) -> None:
    for series, colour in zip(plot["series"], _colours(plot), strict=True):
        xs, middles, least, most = zip(*series["points"], strict=True)
        axes.plot(xs, middles, marker="o", label=series["name"], color=colour)
        axes.fill_between(xs, least, most, alpha=0.2, color=colour)
    axes.set_xscale("log")
    axes.set_xticks(xs, [f"{x:,}" for x in xs])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"{plot['x']} (logarithmic)")
    axes.set_ylabel(plot["y"])
    axes.legend(frameon=False)


def _colours(plot: dict[str, Any]) -> list[str]:
    others = iter(["#8a979e", "#c9813d", "#6b8e4e"])
    return [_OURS if series["name"].startswith("ReqPI") else next(others) for series in plot["series"]]


if __name__ == "__main__":
    main()
