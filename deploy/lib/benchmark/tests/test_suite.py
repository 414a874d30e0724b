"""Checks what the benchmark decides by itself: statistics, targets, regressions and the pages it writes.

Run by deploy/test, or: python3 -m unittest discover deploy/lib/benchmark/tests
"""

import json
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import report
from bench import rows_of, step_costs
from contenders import Contender
from figures import Figure, Lines, Row, Scenario, Table, combined, slope
from micro import regressions
from order import counted, sorted_names
from targets import TARGETS, judge


def table(identifier: str, rates: dict[str, tuple[float, ...]], name: str = "requests_per_second") -> Table:
    rows = [Row(row, f"WonKey {row}", {name: Figure(values)}) for row, values in rates.items()]
    return Table(identifier, f"{identifier} connections", [name, "rate_ratio"], name, rows)


class Order(unittest.TestCase):
    def test_calls_are_counted(self) -> None:
        """A function is named once and numbered afterwards; a recursive one counts as itself."""
        lines = ["fn=(1) main", "+1 5", "cfn=(2) hot", "calls=3 0", "0 9", "fn=(2)", "cfn=(3) hot'2", "calls=4 0", "0 1"]
        self.assertEqual(counted(lines), {"main": 0, "hot": 7})

    def test_names_of_requests_come_first(self) -> None:
        """By name within each part, so that the list changes little; what the program does not have is left out."""
        calls = counted(["fn=(1) b", "fn=(2) libc", "fn=(3) c", "fn=(4) a", "cfn=(4)", "calls=900 0", "0 1"])
        self.assertEqual(sorted_names(calls, {"a", "b", "c", "d"}), ["a", "b", "c"])
        self.assertEqual(sorted_names(calls, {"b", "c"}), ["b", "c"])


class Figures(unittest.TestCase):
    def test_median_and_spread(self) -> None:
        """The middle round counts, and the spread is a share of it."""
        figure = Figure((90.0, 100.0, 130.0))
        self.assertEqual((figure.median, figure.spread, figure.total), (100.0, 0.4, 320.0))
        self.assertEqual(Figure((0.0, 0.0)).spread, 0.0)

    def test_ratio_is_of_rounds(self) -> None:
        """A slow minute that met both in the same round leaves the ratio as it was."""
        self.assertEqual(Figure((10.0, 5.0, 10.0)).ratio(Figure((20.0, 10.0, 20.0))), Figure((0.5, 0.5, 0.5)))
        self.assertEqual(Figure((1.0,)).ratio(Figure((0.0,))), Figure((0.0,)))

    def test_ratio_of_unequal_rounds(self) -> None:
        """Of one that failed midway only the rounds are compared that both ran."""
        self.assertEqual(Figure((10.0, 30.0)).ratio(Figure((10.0,))), Figure((1.0,)))

    def test_combined(self) -> None:
        self.assertEqual(combined([{"a": 1, "b": 2}, {"a": 3, "b": 4}]), {"a": Figure((1, 3)), "b": Figure((2, 4))})

    def test_slope(self) -> None:
        self.assertAlmostEqual(slope([(0, 1), (1, 3), (2, 5)]), 2.0)
        self.assertEqual((slope([]), slope([(1, 1)]), slope([(1, 1), (1, 9)])), (0.0, 0.0, 0.0))

    def test_steps(self) -> None:
        """Each part costs what it adds to the part before."""
        parts = table("32", {"gate": (5.0,), "redis": (12.0,), "log": (15.0,)}, "cpu_total_us")
        step_costs(parts)
        self.assertEqual([row.figures.get("cpu_step_us") for row in parts.rows], [None, Figure((7.0,)), Figure((3.0,))])

    def test_rows_of_those_measured(self) -> None:
        class One(Contender):
            name, title = "one", "One"

            def __init__(self) -> None:
                pass

        class Two(One):
            name = "two"

        rows = rows_of([One(), Two()], {"one": [{"x": 1.0}]})
        self.assertEqual(rows, [Row("one", "One", {"x": Figure((1.0,))})])


class Targets(unittest.TestCase):
    def verdicts(self, results: dict[str, Scenario]) -> dict[str, tuple[str, str]]:
        return {verdict.target.title: (verdict.text, verdict.word) for verdict in judge(results)}

    def test_nothing_measured(self) -> None:
        """Without results no target is hit and none is missed."""
        self.assertEqual(set(self.verdicts({}).values()), {("–", "not measured")})
        self.assertEqual(len(self.verdicts({})), len(TARGETS), "titles are unique")

    def test_worst_table_counts(self) -> None:
        """The lowest ratio of all connection counts is held against the bound, but for a single connection."""
        tables = [
            table("1", {"wonkey": (10.0,), "nginx-lua": (100.0,)}),
            table("32", {"wonkey": (200.0,), "nginx-lua": (100.0,)}),
            table("256", {"wonkey": (140.0,), "nginx-lua": (100.0,)}),
        ]
        verdict = self.verdicts({"throughput": Scenario("", tables)})
        self.assertEqual(verdict[TARGETS[0].title], ("1.40×", "**missed**"))
        tables[2] = table("256", {"wonkey": (150.0,), "nginx-lua": (100.0,)})
        verdict = self.verdicts({"throughput": Scenario("", tables)})
        self.assertEqual(verdict[TARGETS[0].title], ("1.50×", "hit"))

    def test_lost_throughput(self) -> None:
        log = Scenario("", [table("32", {"off": (100.0, 200.0), "on": (96.0, 192.0)})])
        verdict = self.verdicts({"log": log})
        self.assertEqual(verdict["throughput lost to the request log"], ("4.0%", "hit"))

    def test_memory_of_keys(self) -> None:
        """What lies beyond 64 MB is shared by the keys in the cache."""
        rows = [Row("many-used", "", {"rss_bytes": Figure((66e6,)), "cached_keys": Figure((10_000.0,))})]
        verdict = self.verdicts({"keys": Scenario("", [Table("32", "", [], "rss_bytes", rows)])})
        self.assertEqual(verdict["RSS beyond 64 MB, per key in the cache"], ("200 bytes", "**missed**"))


class Regressions(unittest.TestCase):
    def test_more_than_two_percent(self) -> None:
        """Two percent more is allowed, more is not, and what is new has nothing to be held against."""
        before = table("micro", {"same": (1000.0,), "slower": (1000.0,)}, "instructions")
        after = table("micro", {"same": (1020.0,), "slower": (1021.0,), "new": (1.0,)}, "instructions")
        self.assertEqual(regressions(before, after), ["WonKey slower: +2.1% instructions"])


class Pages(unittest.TestCase):
    def test_page_and_charts(self) -> None:
        """Every table and chart is written, whatever is in a title, and the JSON holds every round."""
        first, second = table("32", {"a<b>&": (1.0, 3.0)}), table("256", {"a<b>&": (0.0, 0.0)})
        odd = table("other", {"x": (5.0,), "y": (7.0,)})
        soak = Scenario("Soak", lines=[Lines("memory", "Memory", "MB", {"RSS": [(0.0, 1.0), (1.0, 2.0)]})])
        results = {
            "even": Scenario("Even", [first, second], notes=["a note"]),
            "odd": Scenario("Odd", [first, odd]),
            "soak": soak,
        }
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            page = report.write(folder, results, {"machine": "none"})
            files = sorted(path.name for path in folder.iterdir())
            drawn = ["even.svg", "odd-32.svg", "odd-other.svg", "soak-memory.svg"]
            self.assertEqual(files, sorted([*drawn, "results.json", "results.md"]))
            for file in drawn:
                ElementTree.parse(folder / file)
                self.assertIn(f"({file})", page)
            written = json.loads((folder / "results.json").read_text())
        self.assertIn("* a note", page)
        rounds = written["scenarios"]["even"]["tables"]["32"]["rows"]["a<b>&"]["requests_per_second"]["rounds"]
        self.assertEqual(rounds, [1.0, 3.0])

    def test_table_lines(self) -> None:
        """A column that no row has is left out, and a cell that a row lacks is a dash."""
        shown = Table("t", "T", ["requests_per_second", "p99_us", "cpu_us"], "requests_per_second")
        shown.rows = [
            Row("a", "A", {"requests_per_second": Figure((1000.0, 1200.0)), "p99_us": Figure((7.0,))}),
            Row("b", "B", {"requests_per_second": Figure((900.0,))}),
        ]
        lines = [
            "| T | requests/s | p99 µs | spread |",
            "|---|--:|--:|--:|",
            "| A | 1,100 | 7 | 18% |",
            "| B | 900 | – | – |",
        ]
        self.assertEqual(report.table_lines(shown), lines)


if __name__ == "__main__":
    unittest.main()
