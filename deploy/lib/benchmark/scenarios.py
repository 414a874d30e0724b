"""What is measured, scenario by scenario."""

from collections.abc import Callable

from bench import BODIES, Bench, step_costs
from contenders import UNKNOWN_KEY, Variation
from figures import Scenario, Table
from writer import writer


def throughput(bench: Bench) -> Scenario:
    """Throughput and CPU of everybody, by number of connections."""
    tables = bench.throughput(bench.everybody(), bench.plan.connections, bench.plan.rounds)
    return Scenario("Throughput, and CPU per request", tables)


def latency(bench: Bench) -> Scenario:
    """Latency at a fixed rate far below saturation."""
    return Scenario("Latency at a fixed rate", [bench.latency(bench.everybody(), 2000, 32)])


def slow(bench: Bench) -> Scenario:
    """An API that takes 20 ms: what counts is how many requests can be under way."""
    contenders = bench.everybody()
    for contender in contenders:
        contender.path = "/slow"
    return Scenario("An upstream that takes 20 ms", bench.throughput(contenders, [256]))


def memory(bench: Bench) -> Scenario:
    """Memory of everybody, without load and under it."""
    return Scenario("Memory", [bench.memory(bench.everybody(), 256)])


def parts(bench: Bench) -> Scenario:
    """What each part of our path costs: the gate alone, then one thing more at a time."""
    contenders = [
        bench.wonkey("gate", "gate only", Variation(counters="memory", sink="none", action="respond")),
        bench.wonkey("redis", "+ Redis", Variation(sink="none", action="respond")),
        bench.wonkey("log", "+ request log", Variation(action="respond")),
        bench.wonkey("whole", "+ proxy: the whole path"),
    ]
    tables = bench.throughput(contenders, [32])
    for table in tables:
        step_costs(table)
        table.shown = ["requests_per_second", "cpu_us", "redis_cpu_us", "cpu_step_us", "p50_us", "p99_us"]
        table.charted = "cpu_total_us"
    return Scenario("Cost of each part of the path", tables)


def log(bench: Bench) -> Scenario:
    """The request log on and off."""
    contenders = [
        bench.wonkey("off", "log off", Variation(sink="none")),
        bench.wonkey("on", "log on, in SQLite"),
        bench.wonkey("lines", "log on, in lines", Variation(sink="stdout")),
    ]
    rounds = bench.plan.rounds * (1 if bench.plan.is_quick else 2)
    return Scenario("Request log on and off", bench.throughput(contenders, [32], rounds))


def refused(bench: Bench) -> Scenario:
    """Requests that are turned away, against ones that are let in."""
    contenders = [
        bench.wonkey("admitted", "admitted"),
        bench.wonkey("over-limit", "over the limit", Variation(limit=1, expected_status=429)),
        bench.wonkey("unknown-key", "unknown key", Variation(key=UNKNOWN_KEY, expected_status=401)),
    ]
    tables = bench.throughput(contenders, [32])
    for table in tables:
        table.shown.insert(4, "redis_commands")
    return Scenario("Refused against admitted", tables)


def keys(bench: Bench) -> Scenario:
    """One key issued against very many, and many of them in use."""
    count, used = bench.plan.keys, bench.plan.keys_used
    contenders = [
        bench.wonkey("one", "1 key issued"),
        bench.wonkey("many-issued", f"{count:,} issued, 1 used", Variation(keys_issued=count)),
        bench.wonkey("many-used", f"{count:,} issued, {used:,} used", Variation(keys_issued=count, keys_used=used)),
    ]
    tables = bench.throughput(contenders, [32])
    for table in tables:
        table.shown.insert(7, "cached_keys")
    return Scenario("Number of keys", tables)


def growth(bench: Bench) -> Scenario:
    """What happens to the throughput as the work per request grows."""

    def steps(subject: str, values: list[tuple[str, Variation]], title: str, connections: int = 32) -> Table:
        values = [values[0], values[-1]] if bench.plan.is_quick else values
        contenders = [bench.wonkey(f"{subject}-{label}".replace(" ", ""), label, what) for label, what in values]
        table = bench.throughput(contenders, [connections], bench.plan.growth_rounds)[0]
        table.id, table.title = subject, title
        table.shown = ["requests_per_second", "rate_ratio", "cpu_us", "redis_cpu_us", "p50_us", "p99_us", "not_2xx"]
        return table

    sizes = zip(("1 KiB", "64 KiB", "1 MiB", "10 MiB"), BODIES)
    tables = [
        steps("routes", [(str(n), Variation(routes=n)) for n in (1, 10, 100, 1000)], "Routes"),
        steps("limits", [(str(n), Variation(limits=n)) for n in (1, 2, 4, 8)], "Limits per request"),
        steps(
            "keys",
            [(str(n), Variation(keys_issued=n, keys_used=n)) for n in (1, 100, 10_000)],
            "Keys in use, in turn",
        ),
        steps("fields", [(str(n), Variation(fields=n)) for n in (0, 10, 20, 40)], "Further header fields"),
        steps("body", [(label, Variation(path=f"/bodies/{n}.bin")) for label, n in sizes], "Bytes of the answer"),
        steps(
            "redis-delay",
            [(f"{n} ms", Variation(counters="relay", delay=n)) for n in (0, 1, 5)],
            "Redis later, through a relay, 256 connections",
            256,
        ),
    ]
    return Scenario("Cost as work grows", tables)


SCENARIOS: dict[str, Callable[[Bench], Scenario]] = {
    "throughput": throughput,
    "latency": latency,
    "slow": slow,
    "memory": memory,
    "parts": parts,
    "log": log,
    "refused": refused,
    "keys": keys,
    "growth": growth,
    "writer": writer,
}
