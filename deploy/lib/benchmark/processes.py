"""Starts servers on loopback, accounts for their CPU time and memory, and stops every one of them again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
Words = Sequence[object]
"""A command's words, each of which is written as its text."""


class Failed(Exception):
    """Something the benchmark needs did not work; the message says what and where to look."""


class Server:
    """A running program with everything it started."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    def pids(self) -> list[int]:
        """The process and all its descendants that are alive."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = stat_fields(int(entry.name))
                if fields:
                    children.setdefault(int(fields[1]), []).append(int(entry.name))
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            queue += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """User and system time so far, of the process, its living descendants, and the dead ones it has waited for."""
        ticks = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if fields:
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Resident set of the process and its descendants, pages that they share counted for each."""
        return sum(memory_field(pid, "status", "VmRSS:") for pid in self.pids())

    def resident_bytes_max(self) -> int:
        """The highest resident set of each so far."""
        return sum(memory_field(pid, "status", "VmHWM:") for pid in self.pids())

    def proportional_bytes(self) -> int:
        """Proportional set size: pages that several processes share are counted once."""
        return sum(memory_field(pid, "smaps_rollup", "Pss:") for pid in self.pids())

    def check(self) -> None:
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.process.returncode}; its output: {self.tail()}")

    def tail(self) -> str:
        text = self.log.read_text(errors="replace").strip()
        return " | ".join(text.splitlines()[-5:]) or "(none)"


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command name, or None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def memory_field(pid: int, file: str, name: str) -> int:
    """Bytes that a line of /proc/PID/FILE states in kB, or 0."""
    try:
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Servers:
    """The programs of one run; leaving the context stops them, also after a failure."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: list[Server] = []

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        for server in list(reversed(self.running)):
            self.stop(server)

    def start(
        self,
        name: str,
        command: Words,
        port: int | None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        patience: float = 30,
    ) -> Server:
        """Starts a program and waits until it accepts connections on the port, if it has one."""
        log = self.directory / f"{name}.log"
        if port is not None and is_listening(port):
            raise Failed(f"port {port}, wanted for {name}, is in use: stop what listens there")
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        server = Server(name, process, log)
        self.running.append(server)
        deadline = time.monotonic() + patience
        while port is not None and not is_listening(port):
            server.check()
            if time.monotonic() > deadline:
                raise Failed(f"{name} does not listen on port {port} after {patience} s; its output: {server.tail()}")
            time.sleep(0.02)
        return server

    def stop(self, server: Server) -> None:
        """Asks the program and all it started to end, and makes them."""
        if server in self.running:
            self.running.remove(server)
        for signal_number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(server.process.pid, signal_number)
            except ProcessLookupError:
                pass
            try:
                server.process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                pass


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(command: Words, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Runs a command to its end and returns its output; a failure carries the output's end."""
    words = [str(word) for word in command]
    result = subprocess.run(
        words, capture_output=True, text=True, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL
    )
    if result.returncode != 0:
        tail = " | ".join((result.stdout + result.stderr).strip().splitlines()[-5:])
        raise Failed(f"{words[0]} ended with status {result.returncode}: {tail}")
    return result.stdout
