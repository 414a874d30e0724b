"""The programs that are compared: how each is configured, started and asked."""

import hashlib
import json
import socket
import urllib.request
from pathlib import Path

from processes import Failed, run

HERE = Path(__file__).parent
PORTS = {"UPSTREAM": 14701, "PORT": 14702, "OPERATIONS": 14703, "REDIS": 14704, "ADMIN": 14705, "RELAY": 14706}
LIMIT = 1_000_000_000
PEER_KEY = "nb_live_0123456789abcdef0123456789abcdef"


def fill(template, directory, **words):
    """Writes a peer's configuration with the words between @ filled in, and returns its path."""
    text = (HERE / "peers" / template).read_text()
    for name, value in {**PORTS, "DIR": directory, "LIMIT": LIMIT, **words}.items():
        text = text.replace(f"@{name}@", str(value))
    path = Path(directory) / template
    path.write_text(text)
    return path


class Contender:
    """One program in one mode. ``start`` brings it up with what only it needs; ``servers`` are what it is charged for."""

    name = ""
    title = ""
    path = "/"

    def __init__(self, servers, directory):
        self.all = servers
        self.directory = Path(directory) / self.name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.servers = []
        self.redis = None

    def start(self):
        raise NotImplementedError

    def stop(self):
        for server in reversed(self.servers):
            self.all.stop(server)
        if self.redis:
            self.all.stop(self.redis)
        self.servers, self.redis = [], None

    @property
    def url(self):
        return f"http://127.0.0.1:{PORTS['PORT']}{self.path}"

    def headers(self):
        return {}

    def launch(self, command, port=None, **options):
        self.servers.append(self.all.start(self.name, command, port or PORTS["PORT"], **options))

    def launch_redis(self):
        words = ["redis-server", "--port", PORTS["REDIS"], "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.redis = self.all.start("redis", words, PORTS["REDIS"], cwd=self.directory)

    def cpu_seconds(self):
        """CPU time so far: the program's own, and its Redis'."""
        own = sum(server.cpu_seconds() for server in self.servers)
        return own, self.redis.cpu_seconds() if self.redis else 0.0

    def resident_bytes(self):
        return sum(server.resident_bytes() for server in self.servers)


class PlainNginx(Contender):
    name = "nginx"
    title = "nginx, forwarding only"

    def start(self):
        self.launch(["nginx", "-c", fill("nginx.conf", self.directory)])


class NginxLua(Contender):
    name = "nginx-lua"
    title = "nginx + Lua + Redis"

    def start(self):
        self.launch_redis()
        digest = hashlib.sha256(PEER_KEY.encode()).digest()
        set_key(digest)
        self.launch(["nginx", "-c", fill("nginx-lua.conf", self.directory)])

    def headers(self):
        return {"Authorization": f"Bearer {PEER_KEY}"}


class HAProxy(Contender):
    name = "haproxy"
    title = "HAProxy, stick table"

    def start(self):
        digest = hashlib.sha256(PEER_KEY.encode()).hexdigest()
        (self.directory / "keys.map").write_text(f"{digest} 1\n")
        self.launch(["haproxy", "-db", "-f", fill("haproxy.cfg", self.directory)])

    def headers(self):
        return {"Authorization": f"Bearer {PEER_KEY}"}


class Envoy(Contender):
    name = "envoy"
    title = "Envoy, key + local limit"
    program = "envoy"

    def start(self):
        configuration = fill("envoy.yaml", self.directory, KEY=PEER_KEY)
        words = [self.program, "-c", configuration, "--concurrency", "2", "--log-level", "error"]
        self.launch(words + ["--disable-hot-restart"])

    def headers(self):
        return {"Authorization": f"Bearer {PEER_KEY}"}


class Wonkey(Contender):
    """WonKey itself; subclasses and arguments vary one thing at a time."""

    name = "wonkey"
    title = "WonKey"
    programs = Path(".build/release")

    def __init__(self, servers, directory, name=None, title=None, **variation):
        self.name = name or self.name
        self.title = title or self.title
        super().__init__(servers, directory)
        self.counters = variation.pop("counters", "redis")
        self.sample = variation.pop("sample", 1)
        self.limits = variation.pop("limits", 1)
        self.routes = variation.pop("routes", 1)
        self.limit = variation.pop("limit", LIMIT)
        self.action = variation.pop("action", "proxy")
        self.mode = variation.pop("mode", None)
        self.prepare = variation.pop("prepare", None)
        self.path = variation.pop("path", "/")
        self.key_override = variation.pop("key", None)
        if variation:
            raise TypeError(f"unknown variation {', '.join(variation)}")
        self.key = None

    def start(self):
        if self.counters != "memory":
            self.launch_redis()
        configuration = self.configure()
        if self.key is None:
            self.issue_key(configuration)
        words = [self.programs / "wonkey", "run", "--config", configuration]
        self.launch([Path(words[0]).resolve()] + words[1:], cwd=self.directory)

    def configure(self):
        names = [f"limit-{number}" for number in range(self.limits)]
        limit = {"algorithm": "fixed-window", "limit": self.limit, "window": "1m", "by": "key"}
        if self.mode:
            limit["mode"] = self.mode
        action = {"proxy": "api"} if self.action == "proxy" else {"respond": {"status": 200, "body": "ok\n"}}
        routes = [
            {"name": f"route-{number}", "match": {"path": f"/v1/things/{number}/parts"}, "proxy": "api"}
            for number in range(self.routes - 1)
        ]
        routes.append({"name": "api", "match": {"prefix": "/"}, **action, "limits": names})
        counters = {
            "redis": f"redis://127.0.0.1:{PORTS['REDIS']}/0",
            "relay": f"redis://127.0.0.1:{PORTS['RELAY']}/0",
            "memory": "memory:",
        }[self.counters]
        configuration = {
            "version": 1,
            "listeners": [{"address": f"127.0.0.1:{PORTS['PORT']}"}],
            "operations": {"address": f"127.0.0.1:{PORTS['OPERATIONS']}"},
            "store": {"url": f"sqlite:{self.directory}/wonkey.db"},
            "counters": {"url": counters, "timeout": "500ms"},
            "limits": {name: limit for name in names},
            "upstreams": {
                "api": {"url": f"http://127.0.0.1:{PORTS['UPSTREAM']}", "connections": 512, "pending": 4096}
            },
            "routes": routes,
            "logs": {"sample": self.sample, "spool": {"directory": f"{self.directory}/spool"}},
            "logging": {"level": "warning"},
        }
        path = self.directory / "wonkey.yaml"
        path.write_text(json.dumps(configuration, indent=1))  # JSON is YAML
        return path

    def issue_key(self, configuration):
        admin = [Path(self.programs / "wonkey-admin").resolve(), "--config", configuration, "--output", "json"]
        run(admin + ["migrate"])
        project = json.loads(run(admin + ["project", "create", "benchmark"]))["id"]
        key = run(admin + ["key", "create", "--project", project, "--name", "load"])
        self.key = self.key_override or json.loads(key)["key"]
        if self.prepare:
            self.prepare(self.directory / "wonkey.db", project)

    def headers(self):
        return {"Authorization": f"Bearer {self.key}"}

    def log_counts(self):
        """What the request log says of itself: accepted, written, spooled, dropped."""
        text = urllib.request.urlopen(f"http://127.0.0.1:{PORTS['OPERATIONS']}/metrics", timeout=5).read().decode()
        counts = {}
        for line in text.splitlines():
            if line.startswith("wonkey_log_records_"):
                name, _, value = line.rpartition(" ")
                counts[name] = float(value)
        return counts


def set_key(digest):
    """Stores a key's hash in Redis; by the protocol itself, because redis-cli takes no arbitrary bytes as words."""
    words = [b"SET", b"key:" + digest, b"key_1"]
    command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    with socket.create_connection(("127.0.0.1", PORTS["REDIS"]), timeout=5) as redis:
        redis.sendall(command)
        if not redis.recv(64).startswith(b"+OK"):
            raise Failed("Redis did not take the peers' key")
