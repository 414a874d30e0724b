"""What is measured. A scenario runs its contenders in turn, round after round, so that a slow minute of the machine meets all."""

import sqlite3
import sys
from pathlib import Path

from contenders import PORTS, Wonkey, fill
from load import paced, saturate, summary

UNKNOWN_KEY = "nb_live_ffffffffffffffffffffffffffffffff"


class Plan:
    """How long and how often: few seconds in the quick run, more in the full one."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 2 if quick else 3
        self.seconds = 2 if quick else 4
        self.warmup = 1
        self.connections = [32, 256] if quick else [1, 32, 256, 1000]
        self.paced_seconds = 3 if quick else 8


class Bench:
    """The upstream, and the measuring of one contender after the other."""

    def __init__(self, servers, directory, plan, say):
        self.servers = servers
        self.directory = Path(directory)
        self.plan = plan
        self.say = say
        bodies = self.directory / "bodies"
        bodies.mkdir()
        for size in (1 << 10, 1 << 16, 1 << 20, 10 << 20):
            (bodies / f"{size}.bin").write_bytes(b"x" * size)
        configuration = fill("nginx-upstream.conf", self.directory)
        self.upstream = servers.start("upstream", ["nginx", "-c", configuration], PORTS["UPSTREAM"])

    def throughput(self, contenders, connections, seconds=None):
        """Requests per second and CPU per request of each, by rounds A B C A B C."""
        seconds = seconds or self.plan.seconds
        rows = {contender.name: [] for contender in contenders}
        for _ in range(self.plan.rounds):
            for contender in contenders:
                with Running(contender):
                    saturate(contender.url, contender.headers(), connections, self.plan.warmup)
                    rows[contender.name].append(self.measure(contender, connections, seconds))
        return {name: combine(measured) for name, measured in rows.items()}

    def measure(self, contender, connections, seconds):
        own, redis = contender.cpu_seconds()
        result = saturate(contender.url, contender.headers(), connections, seconds)
        own_after, redis_after = contender.cpu_seconds()
        requests = max(1, result["requests"])
        row = {
            "requests_per_second": result["requests"] / result["seconds"],
            "cpu_us": (own_after - own) * 1e6 / requests,
            "redis_cpu_us": (redis_after - redis) * 1e6 / requests,
            "p50_us": result["p50"],
            "p99_us": result["p99"],
            "resident_bytes": contender.resident_bytes(),
            "failed": result["statuses"],
            "broken": result["broken"] + result["timeouts"],
        }
        self.say(
            f"{contender.title}: {row['requests_per_second']:,.0f} requests/s, "
            f"{row['cpu_us']:.1f} + {row['redis_cpu_us']:.1f} µs CPU, c={connections}"
        )
        for server in contender.servers:
            server.check()
        return row

    def latency(self, contenders, rate, connections):
        rows = {contender.name: [] for contender in contenders}
        for _ in range(self.plan.rounds):
            for contender in contenders:
                with Running(contender):
                    saturate(contender.url, contender.headers(), connections, self.plan.warmup)
                    row = paced(contender.url, contender.headers(), rate, connections, self.plan.paced_seconds)
                    self.say(f"{contender.title}: p50 {row['p50']} µs, p99 {row['p99']} µs at {row['rate']:,.0f}/s")
                    rows[contender.name].append({"p50_us": row["p50"], "p99_us": row["p99"], "failed": row["failed"]})
        return {name: combine(measured) for name, measured in rows.items()}

    def contender(self, kind, **variation):
        return kind(self.servers, self.directory, **variation)

    def wonkey(self, name="wonkey", title="WonKey", **variation):
        return Wonkey(self.servers, self.directory, name=name, title=title, **variation)


class Running:
    """A contender that is up inside the context."""

    def __init__(self, contender):
        self.contender = contender

    def __enter__(self):
        try:
            self.contender.start()
        except BaseException:
            self.contender.stop()
            raise

    def __exit__(self, *_):
        self.contender.stop()


def combine(rows):
    return {name: summary([row[name] for row in rows]) for name in rows[0]}


# The scenarios. Each returns {"charts": [...]} besides its figures; see report.py.


def throughput(bench, peers):
    """Throughput and CPU of everybody, by number of connections."""
    contenders = [bench.wonkey()] + [bench.contender(peer) for peer in peers]
    results = {}
    for connections in bench.plan.connections:
        results[str(connections)] = bench.throughput(contenders, connections)
    return {
        "title": "Throughput, and CPU per request, by connections",
        "axis": "connections",
        "names": {contender.name: contender.title for contender in contenders},
        "results": results,
    }


def latency(bench, peers):
    """Latency at a fixed rate far below saturation."""
    rate = 1000 if bench.plan.quick else 2000
    contenders = [bench.wonkey()] + [bench.contender(peer) for peer in peers]
    return {
        "title": f"Latency at {rate} requests/s on 32 connections",
        "axis": "rate",
        "names": {contender.name: contender.title for contender in contenders},
        "results": {str(rate): bench.latency(contenders, rate, 32)},
    }


def parts(bench, _):
    """What each part of our path costs: the gate alone, then one thing more at a time."""
    contenders = [
        bench.wonkey("gate", "gate only", counters="memory", sample=1_000_000, action="respond"),
        bench.wonkey("redis", "+ Redis", sample=1_000_000, action="respond"),
        bench.wonkey("log", "+ request log", action="respond"),
        bench.wonkey("whole", "+ proxy: the whole path"),
        bench.wonkey("no-log", "the whole path, one request in a million logged", sample=1_000_000),
    ]
    return {
        "title": "Cost of each part of the path, 32 connections",
        "axis": "connections",
        "names": {contender.name: contender.title for contender in contenders},
        "results": {"32": bench.throughput(contenders, 32)},
    }


def refused(bench, _):
    """Requests that are turned away, against ones that are let in."""
    contenders = [
        bench.wonkey("admitted", "admitted"),
        bench.wonkey("over-limit", "over the limit", limit=1),
        bench.wonkey("unknown-key", "unknown key", key=UNKNOWN_KEY),
    ]
    return {
        "title": "Refused against admitted, 32 connections",
        "axis": "connections",
        "names": {contender.name: contender.title for contender in contenders},
        "results": {"32": bench.throughput(contenders, 32)},
    }


def keys(bench, _):
    """One key issued against very many."""
    count = 100_000 if bench.plan.quick else 1_000_000
    contenders = [
        bench.wonkey("one-key", "1 key"),
        bench.wonkey("many-keys", f"{count:,} keys", prepare=lambda path, project: issue(path, project, count)),
    ]
    return {
        "title": "Keys issued, 32 connections",
        "axis": "connections",
        "names": {contender.name: contender.title for contender in contenders},
        "results": {"32": bench.throughput(contenders, 32)},
    }


def issue(path, project, count):
    """Fills the key table by SQL; through the command line it would take hours."""
    with sqlite3.connect(path) as database:
        database.execute(
            """
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
            INSERT INTO keys (id, project_id, hash, start, name, environment, state, created_at, updated_at)
            SELECT 'key_bench' || n, ?, randomblob(32), 'nb_live_' || n, 'bench ' || n, 'live', 'active', 0, 0
            FROM numbers
            """,
            (count, project),
        )


def growth(bench, _):
    """What happens to the throughput as the work per request grows."""
    series = {
        "routes": [bench.wonkey(f"routes-{n}", str(n), routes=n, sample=1_000_000) for n in (1, 100, 1000)],
        "limits per request": [bench.wonkey(f"limits-{n}", str(n), limits=n) for n in (1, 2, 4, 8)],
        "response body": [
            bench.wonkey(f"body-{size}", label, path=f"/bodies/{size}.bin")
            for size, label in ((1 << 10, "1 KiB"), (1 << 16, "64 KiB"), (1 << 20, "1 MiB"), (10 << 20, "10 MiB"))
        ],
        "request headers": [Headers(bench, n) for n in (0, 10, 40)],
    }
    charts = {}
    for subject, contenders in series.items():
        measured = bench.throughput(contenders, 32)
        charts[subject] = [{"x": c.title, **measured[c.name]} for c in contenders]
    charts["added Redis latency"] = redis_latency(bench)
    return {"title": "Cost as work grows, 32 connections", "axis": "growth", "charts": charts}


class Headers(Wonkey):
    """Requests with so many more fields than usual."""

    def __init__(self, bench, count):
        super().__init__(bench.servers, bench.directory, name=f"headers-{count}", title=str(count))
        self.count = count

    def headers(self):
        return {**super().headers(), **{f"X-Field-{n}": f"value-{n:04}" for n in range(self.count)}}


def redis_latency(bench):
    """Redis behind a relay that holds every byte back so long."""
    rows = []
    for milliseconds in (0, 1, 5):
        contender = Relayed(bench, milliseconds)
        measured = bench.throughput([contender], 256)
        rows.append({"x": f"{milliseconds} ms", **measured[contender.name]})
    return rows


class Relayed(Wonkey):
    def __init__(self, bench, milliseconds):
        name = f"redis-{milliseconds}ms"
        super().__init__(bench.servers, bench.directory, name=name, title=f"{milliseconds} ms", counters="relay")
        self.milliseconds = milliseconds
        self.relay = None

    def launch_redis(self):
        super().launch_redis()
        words = [sys.executable, Path(__file__).parent / "relay.py", PORTS["RELAY"], PORTS["REDIS"], self.milliseconds]
        self.relay = self.all.start("relay", words, PORTS["RELAY"])

    def stop(self):
        if self.relay:
            self.all.stop(self.relay)
            self.relay = None
        super().stop()


SCENARIOS = {
    "throughput": throughput,
    "latency": latency,
    "parts": parts,
    "refused": refused,
    "keys": keys,
    "growth": growth,
}
