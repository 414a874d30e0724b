"""Measures contenders in turn, round after round, so that a slow minute of the machine meets all of them."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contenders import PORTS, Contender, Variation, Wonkey, WonkeyLeases, fill
from figures import Figure, Row, Table, combined
from load import IdleConnections, paced, saturate
from processes import Failed, Servers

BODIES = (1 << 10, 1 << 16, 1 << 20, 10 << 20)
LAG_MAX = 500
"""Microseconds by which one request in a hundred may be sent late."""
Rounds = dict[str, list[dict[str, float]]]


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    rounds: int
    """Of what the targets hang on most: everybody's throughput, and the log's cost."""
    side_rounds: int
    """Of everything else."""
    growth_rounds: int
    seconds: int
    """Of each measurement at full load."""
    paced_seconds: int
    connections: tuple[int, ...]
    keys: int
    """That very many keys are."""
    keys_used: int
    is_quick: bool

    @classmethod
    def quick(cls) -> "Plan":
        return cls(
            rounds=2,
            side_rounds=1,
            growth_rounds=1,
            seconds=1,
            paced_seconds=1,
            connections=(32, 256),
            keys=20_000,
            keys_used=2_000,
            is_quick=True,
        )

    @classmethod
    def full(cls) -> "Plan":
        return cls(
            rounds=3,
            side_rounds=3,
            growth_rounds=2,
            seconds=4,
            paced_seconds=6,
            connections=(1, 32, 256, 1000),
            keys=1_000_000,
            keys_used=40_000,
            is_quick=False,
        )


class Bench:
    """The upstream, the contenders there are, and the measuring of one after the other."""

    def __init__(
        self, servers: Servers, directory: Path, plan: Plan, peers: Sequence[type[Contender]], missing: Sequence[str]
    ) -> None:
        self.servers = servers
        self.directory = directory
        self.plan = plan
        self.peers = peers
        self.missing = missing
        """What the report says of peers that are not there."""
        self.notes: list[str] = []
        self.has_failed = False
        """Whether WonKey itself could not be measured somewhere."""
        bodies = directory / "bodies"
        bodies.mkdir()
        for size in BODIES:
            (bodies / f"{size}.bin").write_bytes(b"x" * size)
        self.upstream = servers.start(
            "upstream", ["nginx", "-c", fill("nginx-upstream.conf", directory)], PORTS["UPSTREAM"]
        )

    @staticmethod
    def say(line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)

    def everybody(self) -> list[Contender]:
        """WonKey, with its log in a database and in lines as its peers', with leases too if it knows them; and its peers."""
        self.notes += self.missing
        lines = self.wonkey("lines", "WonKey, log in lines", Variation(sink="stdout"))
        contenders: list[Contender] = [self.wonkey(), lines]
        leases = WonkeyLeases(self.servers, self.directory)
        if leases.is_supported():
            contenders.append(leases)
        else:
            self.notes.append("Without leases: this wonkey has no such mode.")
        return contenders + [peer(self.servers, self.directory) for peer in self.peers]

    def wonkey(
        self,
        name: str = "wonkey",
        title: str = "WonKey",
        what: Variation = Variation(),
        programs: Path | None = None,
    ) -> Wonkey:
        return Wonkey(self.servers, self.directory, name, title, what, programs)

    @contextmanager
    def running(self, contender: Contender) -> Iterator[None]:
        try:
            contender.start()
            yield
            for server in contender.servers:
                server.check()
        finally:
            contender.stop()

    def rounds(self, contenders: Sequence[Contender], measure: Callable[[Contender], None], rounds: int) -> None:
        """Brings each up and measures it, A B C A B C; who fails is left out from then on, and the report says so."""
        out: set[str] = set()
        for _ in range(rounds):
            for contender in contenders:
                if contender.name in out:
                    continue
                try:
                    with self.running(contender):
                        measure(contender)
                except (Failed, OSError) as failure:
                    out.add(contender.name)
                    self.has_failed |= isinstance(contender, Wonkey)
                    self.notes.append(f"{contender.title} failed: {failure}")
                    self.say(self.notes[-1])

    def throughput(
        self,
        contenders: Sequence[Contender],
        connections: Sequence[int],
        rounds: int | None = None,
        titles: str = "{} connections",
    ) -> list[Table]:
        """Requests per second, CPU and memory of each, one table per number of connections."""
        measured: dict[int, Rounds] = {count: {} for count in connections}

        def measure(contender: Contender) -> None:
            for count in connections:
                if count == connections[0] or not self.plan.is_quick:
                    self.warm(contender, count)
                figures = self.saturated(contender, count)
                measured[count].setdefault(contender.name, []).append(figures)

        self.rounds(contenders, measure, rounds or self.plan.side_rounds)
        columns = ["requests_per_second", "rate_ratio", "cpu_us", "redis_cpu_us", "p50_us", "p99_us", "rss_bytes"]
        columns += ["log_behind", "not_2xx", "broken"]
        tables = []
        for count in connections:
            table = Table(str(count), titles.format(count), columns, "requests_per_second")
            table.rows = rows_of(contenders, measured[count])
            for row in table.rows:
                row.figures["cpu_total_us"] = row.figures["cpu_us"].plus(row.figures["redis_cpu_us"])
            if table.rows:
                table.add_ratio("rate_ratio", "requests_per_second", table.rows[0].id)
            tables.append(table)
        return tables

    def warm(self, contender: Contender, connections: int) -> None:
        """Loads it for a second, and on until all the keys it is asked with are in its cache."""
        for _ in range(60):
            self.saturate(contender, connections, 1)
            if contender.counts().get("cached_keys", 0) >= contender.keys_used:
                return
        self.notes.append(f"{contender.title}: not all keys came into the cache.")

    def saturate(self, contender: Contender, connections: int, seconds: int) -> dict[str, float]:
        keys, first = contender.keys_used, contender.keys_asked
        result = saturate(
            contender.address, contender.path, contender.headers(), connections, seconds, keys, first % max(1, keys)
        )
        contender.keys_asked += int(result["requests"])
        return result

    def saturated(self, contender: Contender, connections: int) -> dict[str, float]:
        contender.settle()
        own, redis = contender.cpu_seconds()
        commands = contender.redis_commands()
        result = self.saturate(contender, connections, self.plan.seconds)
        resident = contender.resident_bytes()
        settled = contender.settle()
        own_after, redis_after = contender.cpu_seconds()
        requests = max(1.0, result["requests"])
        if settled.get("log_dropped"):
            self.notes.append(f"{contender.title}: the log dropped {settled['log_dropped']:,.0f} records.")
        figures = {
            "requests_per_second": result["requests"] / result["seconds"],
            "cpu_us": (own_after - own) * 1e6 / requests,
            "redis_cpu_us": (redis_after - redis) * 1e6 / requests,
            "redis_commands": (contender.redis_commands() - commands) / requests,
            "p50_us": result["p50"],
            "p99_us": result["p99"],
            "rss_bytes": float(resident),
            "not_2xx": result["statuses"],
            "broken": result["broken"] + result["timeouts"],
            **contender.counts(),
        }
        if "log_behind_records" in settled:
            figures["log_behind"] = settled["log_behind_records"] / requests
        self.say(
            f"{contender.title}: {figures['requests_per_second']:,.0f} requests/s, {figures['cpu_us']:.1f} + "
            f"{figures['redis_cpu_us']:.1f} µs CPU, {connections} connections"
        )
        return figures

    def latency(self, contenders: Sequence[Contender], rate: int, connections: int) -> Table:
        """Latencies of each at a fixed rate, and what they add to plain nginx'."""
        measured: Rounds = {}

        def measure(contender: Contender) -> None:
            program = Wonkey.programs / "load-generator"
            headers, seconds = contender.headers(), self.plan.paced_seconds
            result = paced(program, contender.address, contender.path, headers, rate, connections, seconds)
            self.say(f"{contender.title}: p50 {result['p50']:.0f} µs, p99 {result['p99']:.0f} µs at {rate:,}/s")
            figures = {
                "p50_us": result["p50"],
                "p99_us": result["p99"],
                "lag_p99_us": result["lag_p99"],
                "not_2xx": result["failed"],
                "broken": result["broken"] + result["unanswered"],
            }
            measured.setdefault(contender.name, []).append(figures)

        self.rounds(contenders, measure, self.plan.side_rounds)
        columns = ["p50_us", "added_p50_us", "p99_us", "added_p99_us", "lag_p99_us", "not_2xx", "broken"]
        title = f"{rate:,} requests/s on {connections} connections"
        table = Table(str(rate), title, columns, "p99_us", rows_of(contenders, measured))
        for name in ("p50_us", "p99_us"):
            table.add_difference(f"added_{name}", name, "nginx")
        if any(row.figures["lag_p99_us"].median > LAG_MAX for row in table.rows):
            self.notes.append("The machine was too busy for even sending: read nothing into these latencies.")
        return table

    def memory(self, contenders: Sequence[Contender], connections: int) -> Table:
        """Resident memory at rest, with idle connections, under load on as many, and after."""
        measured: Rounds = {}

        def measure(contender: Contender) -> None:
            time.sleep(0.5)
            rest = contender.resident_bytes()
            with IdleConnections(("127.0.0.1", PORTS["PORT"]), connections):
                time.sleep(0.3)
                idle = contender.resident_bytes()
            self.saturate(contender, connections, self.plan.seconds)
            busy = contender.resident_bytes_max()
            contender.settle()
            figures = {
                "rest_rss_bytes": float(rest),
                "idle_rss_bytes": float(idle),
                "busy_rss_bytes": float(busy),
                "after_rss_bytes": float(contender.resident_bytes()),
                "pss_bytes": float(contender.proportional_bytes()),
            }
            self.say(f"{contender.title}: {rest / 1e6:.1f} MB at rest, {busy / 1e6:.1f} MB busy")
            measured.setdefault(contender.name, []).append(figures)

        self.rounds(contenders, measure, 1 if self.plan.is_quick else 2)
        columns = ["rest_rss_bytes", "idle_rss_bytes", "busy_rss_bytes", "after_rss_bytes", "pss_bytes"]
        title = f"{connections} connections"
        return Table(str(connections), title, columns, "busy_rss_bytes", rows_of(contenders, measured))


def rows_of(contenders: Sequence[Contender], measured: Rounds) -> list[Row]:
    """One row per contender that was measured; where one failed midway, the rounds it did finish."""
    return [Row(c.name, c.title, combined(measured[c.name])) for c in contenders if c.name in measured]


def step_costs(table: Table) -> None:
    """Gives each row but the first its CPU beyond the row above."""
    for above, row in zip(table.rows, table.rows[1:]):
        difference: Figure = row.figures["cpu_total_us"].difference(above.figures["cpu_total_us"])
        row.figures["cpu_step_us"] = difference
