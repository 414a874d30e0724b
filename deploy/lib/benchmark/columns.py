"""How each figure is headed and written in a table."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    heading: str
    form: Callable[[float], str]


def count(value: float) -> str:
    return f"{value:,.0f}"


def tenth(value: float) -> str:
    return f"{value:,.1f}"


def signed(value: float) -> str:
    return f"{value:+,.0f}"


def ratio(value: float) -> str:
    return f"{value:.2f}×"


def megabytes(value: float) -> str:
    return f"{value / 1e6:.1f}"


def percent(value: float) -> str:
    return f"{value:.1%}"


COLUMNS = {
    "requests_per_second": Column("requests/s", count),
    "rate_ratio": Column("of the first", ratio),
    "cpu_us": Column("CPU µs per request", tenth),
    "redis_cpu_us": Column("+ in Redis", tenth),
    "cpu_total_us": Column("CPU µs per request, Redis included", tenth),
    "cpu_step_us": Column("more than the row above", tenth),
    "p50_us": Column("p50 µs", count),
    "p99_us": Column("p99 µs", count),
    "added_p50_us": Column("p50 added to plain nginx, µs", signed),
    "added_p99_us": Column("p99 added to plain nginx, µs", signed),
    "lag_p99_us": Column("generator's own p99 lag, µs", count),
    "rss_bytes": Column("RSS MB", megabytes),
    "pss_bytes": Column("PSS MB", megabytes),
    "rest_rss_bytes": Column("RSS MB at rest", megabytes),
    "idle_rss_bytes": Column("connected, idle", megabytes),
    "busy_rss_bytes": Column("busy (highest)", megabytes),
    "after_rss_bytes": Column("idle again", megabytes),
    "not_2xx": Column("not 2xx", count),
    "broken": Column("broken", count),
    "log_behind": Column("log behind at the end", percent),
    "redis_commands": Column("Redis commands per request", lambda value: f"{value:.3f}"),
    "cached_keys": Column("keys in the cache", count),
    "rows_per_second": Column("rows/s", count),
    "instructions": Column("instructions each", count),
    "nanoseconds": Column("ns each", count),
    "before": Column("before", count),
    "after": Column("after", count),
    "change": Column("after ÷ before", lambda value: f"{value:.3f}×"),
}
