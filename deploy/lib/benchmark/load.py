"""Loads a server with wrk (as fast as it goes) or h2load (at a fixed rate) and reads what they measured."""

import json
import os
import statistics
import tempfile
from pathlib import Path

from processes import run

# What wrk reports as JSON, with the statuses it saw.
WRK_REPORT = """
function done(summary, latency, requests)
  io.write(string.format(
    '\\nRESULT {"requests":%d,"microseconds":%d,"statuses":%d,"timeouts":%d,"broken":%d,"p50":%d,"p99":%d}\\n',
    summary.requests, summary.duration, summary.errors.status, summary.errors.timeout,
    summary.errors.connect + summary.errors.read + summary.errors.write,
    latency:percentile(50), latency:percentile(99)))
end
"""


def saturate(url, headers, connections, seconds):
    """Sends requests back to back on so many connections.

    Returns requests, seconds, failed answers (not 2xx or 3xx), broken connections, and latencies in microseconds.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_REPORT)
        script.flush()
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script.name]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        output = run(words + [url])
    result = json.loads(next(line[7:] for line in output.splitlines() if line.startswith("RESULT ")))
    result["seconds"] = result.pop("microseconds") / 1e6
    return result


def paced(url, headers, rate, connections, seconds):
    """Sends that many requests per second, spread over the connections; returns latencies in microseconds."""
    per_connection = max(1, round(rate / connections))
    handle, path = tempfile.mkstemp(suffix=".tsv")
    os.close(handle)
    try:
        words = ["h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}", f"--rps={per_connection}"]
        words += [f"--log-file={path}"]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        run(words + [url])
        rows = [line.split("\t") for line in Path(path).read_text().splitlines()]
    finally:
        os.unlink(path)
    latencies = sorted(int(row[2]) for row in rows if 200 <= int(row[1]) < 400)
    return {
        "requests": len(rows),
        "failed": len(rows) - len(latencies),
        "rate": len(rows) / seconds,
        "p50": quantile(latencies, 0.50),
        "p99": quantile(latencies, 0.99),
    }


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def summary(values):
    """The median of the rounds and how far they lie apart, as a share of it."""
    middle = statistics.median(values)
    return {"median": middle, "spread": (max(values) - min(values)) / middle if middle else 0.0, "rounds": values}
