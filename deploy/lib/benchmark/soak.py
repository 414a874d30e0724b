"""The request log under a steady stream of records, watched from outside."""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench import Bench
from contenders import Wonkey
from figures import Lines, Scenario, slope
from processes import Failed, memory_field
from writer import SINKS, sink

RATE = 20_000
QUEUE = 50_000
"""`logs.queue`: what arrives while a disk holds a commit up for two seconds waits in memory rather than in the spool."""
GROWTH_MAX = 1e6
"""Bytes per minute of resident memory that still count as none."""
SERIES = {
    "accepted": "accepted so far",
    "written": "written so far",
    "spooled": "in the spool",
    "dropped": "dropped so far",
}


@dataclass(frozen=True)
class Sample:
    second: float
    resident_bytes: int
    spool_bytes: int


def soak(bench: Bench, kind: str, seconds: int) -> Scenario:
    """Records at a fixed rate for so long: memory and spool are to stay as they are."""
    directory = bench.directory / f"soak-{kind}"
    directory.mkdir()
    with sink(bench.servers, directory, kind) as url:
        samples, reports = watch(url, directory, seconds)
    last = reports[-1]
    second_half = [sample for sample in samples if sample.second >= seconds / 2]
    growth = 60 * slope([(sample.second, sample.resident_bytes) for sample in second_half])
    spool_max = max(sample.spool_bytes for sample in samples)
    kept_up = [report for report in reports[:-1] if report["spooled"] == 0 and report["queued"] <= QUEUE]
    verdict = growth <= GROWTH_MAX and spool_max == 0 and last["dropped"] == 0
    scenario = Scenario(f"{RATE:,} records/s for {seconds} s into {SINKS[kind]}, queue of {QUEUE:,}")
    scenario.notes = [
        f"{'Held' if verdict else '**Not held**'}: {last['written']:,} of {last['accepted']:,} records were written by the "
        f"end, {last['spooled']:,} lay in the spool, {last['dropped']:,} were dropped.",
        f"In the second half resident memory grew by {growth / 1e6:.2f} MB a minute; the spool held "
        f"{spool_max / 1e6:,.1f} MB at most; {len(kept_up)} of {len(reports) - 1} seconds saw nothing spooled.",
    ]
    scenario.lines = [
        Lines("memory", "Resident memory", "MB", {"RSS": [(s.second, s.resident_bytes / 1e6) for s in samples]}),
        Lines("spool", "Spool", "MB", {"on disk": [(s.second, s.spool_bytes / 1e6) for s in samples]}),
        Lines(
            "records",
            "Records",
            "thousands",
            {
                title: [(float(report["second"]), report[name] / 1e3) for report in reports[:-1]]
                for name, title in SERIES.items()
            },
        ),
    ]
    return scenario


def watch(url: str, directory: Path, seconds: int) -> tuple[list[Sample], list[dict[str, int]]]:
    """Runs the stream and samples the process each second."""
    spool, output = directory / "spool", directory / "reports.jsonl"
    words = [Wonkey.programs / "store-benchmark", "sustained", url, "--spool", spool, "--rate", RATE, "--queue", QUEUE]
    started, samples = time.monotonic(), []
    with open(output, "wb") as lines:
        process = subprocess.Popen([str(word) for word in [*words, "--seconds", seconds]], stdout=lines)
        try:
            while process.poll() is None:
                resident = memory_field(process.pid, "status", "VmRSS:")
                if resident:
                    samples.append(Sample(time.monotonic() - started, resident, folder_bytes(spool)))
                if time.monotonic() - started > seconds + 120:
                    raise Failed("the request log does not come to an end")
                time.sleep(1)
        finally:
            process.kill()
            process.wait()
    if process.returncode != 0 or not samples:
        raise Failed(f"store-benchmark sustained ended with status {process.returncode}")
    return samples, [json.loads(line) for line in output.read_text().splitlines()]


def folder_bytes(folder: Path) -> int:
    """What the spool's batches take on disk."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            pass  # written and removed meanwhile
    return total
