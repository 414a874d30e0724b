"""The figures that WonKey is to reach, and whether it did."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from figures import Figure, Scenario

Results = Mapping[str, Scenario]


@dataclass(frozen=True)
class Target:
    """A bound on a number taken from the results; `measure` returns None where it was not measured."""

    title: str
    bound: str
    measure: Callable[[Results], float | None]
    holds: Callable[[float], bool]
    form: Callable[[float], str]


@dataclass(frozen=True)
class Verdict:
    target: Target
    value: float | None

    @property
    def word(self) -> str:
        if self.value is None:
            return "not measured"
        return "hit" if self.target.holds(self.value) else "**missed**"

    @property
    def text(self) -> str:
        return "–" if self.value is None else self.target.form(self.value)


def judge(results: Results) -> list[Verdict]:
    return [Verdict(target, target.measure(results)) for target in TARGETS]


def at_least(bound: float) -> Callable[[float], bool]:
    return lambda value: value >= bound


def at_most(bound: float) -> Callable[[float], bool]:
    return lambda value: value <= bound


def times(value: float) -> str:
    return f"{value:.2f}×"


def share(value: float) -> str:
    return f"{value:.1%}"


def megabytes(value: float) -> str:
    return f"{value / 1e6:.1f} MB"


def ratios(
    results: Results, scenario: str, row: str, base: str, name: str, tables: Iterable[str] | None = None
) -> list[Figure]:
    """The ratios of two rows in every table of a scenario, or in those named."""
    found = results.get(scenario)
    if found is None:
        return []
    wanted = set(tables) if tables is not None else {table.id for table in found.tables}
    pairs = [
        (found.figure(table.id, row, name), found.figure(table.id, base, name))
        for table in found.tables
        if table.id in wanted
    ]
    return [mine.ratio(theirs) for mine, theirs in pairs if mine is not None and theirs is not None]


def lowest(figures: list[Figure]) -> float | None:
    return min((figure.median for figure in figures), default=None)


def highest(figures: list[Figure]) -> float | None:
    return max((figure.median for figure in figures), default=None)


BUSY = ["32", "256", "1000"]


def throughput(row: str, base: str, tables: list[str] | None = None) -> Callable[[Results], float | None]:
    return lambda results: lowest(ratios(results, "throughput", row, base, "requests_per_second", tables))


def cpu(row: str, base: str) -> Callable[[Results], float | None]:
    return lambda results: highest(ratios(results, "throughput", row, base, "cpu_total_us", BUSY))


def one(scenario: str, table: str, row: str, name: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        found = results.get(scenario)
        figure = found.figure(table, row, name) if found else None
        return figure.median if figure else None

    return measure


def lost(scenario: str, row: str, base: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        ratio = lowest(ratios(results, scenario, row, base, "requests_per_second"))
        return None if ratio is None else 1 - ratio

    return measure


def beyond_keys(results: Results) -> float | None:
    """Resident bytes above 64 MB per key in the cache."""
    found = results.get("keys")
    resident = found.figure("32", "many-used", "rss_bytes") if found else None
    cached = found.figure("32", "many-used", "cached_keys") if found else None
    if resident is None or cached is None or cached.median < 1:
        return None
    return max(0.0, resident.median - 64e6) / cached.median


def slowest_refused(results: Results) -> float | None:
    rows = [ratios(results, "refused", row, "admitted", "requests_per_second") for row in ("over-limit", "unknown-key")]
    return lowest([figure for row in rows for figure in row])


LUA, PLAIN, ENVOY = "nginx-lua", "nginx", "envoy"

TARGETS = [
    Target(
        "throughput against nginx + Lua + Redis at 32, 256, 1 000 connections (lowest)",
        "≥ 1.5×",
        throughput("wonkey", LUA, BUSY),
        at_least(1.5),
        times,
    ),
    Target(
        "the same, with the log in lines as nginx writes its own",
        "≥ 1.5×",
        throughput("lines", LUA, BUSY),
        at_least(1.5),
        times,
    ),
    Target(
        "throughput against nginx + Lua + Redis, with leases",
        "≥ 1.7×",
        throughput("leases", LUA, BUSY),
        at_least(1.7),
        times,
    ),
    Target(
        "CPU per request, Redis included, against nginx + Lua + Redis (highest)",
        "≤ 0.6×",
        cpu("wonkey", LUA),
        at_most(0.6),
        times,
    ),
    Target("the same, with the log in lines", "≤ 0.6×", cpu("lines", LUA), at_most(0.6), times),
    Target(
        "CPU per request against nginx + Lua + Redis, with leases", "≤ 0.5×", cpu("leases", LUA), at_most(0.5), times
    ),
    Target(
        "throughput against plain nginx, which does none of the work (lowest)",
        "≥ 0.65×",
        throughput("wonkey", PLAIN, BUSY),
        at_least(0.65),
        times,
    ),
    Target(
        "throughput against plain nginx, with leases",
        "≥ 0.75×",
        throughput("leases", PLAIN, BUSY),
        at_least(0.75),
        times,
    ),
    Target(
        "CPU per request against Envoy with key and local limit (highest)",
        "≤ 0.7×",
        cpu("wonkey", ENVOY),
        at_most(0.7),
        times,
    ),
    Target(
        "added p99 at 2 000 requests/s against plain nginx",
        "≤ 250 µs",
        one("latency", "2000", "wonkey", "added_p99_us"),
        at_most(250),
        lambda value: f"{value:+.0f} µs",
    ),
    Target("throughput lost to the request log", "≤ 5 %", lost("log", "on", "off"), at_most(0.05), share),
    Target(
        "throughput lost to very many keys issued", "≤ 3 %", lost("keys", "many-issued", "one"), at_most(0.03), share
    ),
    Target(
        "RSS beyond 64 MB, per key in the cache",
        "≤ 100 bytes",
        beyond_keys,
        at_most(100),
        lambda value: f"{value:.0f} bytes",
    ),
    Target("refused requests against admitted ones (lower of both)", "≥ 1.5×", slowest_refused, at_least(1.5), times),
    Target(
        "Redis commands per request over a limit known to be exhausted",
        "none",
        one("refused", "32", "over-limit", "redis_commands"),
        at_most(0.01),
        lambda value: f"{value:.3f}",
    ),
    Target(
        "RSS with 256 connections, idle, then busy",
        "≤ 48 MB",
        one("memory", "256", "wonkey", "busy_rss_bytes"),
        at_most(48e6),
        megabytes,
    ),
]
