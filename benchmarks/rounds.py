"""Rounds, their statistics and the table: pure functions.

A round measures each arm once. Two rounds after each other take the arms in opposite order, so that neither a slow
start nor a slow drift of the machine falls on one arm alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeVar

Arm = TypeVar("Arm")
HEADER = ("benchmark", "figure", "median", "min", "max", "goal", "verdict")
WIDTHS = (9, 44, 8, 8, 8, 8, 7)
"""Characters; fixed, so that each benchmark's rows can be printed once they are known."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        figure: what it is.
        values: one a round.
        unit: `ms`, `s`, or nothing for a ratio or a number.
        goal: what it must not exceed; None: it is only shown.
        floor: what it must reach, where more is better.
        stands: the figure itself where it is not the median of the rounds' values.
    """

    figure: str
    values: Sequence[float]
    unit: str = ""
    goal: float | None = None
    stands: float | None = None
    floor: float | None = None

    @property
    def middle(self) -> float:
        """What is held against the goal."""
        return median(self.values) if self.stands is None else self.stands

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no goal."""
        if self.goal is None and self.floor is None:
            return ""
        met = (self.goal is None or self.middle <= self.goal) and (self.floor is None or self.middle >= self.floor)
        return "met" if met else "missed"

    @property
    def wanted(self) -> str:
        """The goal as the table shows it."""
        bounds = (("≤", self.goal), ("≥", self.floor))
        return " ".join(f"{sign} {_text(bound, self.unit)}" for sign, bound in bounds if bound is not None)


def interleave(arms: Sequence[Arm], rounds: int) -> Iterator[tuple[int, Arm]]:
    """Each round's number with each arm in turn; every second round in the opposite order."""
    for number in range(rounds):
        for arm in arms if number % 2 == 0 else reversed(arms):
            yield number, arm


def percentile(values: Iterable[float], percent: int) -> float:
    """The value that `percent` of 100 do not exceed; between two values it lies between them.

    Args:
        values: at least two.
        percent: 1 to 99.
    """
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def ratios(values: Sequence[float], to: Sequence[float]) -> list[float]:
    """Each round's value as a multiple of the other arm's in the same round."""
    return [value / base for value, base in zip(values, to, strict=True)]


def header() -> str:
    """The table's two first lines, in Markdown."""
    return f"{_line(HEADER)}\n{_line(['-' * width for width in WIDTHS])}"


def lines(benchmark: str, rows: Iterable[Row]) -> str:
    """The table's lines of one benchmark."""
    return "\n".join(
        _line(
            (
                benchmark,
                row.figure,
                _text(row.middle, row.unit),
                _text(min(row.values), row.unit),
                _text(max(row.values), row.unit),
                row.wanted,
                row.verdict,
            )
        )
        for row in rows
    )


def _text(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}".rstrip()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))} |"
