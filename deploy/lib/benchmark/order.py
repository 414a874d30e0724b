"""Finds the functions that run, for the linker to put them side by side: few pages of code, few misses of its caches."""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from contenders import Variation, Wonkey
from load import saturate
from micro import stripped
from processes import Failed, Servers, Words, run

HOT_CALLS_MIN = 500
"""What runs so often in a run of a few thousand requests is part of a request's way."""

VARIATIONS = {
    "store": Variation(),
    "lines": Variation(sink="stdout"),
    "leases": Variation(mode="leases"),
    "refused": Variation(limit=1, expected_status=429),
    "memory": Variation(counters="memory"),
}


class Watched(Wonkey):
    """WonKey under callgrind, which writes down what ran when it ends."""

    def launch(self, command: Words) -> None:
        self.output = self.directory / "callgrind"
        watch = ["valgrind", "--tool=callgrind", "--quiet", "--demangle=no", f"--callgrind-out-file={self.output}"]
        super().launch([*watch, *command])


def order(servers: Servers, directory: Path) -> list[str]:
    """The names of all functions that ran, those of requests first; the upstream runs already."""
    if not shutil.which("valgrind"):
        raise Failed("valgrind is missing, without which nobody knows what ran")
    calls: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="wonkey-order-") as copies:
        program = stripped(Wonkey.programs / "wonkey", Path(copies))
        shutil.copy(Wonkey.programs / "wonkey-admin", program.parent)
        for name, what in VARIATIONS.items():
            contender = Watched(servers, directory, f"order-{name}", f"WonKey, {name}", what, program.parent)
            contender.start()
            saturate(contender.address, contender.path, contender.headers(), connections=16, seconds=4)
            contender.settle()
            contender.stop()
            calls.update(counted(contender.output.read_text(errors="replace").splitlines()))
        return sorted_names(calls, defined(program))


def counted(lines: Iterable[str]) -> Counter[str]:
    """How often each function was called, from callgrind's output, which names a function once and then numbers it."""
    names: dict[str, str] = {}
    calls: Counter[str] = Counter()
    callee = ""
    for line in lines:
        if function := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line):
            if function[3]:
                names[function[2]] = function[3].split("'")[0]
            if function[1]:
                callee = names[function[2]]
            else:
                calls[names[function[2]]] += 0
        elif line.startswith("calls="):
            calls[callee] += int(line[6:].split()[0])
    return calls


def defined(program: Path) -> set[str]:
    """The functions that are in the program itself, and not in a library."""
    fields = (line.split() for line in run(["nm", "--defined-only", program]).splitlines())
    return {words[2] for words in fields if len(words) == 3 and words[1] in "tTwW"}


def sorted_names(calls: Counter[str], known: set[str]) -> list[str]:
    """Those that are known, the often called ones first, each part by name: so modules stay together, and changes small."""
    return sorted((name for name in calls if name in known), key=lambda name: (calls[name] < HOT_CALLS_MIN, name))
