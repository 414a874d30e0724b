"""Turns the figures into JSON, a Markdown page and one SVG chart per scenario."""

import json
from pathlib import Path
from xml.sax.saxutils import escape

BAR, GAP, LABELS, WIDTH = 18, 6, 190, 640


def write(directory, results, machine):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results.json").write_text(json.dumps({"machine": machine, "scenarios": results}, indent=1) + "\n")
    page = ["# Benchmark", "", machine_text(machine), ""]
    for name, scenario in results.items():
        page += [f"## {scenario['title']}", "", f"![{scenario['title']}]({name}.svg)", ""]
        if "charts" in scenario:
            page += growth_tables(scenario)
            bars = [(f"{s}: {row['x']}", row["requests_per_second"]["median"]) for s, rows in scenario["charts"].items() for row in rows]
            unit = "requests/s"
        elif scenario["axis"] == "rate":
            page += latency_table(scenario)
            bars = [(f"{scenario['names'][n]}", row["p99_us"]["median"]) for r in scenario["results"].values() for n, row in r.items()]
            unit = "p99 µs"
        else:
            page += throughput_tables(scenario)
            bars = [
                (f"{scenario['names'][n]}, c={c}", row["requests_per_second"]["median"])
                for c, rows in scenario["results"].items()
                for n, row in rows.items()
            ]
            unit = "requests/s"
        (directory / f"{name}.svg").write_text(chart(scenario["title"], bars, unit))
    text = "\n".join(page) + "\n"
    (directory / "results.md").write_text(text)
    return text


def machine_text(machine):
    return ", ".join(f"{name}: {value}" for name, value in machine.items())


def throughput_tables(scenario):
    lines = []
    for connections, rows in scenario["results"].items():
        first = next(iter(rows.values()))["requests_per_second"]["median"]
        lines += [
            f"{connections} connections",
            "",
            "| | requests/s | of the first | CPU µs | + Redis µs | p50 µs | p99 µs | RSS MB | not 2xx | broken | spread |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for name, row in rows.items():
            rate = row["requests_per_second"]
            lines.append(
                f"| {scenario['names'][name]} | {rate['median']:,.0f} | {rate['median'] / first:.2f} | "
                f"{row['cpu_us']['median']:.1f} | {row['redis_cpu_us']['median']:.1f} | {row['p50_us']['median']:,.0f} | "
                f"{row['p99_us']['median']:,.0f} | {row['resident_bytes']['median'] / 1e6:.1f} | "
                f"{sum(row['failed']['rounds']):,} | {sum(row['broken']['rounds']):,} | {rate['spread']:.0%} |"
            )
        lines.append("")
    return lines


def latency_table(scenario):
    lines = ["| | p50 µs | p99 µs | failed | spread of p99 |", "|---|--:|--:|--:|--:|"]
    for rows in scenario["results"].values():
        for name, row in rows.items():
            lines.append(
                f"| {scenario['names'][name]} | {row['p50_us']['median']:,.0f} | {row['p99_us']['median']:,.0f} | "
                f"{sum(row['failed']['rounds'])} | {row['p99_us']['spread']:.0%} |"
            )
    return lines + [""]


def growth_tables(scenario):
    lines = []
    for subject, rows in scenario["charts"].items():
        lines += [f"| {subject} | requests/s | CPU µs | + Redis µs |", "|---|--:|--:|--:|"]
        for row in rows:
            lines.append(
                f"| {row['x']} | {row['requests_per_second']['median']:,.0f} | {row['cpu_us']['median']:.1f} | "
                f"{row['redis_cpu_us']['median']:.1f} |"
            )
        lines.append("")
    return lines


def chart(title, bars, unit):
    """Horizontal bars from zero, with their values."""
    top = max((value for _, value in bars), default=0) or 1
    height = 40 + len(bars) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="20" font-weight="bold">{escape(title)} ({escape(unit)})</text>',
    ]
    for index, (label, value) in enumerate(bars):
        y = 32 + index * (BAR + GAP)
        length = (WIDTH - LABELS - 80) * value / top
        fill = "#2b6cb0" if label.startswith("WonKey") else "#a0aec0"
        parts += [
            f'<text x="{LABELS - 6}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{fill}"/>',
            f'<text x="{LABELS + length + 4:.1f}" y="{y + 13}">{value:,.0f}</text>',
        ]
    return "\n".join(parts + ["</svg>", ""])
