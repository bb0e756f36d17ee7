"""The figures that have a goal, drawn as SVG from the table that `python -m benchmarks` prints: how much of its goal each one takes.

`python -m benchmarks.plot docs/benchmarks.md docs/benchmarks.svg` draws the table of a page.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

LINE = re.compile(r"^\|(?P<cells>.+)\|$", re.MULTILINE)
COLUMNS = 7
NAMES, SCALE, TOP, STEP = 380, 420, 64, 22
"""Pixels: of the names, of one whole goal, above the first row, of a row."""
MOST = 1.3
"""Goals; what takes more is cut there, and its figure stands beside it."""
COLOURS = {"met": "#1f7a4d", "missed": "#b3261e"}


@dataclass(frozen=True)
class Bar:
    """One figure.

    Args:
        name: benchmark and figure.
        shares: of the goal that median, least and greatest take; 1 is the goal itself, more is missed.
        text: figure, goal and verdict, in words.
        verdict: `met` or `missed`.
    """

    name: str
    shares: tuple[float, float, float]
    text: str
    verdict: str


def bars(table: str) -> Iterator[Bar]:
    """Those rows of a table that have a goal."""
    for found in LINE.finditer(table):
        cells = [cell.strip() for cell in found["cells"].split("|")]
        if len(cells) != COLUMNS or cells[-1] not in COLOURS:
            continue
        benchmark, figure, *values, goal, verdict = cells
        sign, bound = goal[0], _number(goal[1:])
        numbers = [_number(value) for value in values]
        middle, one, other = (_share(number, bound, sign) for number in numbers)
        text = f"{values[0]}, goal {goal}: {verdict}"
        yield Bar(f"{benchmark}: {figure}", (middle, min(one, other), max(one, other)), text, verdict)


def svg(table: str) -> str:
    """The picture."""
    rows = list(bars(table))
    width, height = NAMES + int(SCALE * MOST) + 250, TOP + STEP * len(rows) + 16
    goal = NAMES + SCALE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        ' aria-labelledby="title desc" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12">',
        '<title id="title">Benchmarks and their goals</title>',
        '<desc id="desc">Each figure that has a goal, as a bar: how much of the goal it takes. Left of the line is met.</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{NAMES}" y="24" font-size="15" font-weight="bold" fill="#1d2733">How much of its goal each figure takes</text>',
        f'<text x="{goal}" y="{TOP - 12}" text-anchor="middle" fill="#33475b">goal</text>',
        *(part for number, bar in enumerate(rows) for part in _row(bar, TOP + STEP * number)),
        f'<line x1="{goal}" y1="{TOP - 6}" x2="{goal}" y2="{height - 10}" stroke="#33475b" stroke-dasharray="4 3"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(bar: Bar, top: int) -> Iterator[str]:
    middle, least, most = (NAMES + int(SCALE * min(share, MOST)) for share in bar.shares)
    text, colour = top + 13, COLOURS[bar.verdict]
    yield f'<text x="{NAMES - 8}" y="{text}" text-anchor="end" fill="#1d2733">{escape(bar.name)}</text>'
    yield f'<rect x="{NAMES}" y="{top + 3}" width="{max(middle - NAMES, 1)}" height="13" fill="{colour}"/>'
    if most - least > 1:
        yield f'<line x1="{least}" y1="{top + 9}" x2="{most}" y2="{top + 9}" stroke="#1d2733" stroke-width="2"/>'
    beside = max(middle, most, NAMES + SCALE) + 8
    yield f'<text x="{beside}" y="{text}" fill="{colour}">{escape(bar.text)}</text>'


def _share(value: float, bound: float, sign: str) -> float:
    return value / bound if sign == "≤" else bound / max(value, 1e-9)


def _number(text: str) -> float:
    return float(text.split()[0])


def main() -> None:
    """Draw a page's table."""
    page, picture = map(Path, sys.argv[1:])
    picture.write_text(svg(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
