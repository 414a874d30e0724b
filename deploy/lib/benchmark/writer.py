"""How fast log batches are written, and how the request log fares in the long run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres
from bench import Bench
from contenders import Wonkey
from figures import Figure, Row, Scenario, Table
from processes import Failed, Servers, run

SINKS = {"sqlite": "SQLite", "postgres": "PostgreSQL", "jsonl": "JSON lines to a file"}


@contextmanager
def sink(servers: Servers, directory: Path, kind: str) -> Iterator[str]:
    """The URL of an empty sink that is there while inside the context."""
    if kind == "jsonl":
        yield f"jsonl:{directory}/log.jsonl"
    elif kind == "sqlite":
        url = f"sqlite:{directory}/log.db"
        migrate(directory, url)
        yield url
    else:
        with postgres.cluster(servers, directory) as url:
            migrate(directory, url)
            yield url


def migrate(directory: Path, url: str) -> None:
    path = directory / "store.yaml"
    configuration = {
        "version": 1,
        "store": {"url": url},
        "listeners": [{"address": "127.0.0.1:0"}],
        "routes": [{"name": "none", "match": {"prefix": "/"}, "respond": {"status": 204}}],
    }
    path.write_text(json.dumps(configuration))
    run([(Wonkey.programs / "wonkey-admin").resolve(), "--config", path, "migrate"])


SIZES = {500: "", 1250: ", 1 250 at once"}
"""Rows of a batch as it is full, and as several go together when the sink is behind."""


def writer(bench: Bench) -> Scenario:
    """Rows per second into each kind of sink, one writer, batches with usage and sums."""
    rows = 5_000 if bench.plan.is_quick else 30_000
    table = Table("rows", "One writer, batches of 500 or 1 250", ["rows_per_second"], "rows_per_second")
    rounds: dict[tuple[str, int], list[float]] = {}
    left_out: set[str] = set()
    for number in range(bench.plan.side_rounds):
        for kind, title in SINKS.items():
            if kind in left_out:
                continue
            directory = bench.directory / f"writer-{kind}-{number}"
            directory.mkdir()
            try:
                with sink(bench.servers, directory, kind) as url:
                    rates = {size: rate(url, size, rows // size) for size in SIZES}
            except Failed as failure:
                left_out.add(kind)
                bench.notes.append(f"{title} left out: {failure}")
                continue
            for size, figure in rates.items():
                bench.say(f"{title}{SIZES[size]}: {figure:,.0f} rows/s")
                rounds.setdefault((kind, size), []).append(figure)
    for (kind, size), found in rounds.items():
        title = SINKS[kind] + SIZES[size]
        table.rows.append(Row(f"{kind}-{size}", title, {"rows_per_second": Figure(tuple(found))}))
    return Scenario("Batch writer", [table])


def rate(url: str, size: int, batches: int) -> float:
    """Rows per second, in batches of that size."""
    words = [Wonkey.programs / "store-benchmark", "writing", url, "--rows", size, "--batches", batches]
    return float(run(words).split()[0])
