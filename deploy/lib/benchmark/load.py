"""Loads a server: wrk as fast as it goes, our load-generator at a fixed rate."""

import json
import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from processes import run

Headers = Mapping[str, str]

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

# Takes so many keys in turn, numbered as `key_text` numbers them.
WRK_KEYS = """
local number = %d
function request()
  number = number %% %d + 1
  wrk.headers["Authorization"] = string.format("Bearer nb_live_%%032x", number)
  return wrk.format()
end
"""


def key_text(number: int) -> str:
    return f"nb_live_{number:032x}"


def saturate(
    address: str, path: str, headers: Headers, connections: int, seconds: float, keys: int = 0, first_key: int = 0
) -> dict[str, float]:
    """Sends requests back to back on so many connections, with so many keys in turn if any, from one of them on.

    Returns requests, seconds, failed answers (not 2xx or 3xx), broken connections, and latencies in microseconds.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_REPORT + (WRK_KEYS % (first_key, keys) if keys else ""))
        script.flush()
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script.name]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        output = run([*words, f"http://{address}{path}"])
    result: dict[str, float] = json.loads(next(line[7:] for line in output.splitlines() if line.startswith("RESULT ")))
    result["seconds"] = result.pop("microseconds") / 1e6
    return result


def paced(
    program: Path, address: str, path: str, headers: Headers, rate: int, connections: int, seconds: int
) -> dict[str, float]:
    """Sends that many requests per second, evenly; latencies in microseconds from when each was due."""
    words: list[str | int | Path] = [program, address, "--path", path, "--rate", rate, "--connections", connections]
    words += ["--seconds", seconds, "--warmup", 1]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    result: dict[str, float] = json.loads(run(words))
    return result


class IdleConnections:
    """Connections that are opened and then used for nothing, while inside the context."""

    def __init__(self, address: tuple[str, int], count: int) -> None:
        self.address = address
        self.count = count
        self.stack = ExitStack()

    def __enter__(self) -> None:
        for _ in range(self.count):
            self.stack.enter_context(socket.create_connection(self.address, timeout=10))

    def __exit__(self, *_: object) -> None:
        self.stack.close()


def status_of(address: tuple[str, int], path: str, headers: Headers) -> int:
    """The status of one request on a connection of its own; 0 without an answer."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {path} HTTP/1.1\r\nHost: {address[0]}\r\nConnection: close\r\n{fields}\r\n"
    try:
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(64)
    except OSError:
        return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
