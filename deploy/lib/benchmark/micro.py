"""Counts the instructions of the hot functions with valgrind, which no other load on the machine changes."""

import re
import shutil
import tempfile
from pathlib import Path

from figures import Figure, Row, Scenario, Table
from processes import Failed, run

ALLOWED = 0.02
"""A function may take this much more before it counts as slower."""


def names(program: Path) -> list[str]:
    return run([program]).split()


def micro(programs: Path, title: str = "Hot functions") -> Scenario:
    """Instructions and time of each function; the time alone where valgrind is missing."""
    with tempfile.TemporaryDirectory(prefix="wonkey-micro-") as directory:
        program = stripped(programs / "micro-benchmarks", Path(directory))
        counted = bool(shutil.which("valgrind"))
        shown = ["instructions", "nanoseconds"] if counted else ["nanoseconds"]
        table = Table("micro", "Function", shown, shown[0])
        for name in names(program):
            time = Figure(tuple(nanoseconds(program, name) for _ in range(3)))
            figures = {"nanoseconds": time}
            if counted:
                figures["instructions"] = Figure((instructions(program, name, time.median),))
            table.rows.append(Row(name, name, figures))
    notes = (
        []
        if counted
        else ["valgrind is missing: times instead of instructions, which other load on the machine changes."]
    )
    return Scenario(title, [table], notes=notes)


def stripped(program: Path, directory: Path) -> Path:
    """A copy without debug information: valgrind reads it all first, and stumbles over some of Swift's."""
    if not program.exists():
        raise Failed(f"{program} is not there: this revision has no micro-benchmarks")
    copy = directory / program.name
    run(["strip", "--strip-debug", "-o", copy, program])
    return copy


def nanoseconds(program: Path, name: str) -> float:
    """The time of one run, from as many as take about 100 ms."""
    count = 1
    while True:
        each = seconds_each(program, name, count) * 1e9
        if each * count >= 5e7 or count >= 10_000_000:
            return each
        count = max(count + 1, min(count * 100, int(1e8 / max(each, 1.0))))


def seconds_each(program: Path, name: str, count: int) -> float:
    seconds = re.search(r"([\d.e-]+) seconds each", run([program, name, count]))
    if not seconds:
        raise Failed(f"{program.name} {name} says nothing of its time")
    return float(seconds[1])


def instructions(program: Path, name: str, time: float) -> float:
    """What one run costs: the difference of two counts, so that starting and preparing cancel out."""
    few, many = (0, 1) if time > 20e6 else (100, 1100)
    return (callgrind(program, name, many) - callgrind(program, name, few)) / (many - few)


def callgrind(program: Path, name: str, count: int) -> int:
    with tempfile.NamedTemporaryFile(prefix="callgrind-") as output:
        run(["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={output.name}", program, name, count])
        total = re.search(rb"^(?:summary|totals): (\d+)", output.read(), re.MULTILINE)
    if not total:
        raise Failed(f"callgrind says nothing of {name}")
    return int(total[1])


def regressions(before: Table, after: Table, measure: str = "instructions") -> list[str]:
    """The functions of both tables that take more than is allowed."""
    slower = []
    for row in after.rows:
        old = before.row(row.id)
        if old is None or measure not in row.figures or measure not in old.figures:
            continue
        now, then = row.figures[measure].median, old.figures[measure].median
        if now > then * (1 + ALLOWED):
            slower.append(f"{row.title}: {now / then - 1:+.1%} {measure}")
    return slower
