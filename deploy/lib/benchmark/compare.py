"""Builds another revision beside this one and compares the two."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from columns import COLUMNS
from figures import Row, Scenario, Table
from micro import micro, regressions
from processes import run

PRODUCTS = {"micro": ["micro-benchmarks"], "whole": ["micro-benchmarks", "wonkey", "wonkey-admin"]}


def build(revision: str, products: list[str], root: Path) -> Path:
    """Checks the revision out into a worktree and builds it there; returns where its programs are.

    Worktree and build folder stay for the next revision: building that is then much faster.
    """
    commit = run(["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]).strip()
    source, scratch = root / "source", root / "build"
    if (source / ".git").exists():
        run(["git", "-C", source, "checkout", "--quiet", "--force", "--detach", commit])
    else:
        run(["git", "worktree", "prune"])
        run(["git", "worktree", "add", "--quiet", "--force", "--detach", source, commit])
    # Dependencies are held, so that the difference is our own.
    if Path("Package.resolved").exists():
        shutil.copy("Package.resolved", source / "Package.resolved")
    for product in products:
        print(f"  building {product} of {commit[:7]}", file=sys.stderr, flush=True)
        flags = shlex.split(os.environ["RELEASE_FLAGS"])
        words = ["swift", "build", *flags, "--scratch-path", scratch.resolve(), "--product", product]
        run(words, cwd=source, env={"WONKEY_BENCHMARKS": "1"})
    return scratch / "release"


def compare(revision: str, programs: Path, root: Path) -> tuple[Scenario, list[str]]:
    """The hot functions of both, and which of them have become slower than is allowed."""
    theirs = build(revision, PRODUCTS["micro"], root)
    before, after = micro(theirs), micro(programs)
    old, new = before.tables[0], after.tables[0]
    measure = new.shown[0]
    table = Table("compare", "Function", ["before", "after", "change"], "change")
    for row in new.rows:
        found = old.row(row.id)
        figures = {"after": row.figures[measure]}
        if found is not None:
            figures["before"] = found.figures[measure]
            figures["change"] = row.figures[measure].ratio(found.figures[measure])
        table.rows.append(Row(row.id, row.title, figures))
    slower = regressions(old, new, measure)
    heading = COLUMNS[measure].heading
    scenario = Scenario(f"Hot functions against {revision}: {heading}", [table], notes=after.notes)
    scenario.notes += [f"**Slower:** {line}" for line in slower]
    return scenario, slower
