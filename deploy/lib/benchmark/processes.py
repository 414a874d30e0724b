"""Starts servers on loopback, accounts for their CPU time and memory, and stops every one of them again."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """Something the benchmark needs did not work; the message says what and where to look."""


class Server:
    """A running program with everything it started."""

    def __init__(self, name, process, log):
        self.name = name
        self.process = process
        self.log = log

    def pids(self):
        """The process and all its descendants that are alive."""
        children = {}
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

    def cpu_seconds(self):
        """User and system time so far, of the process and its living descendants."""
        ticks = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if fields:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS_PER_SECOND

    def resident_bytes(self):
        """Proportional set size of the process and its descendants: shared pages are counted once."""
        total = 0
        for pid in self.pids():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                pass
        return total

    def check(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.process.returncode}; its output: {self.tail()}")

    def tail(self):
        text = Path(self.log).read_text(errors="replace").strip()
        return " | ".join(text.splitlines()[-5:]) or "(none)"


def stat_fields(pid):
    """The fields of /proc/PID/stat after the command name, or None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


class Servers:
    """The programs of one run; leaving the context stops them, also after a failure."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in reversed(self.running):
            self.stop(server)

    def start(self, name, command, port, cwd=None, env=None, patience=30):
        """Starts a program and waits until it accepts connections on the port."""
        log = self.directory / f"{name}.log"
        if is_listening(port):
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
        while not is_listening(port):
            server.check()
            if time.monotonic() > deadline:
                raise Failed(f"{name} does not listen on port {port} after {patience} s; its output: {server.tail()}")
            time.sleep(0.05)
        return server

    def stop(self, server):
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


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(command, **options):
    """Runs a command to its end and returns its output; a failure carries the output's end."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        tail = " | ".join((result.stdout + result.stderr).strip().splitlines()[-5:])
        raise Failed(f"{command[0]} ended with status {result.returncode}: {tail}")
    return result.stdout
