"""Writes what was measured: JSON, a Markdown page that begins with the targets, and SVG charts."""

import json
from pathlib import Path

import charts
from columns import COLUMNS
from figures import Row, Scenario, Table
from targets import Results, judge


def write(directory: Path, results: Results, machine: dict[str, str]) -> str:
    """Writes results.json, results.md and the charts, and returns the page."""
    directory.mkdir(parents=True, exist_ok=True)
    written = {"machine": machine, "scenarios": {name: scenario.as_json() for name, scenario in results.items()}}
    (directory / "results.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    page = ["# Benchmark", "", *machine_lines(machine), "", *target_lines(results)]
    for name, scenario in results.items():
        page += ["", f"## {scenario.title}", ""]
        page += [f"* {note}" for note in scenario.notes] + ([""] if scenario.notes else [])
        for title, file, drawing in drawings(name, scenario):
            (directory / file).write_text(drawing)
            page += [f"![{title}]({file})", ""]
        for table in scenario.tables:
            page += table_lines(table) + [""]
    text = "\n".join(page).rstrip() + "\n"
    (directory / "results.md").write_text(text)
    return text


def machine_lines(machine: dict[str, str]) -> list[str]:
    return ["; ".join(f"{name}: {value}" for name, value in machine.items()) + "."]


def target_lines(results: Results) -> list[str]:
    verdicts = judge(results)
    if all(verdict.value is None for verdict in verdicts):
        return []
    lines = ["## Targets", "", "| target | bound | measured | |", "|---|--:|--:|---|"]
    for verdict in verdicts:
        lines.append(f"| {verdict.target.title} | {verdict.target.bound} | {verdict.text} | {verdict.word} |")
    return lines


def drawings(name: str, scenario: Scenario) -> list[tuple[str, str, str]]:
    """Title, file name and SVG of each chart: tables that show the same figure share one, unless each is its own subject."""
    drawn: list[tuple[str, str, str]] = []
    filled = [table for table in scenario.tables if table.rows]
    if filled and all(same_rows(table, filled[0]) and table.charted == filled[0].charted for table in filled):
        drawn.append((scenario.title, f"{name}.svg", charts.bars(scenario.title, filled)))
    else:
        drawn += [(table.title, f"{name}-{table.id}.svg", charts.bars(scenario.title, [table])) for table in filled]
    drawn += [(line.title, f"{name}-{line.id}.svg", charts.lines(line)) for line in scenario.lines]
    return drawn


def same_rows(table: Table, other: Table) -> bool:
    return [row.id for row in table.rows] == [row.id for row in other.rows]


def table_lines(table: Table) -> list[str]:
    shown = [name for name in table.shown if any(name in row.figures for row in table.rows)]
    heads = [COLUMNS[name].heading for name in shown]
    lines = [f"| {' | '.join([table.title, *heads, 'spread'])} |", f"|---|{'--:|' * (len(shown) + 1)}"]
    return lines + [row_line(table, row, shown) for row in table.rows]


def row_line(table: Table, row: Row, shown: list[str]) -> str:
    cells = [COLUMNS[name].form(row.figures[name].median) if name in row.figures else "–" for name in shown]
    main = row.figures.get(table.charted)
    spread = f"{main.spread:.0%}" if main and len(main.rounds) > 1 else "–"
    return f"| {' | '.join([row.title, *cells, spread])} |"
