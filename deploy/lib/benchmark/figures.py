"""Figures as they are measured: rounds, their median and spread, ratios of rounds that ran beside each other, and tables."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once per round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a share of the median."""
        return (max(self.rounds) - min(self.rounds)) / abs(self.median) if self.median else 0.0

    @property
    def total(self) -> float:
        return sum(self.rounds)

    def paired(self, other: "Figure", combine: Callable[[float, float], float]) -> "Figure":
        """Combines round with round: what slows the machine for a minute slows both, and cancels out."""
        return Figure(tuple(combine(mine, theirs) for mine, theirs in zip(self.rounds, other.rounds)))

    def ratio(self, base: "Figure") -> "Figure":
        return self.paired(base, lambda mine, theirs: mine / theirs if theirs else 0.0)

    def difference(self, base: "Figure") -> "Figure":
        return self.paired(base, lambda mine, theirs: mine - theirs)

    def plus(self, other: "Figure") -> "Figure":
        return self.paired(other, lambda mine, theirs: mine + theirs)

    def as_json(self) -> dict[str, object]:
        return {"median": self.median, "spread": self.spread, "rounds": list(self.rounds)}


def combined(rounds: Sequence[dict[str, float]]) -> dict[str, Figure]:
    """The figures of rounds that each measured the same quantities."""
    return {name: Figure(tuple(row[name] for row in rounds)) for name in rounds[0]}


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y grows per unit of x, by least squares; 0 of fewer than two points."""
    if len(points) < 2:
        return 0.0
    middle_x = statistics.fmean(x for x, _ in points)
    middle_y = statistics.fmean(y for _, y in points)
    width = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / width if width else 0.0


@dataclass
class Row:
    """One contender, or one step of growing work, with its figures by name."""

    id: str
    title: str
    figures: dict[str, Figure]


@dataclass
class Table:
    """Rows to be read beside each other.

    `shown` are the figures that become columns; `charted` is the one the chart draws.
    """

    id: str
    title: str
    shown: list[str]
    charted: str
    rows: list[Row] = field(default_factory=list)

    def row(self, identifier: str) -> Row | None:
        return next((row for row in self.rows if row.id == identifier), None)

    def add_ratio(self, name: str, of: str, base: str) -> None:
        """Gives each row the ratio of a figure to that of the row `base`."""
        self._add(name, of, base, Figure.ratio)

    def add_difference(self, name: str, of: str, base: str) -> None:
        self._add(name, of, base, Figure.difference)

    def _add(self, name: str, of: str, base: str, combine: Callable[[Figure, Figure], Figure]) -> None:
        found = self.row(base)
        if found is None:
            return
        for row in self.rows:
            row.figures[name] = combine(row.figures[of], found.figures[of])


@dataclass
class Lines:
    """A chart over time: named series of points."""

    id: str
    title: str
    unit: str
    series: dict[str, list[tuple[float, float]]]


@dataclass
class Scenario:
    """What one scenario found."""

    title: str
    tables: list[Table] = field(default_factory=list)
    lines: list[Lines] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, table: str, row: str, name: str) -> Figure | None:
        for candidate in self.tables:
            if candidate.id == table:
                found = candidate.row(row)
                return found.figures.get(name) if found else None
        return None

    def as_json(self) -> dict[str, object]:
        return {
            "title": self.title,
            "notes": self.notes,
            "tables": {
                table.id: {
                    "title": table.title,
                    "rows": {
                        row.id: {"title": row.title} | {name: figure.as_json() for name, figure in row.figures.items()}
                        for row in table.rows
                    },
                }
                for table in self.tables
            },
            "lines": {line.id: {"title": line.title, "unit": line.unit, "series": line.series} for line in self.lines},
        }
