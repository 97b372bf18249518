"""Draw the SVG pictures of the documentation from the texts next to this file.

    python docs/drawings/draw.py            # writes each NAME.svg that NAME.txt describes
    python docs/drawings/draw.py --check    # writes nothing; status 1 if a picture is not what its text says

A text has one thing a line:

    size COLUMNS ROWS
    box ID COLUMN ROW [WIDTH] TITLE | more lines of text
    arrow FROM TO [dashed] LABEL            # from the middle of one side to the middle of the nearest other
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
CELL_WIDTH, CELL_HEIGHT = 220, 112
BOX_WIDTH, BOX_HEIGHT = 160, 62

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">
<style>
  text {{ font: 14px system-ui, sans-serif; fill: #1b1f24; text-anchor: middle; }}
  .title {{ font-weight: 600; }}
  .more, .label {{ font-size: 12px; fill: #57606a; }}
  .label {{ paint-order: stroke; stroke: #fff; stroke-width: 5px; }}
  rect {{ fill: #f6f8fa; stroke: #57606a; }}
  path {{ fill: none; stroke: #57606a; stroke-width: 1.5; }}
  .dashed {{ stroke-dasharray: 5 4; }}
  .head {{ fill: #57606a; stroke: none; }}
  .ground {{ fill: #fff; stroke: none; }}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="ground" width="{width}" height="{height}"/>
"""


@dataclass(frozen=True)
class Box:
    """A box in a picture; the position is that of its middle, in pixels."""

    x: float
    y: float
    width: float
    lines: tuple[str, ...]

    def svg(self) -> str:
        """Return the box and its text."""
        top = self.y - BOX_HEIGHT / 2
        first = self.y + 5 - 9 * (len(self.lines) - 1)
        texts = "".join(
            f'<text class="{_css(number)}" x="{self.x:g}" y="{first + 18 * number:g}">{escape(line)}</text>\n'
            for number, line in enumerate(self.lines)
        )
        left = self.x - self.width / 2
        return f'<rect x="{left:g}" y="{top:g}" width="{self.width:g}" height="{BOX_HEIGHT}" rx="6"/>\n{texts}'

    def side_towards(self, other: Box) -> tuple[float, float]:
        """Return the middle of the side that faces ``other``."""
        left = max(self.x - self.width / 2, other.x - other.width / 2)
        right = min(self.x + self.width / 2, other.x + other.width / 2)
        if left >= right:
            return self.x + (self.width / 2 if other.x > self.x else -self.width / 2), self.y
        return (left + right) / 2, self.y + (BOX_HEIGHT / 2 if other.y > self.y else -BOX_HEIGHT / 2)


def _css(line: int) -> str:
    return "more" if line else "title"


def arrow(start: Box, end: Box, label: str, *, dashed: bool) -> str:
    """Return an arrow between two boxes, its label at the middle."""
    x1, y1 = start.side_towards(end)
    x2, y2 = end.side_towards(start)
    middle, height = (x1 + x2) / 2, (y1 + y2) / 2
    css = ' class="dashed"' if dashed else ""
    parts = [f'<path{css} marker-end="url(#head)" d="M{x1:g} {y1:g} {x2:g} {y2:g}"/>\n']
    lines = label.split(" | ") if label else []
    lift = -8 - 14 * (len(lines) - 1) if y1 == y2 else 4 - 7 * (len(lines) - 1)
    parts += [
        f'<text class="label" x="{middle:g}" y="{height + lift + 14 * number:g}">{escape(line)}</text>\n'
        for number, line in enumerate(lines)
    ]
    return "".join(parts)


def drawn(text: str, label: str) -> str:
    """Return the SVG of a picture.

    :param label: what a screen reader says in place of it.
    """
    boxes: dict[str, Box] = {}
    arrows: list[str] = []
    size = (1.0, 1.0)
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        kind, *words = line.split()
        if kind == "size":
            size = float(words[0]), float(words[1])
        elif kind == "box":
            name, column, row, *rest = words
            width = float(rest.pop(0)) if rest[0].replace(".", "").isdigit() else 1.0
            x, y = (float(column) + width / 2) * CELL_WIDTH, (float(row) + 0.5) * CELL_HEIGHT
            pixels = width * CELL_WIDTH - (CELL_WIDTH - BOX_WIDTH)
            boxes[name] = Box(x, y, pixels, tuple(part.strip() for part in " ".join(rest).split("|")))
        elif kind == "arrow":
            dashed = len(words) > 2 and words[2] == "dashed"
            arrows.append(arrow(boxes[words[0]], boxes[words[1]], " ".join(words[3 if dashed else 2 :]), dashed=dashed))
        else:
            raise SystemExit(f"{line!r} is neither size, box nor arrow")
    head = HEAD.format(width=f"{size[0] * CELL_WIDTH:g}", height=f"{size[1] * CELL_HEIGHT:g}", label=escape(label))
    return head + "".join(box.svg() for box in boxes.values()) + "".join(arrows) + "</svg>\n"


def main(arguments: list[str]) -> int:
    """Write the pictures, or check that they are what their texts say."""
    stale = []
    for source in sorted(HERE.glob("*.txt")):
        text = source.read_text("utf-8")
        label = text.splitlines()[0].removeprefix("#").strip()
        picture, target = drawn(text, label), source.with_suffix(".svg")
        if "--check" not in arguments:
            target.write_text(picture, "utf-8")
        elif not target.exists() or target.read_text("utf-8") != picture:
            stale.append(target.name)
    for name in stale:
        print(f"{name} is not what its text says: run python docs/drawings/draw.py", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
