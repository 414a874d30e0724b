"""Measures WonKey beside its peers on this machine, in one run, and writes what came out. Started by deploy/benchmark."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import report
from bench import Bench, Plan
from compare import PRODUCTS, build, compare
from contenders import Contender, Envoy, HAProxy, NginxLua, PlainNginx, Variation, Wonkey
from figures import Scenario
from micro import micro
from order import order
from processes import Failed, Servers
from scenarios import SCENARIOS
from soak import soak
from writer import SINKS

OWN_PROGRAMS = ".build/release"
"""Where deploy/benchmark builds."""

FUNCTION_ORDER = Path(__file__).parent.parent / "function-order.txt"
"""What deploy/lib/setup.sh has the linker read."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 3 minutes instead of about 25")
    parser.add_argument(
        "--only", metavar="SCENARIO", action="append", choices=list(SCENARIOS), help="repeatable: %(choices)s"
    )
    parser.add_argument(
        "--micro", action="store_true", help="count the instructions of the hot functions, and nothing else"
    )
    parser.add_argument(
        "--compare",
        metavar="REV",
        help="the hot functions of this tree and of a revision; status 1 if one takes 2 %% more",
    )
    parser.add_argument("--throughput", action="store_true", help="with --compare: run both proxies, too, in turn")
    parser.add_argument(
        "--order", action="store_true", help="write the list of functions that the linker puts side by side, nothing else"
    )
    parser.add_argument("--soak", choices=list(SINKS), help="20 000 log records a second for 10 minutes into that sink")
    parser.add_argument("--seconds", type=int, default=600, help="of --soak; default: 600")
    parser.add_argument("--out", metavar="DIRECTORY", default="data/benchmark", help="default: data/benchmark")
    parser.add_argument("--programs", metavar="DIRECTORY", default=OWN_PROGRAMS, help="use these, build nothing")
    parser.add_argument("--envoy", metavar="FILE", help="the envoy program; without it Envoy is left out")
    options = parser.parse_args()
    if options.throughput and not options.compare:
        parser.error("--throughput goes with --compare")
    return options


def machine() -> dict[str, str]:
    """What the figures were measured on, for whoever reads them."""

    def line(file: str, name: str) -> str:
        found = (text for text in Path(file).read_text().splitlines() if text.startswith(name))
        return next(found, f"{name}: unknown").split(":", 1)[1].strip()

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True).stdout.strip()

    memory = line("/proc/meminfo", "MemTotal").split()[0]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain") else ""),
        "processor": f"{os.cpu_count()} × {line('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(memory) / 1e6:.0f} GB" if memory.isdigit() else memory,
        "kernel": platform.release(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


@contextmanager
def bench(options: argparse.Namespace) -> Iterator[Bench]:
    """Everything that scenarios need, for as long as they run."""
    peers: list[type[Contender]] = [NginxLua, HAProxy, PlainNginx]
    if options.envoy:
        Envoy.program = Path(options.envoy).resolve()
        peers.append(Envoy)
    missing = [] if options.envoy else ["Envoy is left out: it could not be installed."]
    directory = Path(tempfile.mkdtemp(prefix="wonkey-benchmark-"))
    directory.chmod(0o755)  # nginx's workers run as another user when it is started by root
    try:
        with Servers(directory) as servers:
            yield Bench(servers, directory, Plan.quick() if options.quick else Plan.full(), peers, missing)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measured(options: argparse.Namespace) -> tuple[dict[str, Scenario], bool]:
    """The scenarios asked for, and whether WonKey failed in one or became slower than is allowed."""
    if options.micro:
        return {"micro": micro(Wonkey.programs)}, False
    if options.compare:
        return compared(options)
    chosen: dict[str, Callable[[Bench], Scenario]] = {name: SCENARIOS[name] for name in options.only or SCENARIOS}
    if options.soak:
        chosen = {"soak": lambda bench: soak(bench, options.soak, options.seconds)}
    results = {}
    with bench(options) as everything:
        for name, scenario in chosen.items():
            print(name, file=sys.stderr, flush=True)
            everything.notes = []
            results[name] = scenario(everything)
            results[name].notes += dict.fromkeys(everything.notes)
        return results, everything.has_failed


def compared(options: argparse.Namespace) -> tuple[dict[str, Scenario], bool]:
    root = Path(".build/compare")
    scenario, slower = compare(options.compare, Wonkey.programs, root)
    results = {"compare": scenario}
    if options.throughput:
        theirs = build(options.compare, PRODUCTS["whole"], root)
        with bench(options) as everything:
            contenders = [
                everything.wonkey("before", options.compare, Variation(), theirs),
                everything.wonkey("after", "WonKey, this tree"),
            ]
            tables = everything.throughput(contenders, [32, 256])
            title = f"Throughput against {options.compare}"
            results["compare-throughput"] = Scenario(title, tables, notes=everything.notes)
    return results, bool(slower)


def main() -> int:
    options = arguments()
    Wonkey.programs = Path(options.programs)
    if options.order:
        with bench(options) as everything:
            names = order(everything.servers, everything.directory)
        FUNCTION_ORDER.write_text("".join(f"{name}\n" for name in names))
        # The list is nothing that a build looks at: without the program it is linked again. Others' programs stay.
        if options.programs == OWN_PROGRAMS:
            (Wonkey.programs / "wonkey").unlink(missing_ok=True)
        print(f"{len(names)} functions written to {FUNCTION_ORDER}, by which wonkey is linked", file=sys.stderr)
        return 0
    description, started = machine(), time.monotonic()
    results, is_bad = measured(options)
    description["took"] = f"{time.monotonic() - started:.0f} s"
    print(report.write(Path(options.out), results, description))
    print(f"written to {options.out}", file=sys.stderr)
    return 1 if is_bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"benchmark: {failure}")
