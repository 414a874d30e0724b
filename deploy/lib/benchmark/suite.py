"""Measures WonKey beside its peers on this machine, in one run, and writes what came out. Started by deploy/benchmark."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report
from contenders import Envoy, HAProxy, NginxLua, PlainNginx, Wonkey
from processes import Failed, Servers
from scenarios import SCENARIOS, Bench, Plan


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 3 minutes instead of about 25")
    parser.add_argument("--only", metavar="SCENARIO", action="append", choices=list(SCENARIOS), help="repeatable")
    parser.add_argument("--out", metavar="DIRECTORY", default="data/benchmark", help="default: data/benchmark")
    parser.add_argument("--programs", metavar="DIRECTORY", default=".build/release", help="where wonkey was built")
    parser.add_argument("--envoy", metavar="FILE", help="the envoy program; without it Envoy is left out")
    return parser.parse_args()


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
    memory = next(int(l.split()[1]) for l in open("/proc/meminfo") if l.startswith("MemTotal"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit + (" with changes" if changed else ""),
        "processor": model,
        "cores": os.cpu_count(),
        "memory": f"{memory / 1e6:.0f} GB",
        "kernel": platform.release(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def main():
    options = arguments()
    Wonkey.programs = Path(options.programs)
    peers = [NginxLua, HAProxy, PlainNginx]
    if options.envoy:
        Envoy.program = options.envoy
        peers.append(Envoy)
    else:
        print("Envoy is left out: it could not be installed", file=sys.stderr)
    results, started = {}, time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="wonkey-benchmark-"))
    directory.chmod(0o755)  # nginx's workers run as another user when it is started by root
    description = machine()
    try:
        with Servers(directory) as servers:
            bench = Bench(servers, directory, Plan(options.quick), lambda line: print("  " + line, flush=True))
            for name in options.only or SCENARIOS:
                print(f"{name}", flush=True)
                results[name] = SCENARIOS[name](bench, peers)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    description["took"] = f"{time.monotonic() - started:.0f} s"
    print(report.write(options.out, results, description))
    print(f"written to {options.out}")


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"benchmark: {failure}")
