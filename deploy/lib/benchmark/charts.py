"""Draws tables as bars and lines as lines, in SVG, without a library."""

from xml.sax.saxutils import escape

from columns import COLUMNS
from figures import Lines, Row, Table

WIDTH, LABELS, VALUES = 720, 230, 90
BAR, GAP, GROUP = 18, 5, 26
OURS, THEIRS = "#2b6cb0", "#a0aec0"
COLORS = ["#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280"]


def begin(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]


def text(x: float, y: float, words: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def bars(title: str, tables: list[Table]) -> str:
    """One group of horizontal bars per table, all from zero and to one scale; a thin line spans the rounds."""
    measure = COLUMNS[tables[0].charted]
    shown = [(table, [row for row in table.rows if table.charted in row.figures]) for table in tables]
    top = max((max(row.figures[table.charted].rounds) for table, rows in shown for row in rows), default=0.0) or 1.0
    width = WIDTH - LABELS - VALUES
    parts: list[str] = []
    y = 34
    for table, rows in shown:
        parts.append(text(8, y + 12, table.title, extra=' font-weight="bold"'))
        y += GROUP
        for row in rows:
            figure = row.figures[table.charted]
            length = width * max(0.0, figure.median) / top
            fill = OURS if row.title.startswith("WonKey") or len(tables) == 1 and not has_peers(rows) else THEIRS
            low, high = (LABELS + width * max(0.0, value) / top for value in (min(figure.rounds), max(figure.rounds)))
            parts += [
                text(LABELS - 6, y + 13, row.title, "end"),
                f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{fill}"/>',
                f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}" stroke="#1a202c"/>',
                text(max(LABELS + length, high) + 5, y + 13, measure.form(figure.median)),
            ]
            y += BAR + GAP
        y += GAP
    heading = text(8, 20, f"{title}: {measure.heading}", extra=' font-weight="bold" font-size="14"')
    return "\n".join(begin(y + 4) + [heading] + parts + ["</svg>", ""])


def has_peers(rows: list[Row]) -> bool:
    return any(row.title.startswith("WonKey") for row in rows)


def lines(chart: Lines) -> str:
    """Points over time, joined, from zero."""
    height, left, right, top, bottom = 260, 70, 16, 36, 40 + 16 * len(chart.series)
    points = [point for series in chart.series.values() for point in series]
    end = max((x for x, _ in points), default=1.0) or 1.0
    peak = max((y for _, y in points), default=1.0) or 1.0
    width, depth = WIDTH - left - right, height - top - 40

    def place(x: float, y: float) -> str:
        return f"{left + width * x / end:.1f},{top + depth * (1 - y / peak):.1f}"

    parts = [text(8, 20, f"{chart.title} ({chart.unit})", extra=' font-weight="bold" font-size="14"')]
    for step in range(5):
        value = peak * step / 4
        y = top + depth * (1 - step / 4)
        parts.append(f'<line x1="{left}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(text(left - 6, y + 4, f"{value:,.0f}" if peak >= 10 else f"{value:.1f}", "end"))
    for step in range(5):
        parts.append(text(left + width * step / 4, top + depth + 16, f"{end * step / 4:.0f} s", "middle"))
    for index, (name, series) in enumerate(chart.series.items()):
        color = COLORS[index % len(COLORS)]
        path = " ".join(place(x, y) for x, y in series)
        y = top + depth + 34 + 16 * index
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>',
            f'<line x1="{left}" x2="{left + 20}" y1="{y - 4}" y2="{y - 4}" stroke="{color}" stroke-width="3"/>',
            text(left + 26, y, name),
        ]
    return "\n".join(begin(top + depth + bottom) + parts + ["</svg>", ""])
