"""The programs that are compared: how each is configured, started and asked."""

import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from load import Headers, key_text, status_of
from processes import Failed, Server, Servers, Words, run

HERE = Path(__file__).parent
PORTS = {"UPSTREAM": 14701, "PORT": 14702, "OPERATIONS": 14703, "REDIS": 14704, "ADMIN": 14705, "RELAY": 14706}
LIMIT = 1_000_000_000
PEER_KEY = "nb_live_0123456789abcdef0123456789abcdef"
UNKNOWN_KEY = "nb_live_ffffffffffffffffffffffffffffffff"


def fill(template: str, directory: Path, **words: str) -> Path:
    """Writes a peer's configuration with the words between @ filled in, and returns its path."""
    text = (HERE / "peers" / template).read_text()
    for name, value in {**PORTS, "DIR": directory, "LIMIT": LIMIT, **words}.items():
        text = text.replace(f"@{name}@", str(value))
    path = directory / template
    path.write_text(text)
    return path


class Contender:
    """One program in one mode. ``start`` brings it up with what only it needs; ``servers`` are what it is charged for."""

    name = ""
    title = ""
    path = "/"
    keys_used = 0
    keys_asked = 0
    """With how many keys in turn it was asked so far: the next load goes on from there."""
    expected_status = 200

    def __init__(self, servers: Servers, directory: Path) -> None:
        self.all = servers
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=directory))
        self.directory.chmod(0o755)
        self.servers: list[Server] = []
        self.redis: Server | None = None

    def start(self) -> None:
        """Starts the program and proves by one request that it does its work."""
        self.launch_all()
        self.probe(self.headers(), self.expected_status)
        if "Authorization" in self.headers():
            self.probe({"Authorization": f"Bearer {UNKNOWN_KEY}"}, 401)

    def probe(self, headers: Headers, expected: int) -> None:
        """The second answer counts: the first may be the last one that a limit admits."""
        _, status = (status_of(("127.0.0.1", PORTS["PORT"]), self.path, headers) for _ in range(2))
        if status != expected:
            raise Failed(f"{self.title} answers {status} where {expected} is right")

    def launch_all(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        for server in reversed(self.servers):
            self.all.stop(server)
        if self.redis:
            self.all.stop(self.redis)
        self.servers, self.redis = [], None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{PORTS['PORT']}"

    def headers(self) -> Headers:
        return {}

    def launch(self, command: Words) -> None:
        self.servers.append(self.all.start(self.name, command, PORTS["PORT"], cwd=self.directory))

    def launch_redis(self) -> None:
        words = ["redis-server", "--port", PORTS["REDIS"], "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.redis = self.all.start("redis", words, PORTS["REDIS"], cwd=self.directory)

    def settle(self) -> dict[str, float]:
        """Waits until work put off until after the answers is done, so that its CPU time counts; returns figures of it."""
        return {}

    def counts(self) -> dict[str, float]:
        """What the program says of itself after a run."""
        return {}

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU time so far: of every process of its own, and of its Redis."""
        own = sum(server.cpu_seconds() for server in self.servers)
        return own, self.redis.cpu_seconds() if self.redis else 0.0

    def redis_commands(self) -> float:
        return redis.commands_served(PORTS["REDIS"]) if self.redis else 0.0

    def resident_bytes(self) -> int:
        return sum(server.resident_bytes() for server in self.servers)

    def resident_bytes_max(self) -> int:
        return sum(server.resident_bytes_max() for server in self.servers)

    def proportional_bytes(self) -> int:
        return sum(server.proportional_bytes() for server in self.servers)


class PlainNginx(Contender):
    name = "nginx"
    title = "nginx, forwarding only"

    def launch_all(self) -> None:
        self.launch(["nginx", "-c", fill("nginx.conf", self.directory)])


class NginxLua(Contender):
    name = "nginx-lua"
    title = "nginx + Lua + Redis"

    def launch_all(self) -> None:
        self.launch_redis()
        redis.set_key(PORTS["REDIS"], b"key:" + hashlib.sha256(PEER_KEY.encode()).digest(), b"key_1")
        self.launch(["nginx", "-c", fill("nginx-lua.conf", self.directory)])

    def headers(self) -> Headers:
        return {"Authorization": f"Bearer {PEER_KEY}"}


class HAProxy(Contender):
    name = "haproxy"
    title = "HAProxy, stick table"

    def launch_all(self) -> None:
        digest = hashlib.sha256(PEER_KEY.encode()).hexdigest()
        (self.directory / "keys.map").write_text(f"{digest} 1\n")
        self.launch(["haproxy", "-db", "-f", fill("haproxy.cfg", self.directory)])

    def headers(self) -> Headers:
        return {"Authorization": f"Bearer {PEER_KEY}"}


class Envoy(Contender):
    name = "envoy"
    title = "Envoy, key + local limit"
    program = Path("envoy")

    def launch_all(self) -> None:
        configuration = fill("envoy.yaml", self.directory, KEY=PEER_KEY)
        words: list[str | Path] = [self.program, "-c", configuration, "--concurrency", "2", "--log-level", "error"]
        self.launch([*words, "--disable-hot-restart"])

    def headers(self) -> Headers:
        return {"Authorization": f"Bearer {PEER_KEY}"}


@dataclass(frozen=True)
class Variation:
    """WonKey with one thing changed; by default it does the whole work."""

    counters: str = "redis"
    """`redis`, `relay` (through one that delays) or `memory`."""
    sink: str = "store"
    action: str = "proxy"
    """`proxy`, or `respond` at once."""
    mode: str | None = None
    """Of the limits, such as `shadow`."""
    limit: int = LIMIT
    limits: int = 1
    routes: int = 1
    path: str = "/"
    fields: int = 0
    """Further fields of each request."""
    key: str | None = None
    """Presented instead of the one issued."""
    keys_issued: int = 1
    keys_used: int = 0
    """So many issued keys present themselves in turn; 0 is the one."""
    delay: int | None = None
    """Milliseconds that a relay in front of Redis takes."""
    expected_status: int = 200


class Wonkey(Contender):
    programs = Path(".build/release")
    """Where the benchmark's programs are, and WonKey's unless another folder is given."""

    def __init__(
        self,
        servers: Servers,
        directory: Path,
        name: str = "wonkey",
        title: str = "WonKey",
        what: Variation = Variation(),
        programs: Path | None = None,
    ) -> None:
        self.name, self.title, self.what = name, title, what
        self.programs = programs or Wonkey.programs
        super().__init__(servers, directory)
        self.path = what.path
        self.keys_used = what.keys_used
        self.expected_status = what.expected_status
        self.key: str | None = None
        self.relay: Server | None = None

    def launch_all(self) -> None:
        if self.what.counters != "memory":
            self.launch_redis()
        if self.what.delay is not None:
            words = [sys.executable, HERE / "relay.py", PORTS["RELAY"], PORTS["REDIS"], self.what.delay]
            self.relay = self.all.start("relay", words, PORTS["RELAY"])
        configuration = self.configure()
        if self.key is None:
            self.issue_key(configuration)
        self.launch([(self.programs / "wonkey").resolve(), "run", "--config", configuration])

    def stop(self) -> None:
        super().stop()
        if self.relay:
            self.all.stop(self.relay)
            self.relay = None

    def limit(self) -> dict[str, object]:
        limit: dict[str, object] = {
            "algorithm": "fixed-window",
            "limit": self.what.limit,
            "window": "1m",
            "by": "key",
        }
        return limit | ({"mode": self.what.mode} if self.what.mode else {})

    def configure(self) -> Path:
        what = self.what
        names = [f"limit-{number}" for number in range(what.limits)]
        action = {"proxy": "api"} if what.action == "proxy" else {"respond": {"status": 200, "body": "ok\n"}}
        routes: list[dict[str, object]] = [
            {"name": f"route-{number}", "match": {"path": f"/v1/things/{number}/parts"}, "proxy": "api"}
            for number in range(what.routes - 1)
        ]
        routes.append({"name": "api", "match": {"prefix": "/"}, **action, "limits": names})
        counters = {
            "redis": f"redis://127.0.0.1:{PORTS['REDIS']}/0",
            "relay": f"redis://127.0.0.1:{PORTS['RELAY']}/0",
            "memory": "memory:",
        }[what.counters]
        configuration = {
            "version": 1,
            "listeners": [{"address": f"127.0.0.1:{PORTS['PORT']}"}],
            "operations": {"address": f"127.0.0.1:{PORTS['OPERATIONS']}"},
            "store": {"url": f"sqlite:{self.directory}/wonkey.db"},
            "counters": {"url": counters, "timeout": "500ms"},
            "limits": {name: self.limit() for name in names},
            "upstreams": {
                "api": {"url": f"http://127.0.0.1:{PORTS['UPSTREAM']}", "connections": 1024, "pending": 4096}
            },
            "routes": routes,
            "logs": {"sink": what.sink, "spool": {"directory": f"{self.directory}/spool"}},
            "logging": {"level": "warning"},
        }
        path = self.directory / "wonkey.yaml"
        path.write_text(json.dumps(configuration, indent=1))  # JSON is YAML
        return path

    def issue_key(self, configuration: Path) -> None:
        admin: list[str | Path] = [(self.programs / "wonkey-admin").resolve(), "--config", configuration]
        admin += ["--output", "json"]
        run([*admin, "migrate"])
        project = json.loads(run([*admin, "project", "create", "benchmark"]))["id"]
        made = json.loads(run([*admin, "key", "create", "--project", project, "--name", "load"]))
        self.key = self.what.key or made["key"]
        if self.what.keys_issued > 1 or self.what.keys_used > 0:
            issue(self.directory / "wonkey.db", project, self.what.keys_issued)

    def headers(self) -> Headers:
        more = {f"X-Field-{number}": f"value-{number:04}" for number in range(self.what.fields)}
        return {"Authorization": f"Bearer {self.key}", **more}

    def metrics(self) -> dict[str, float]:
        """Every number without labels that the operations listener states."""
        url = f"http://127.0.0.1:{PORTS['OPERATIONS']}/metrics"
        text = urllib.request.urlopen(url, timeout=5).read().decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#") and "{" not in line)
        return {name: float(value) for name, _, value in lines}

    def settle(self) -> dict[str, float]:
        """Waits for the request log; also tells how far it was behind when the load ended."""
        metrics = self.metrics()
        behind = log_backlog(metrics)
        deadline = time.monotonic() + 30
        while log_backlog(metrics) > 0 and time.monotonic() < deadline:
            time.sleep(0.1)
            metrics = self.metrics()
        return {"log_behind_records": behind, "log_dropped": metrics["wonkey_log_records_dropped_total"]}

    def counts(self) -> dict[str, float]:
        return {"cached_keys": self.metrics()["wonkey_key_cache_entries"]}


class WonkeyLeases(Wonkey):
    """WonKey that takes blocks of a counter ahead of need."""

    def __init__(self, servers: Servers, directory: Path) -> None:
        super().__init__(servers, directory, "leases", "WonKey, leases", Variation(mode="leases"))

    def is_supported(self) -> bool:
        """Whether this wonkey knows the mode at all."""
        words = [str((self.programs / "wonkey").resolve()), "check", "--config", str(self.configure())]
        return subprocess.run(words, capture_output=True).returncode == 0


def log_backlog(metrics: dict[str, float]) -> float:
    return metrics["wonkey_log_records_queued"] + metrics["wonkey_log_records_spooled"]


def issue(path: Path, project: str, count: int) -> None:
    """Fills the key table by SQL; through the command line it would take hours."""

    def rows() -> Iterator[tuple[str, str, bytes, str, str]]:
        for number in range(1, count + 1):
            key = key_text(number)
            digest = hashlib.sha256(key.encode()).digest()
            yield f"key_bench{number}", project, digest, key[:16], f"bench {number}"

    with sqlite3.connect(path) as database:
        database.execute("PRAGMA cache_size = -262144")
        database.executemany(
            "INSERT INTO keys (id, project_id, hash, start, name, environment, state, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, 'live', 'active', 0, 0)",
            rows(),
        )
    database.close()
