"""A PostgreSQL of the suite's own, set up for a log of some size."""

import os
import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import Failed, Servers, run

PORT = 14707


def folder() -> Path:
    """Where Debian puts the programs, or where PATH leads."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -float(path.parts[-3]))
    found = versions[0] if versions else shutil.which("initdb")
    if not found:
        raise Failed("PostgreSQL is not installed (Debian: apt-get install postgresql-15)")
    return Path(found).parent


def unprivileged(directory: Path) -> list[str]:
    """PostgreSQL refuses to run as root: words that make a command run as somebody else, who is given the directory."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


SETTINGS = [
    word
    for setting in ["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=15min", "wal_compression=lz4"]
    for word in ("-c", setting)
]
"""What whoever writes a log of this size sets; Debian's defaults are for 128 MB and a checkpoint each gigabyte."""


@contextmanager
def cluster(servers: Servers, directory: Path) -> Iterator[str]:
    """The URL of a new cluster that runs while inside the context."""
    programs, home = folder(), directory / "postgres"
    home.mkdir()
    prefix = unprivileged(home)
    options = ["-U", "wonkey", "-A", "trust", "-E", "UTF8", "--locale=C"]
    run([*prefix, programs / "initdb", "-D", home / "data", *options], cwd=home)
    words = [*prefix, programs / "postgres", "-D", home / "data", "-k", home, "-h", "127.0.0.1", "-p", PORT, *SETTINGS]
    server = servers.start("postgres", words, PORT, cwd=home)
    try:
        place = ["-h", "127.0.0.1", "-p", PORT, "-U", "wonkey"]
        wait(programs, place)
        run([programs / "createdb", *place, "--maintenance-db=postgres", "wonkey"])
        yield f"postgres://wonkey@127.0.0.1:{PORT}/wonkey?sslmode=disable"
    finally:
        servers.stop(server)


def wait(programs: Path, place: list[str | int]) -> None:
    """Until the server takes sessions: it listens before, while it still makes room for itself."""
    deadline = time.monotonic() + 30
    while True:
        try:
            run([programs / "pg_isready", "--quiet", *place])
            return
        except Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
