"""What is measured, each against its bound in the design; a case gives the rows of the table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.browser import openings
from bench.estates import Estate
from bench.forest import Shape, grow
from bench.pages import LONG, WIDE, Asked
from bench.pasts import Extent, Past
from bench.stopwatch import asked, medians, say

LARGE = Shape(repos=27, days=3704)
ONE_YEAR = Shape(repos=27, days=365)
NODES, NODE = 50, Shape(repos=20, days=100)
TEN_THOUSAND = Shape(repos=27, days=93, times_a_day=4, linked=True)
A_MILLION = Shape(repos=69, days=3624, times_a_day=4, linked=True)
ORIGINAL = r"find {root} -name '*.tar.gz' -exec du --block-size=1M {{}} \;"


@dataclass(frozen=True)
class Row:
    """One line of the table; `found` and `bound` are in the same unit."""

    work: str
    ours: str
    reference: str
    found: float
    bound: float
    unit: str = "x"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the bound is kept."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound


class Bench:
    """The benchmarks in a directory, where the trees stay for the next time."""

    def __init__(self, directory: Path, *, quick: bool) -> None:
        self.directory = directory
        self.quick = quick

    def tree(self, name: str, shape: Shape) -> Path:
        """Return the root of a tree, laying what is missing of it."""
        root = self.directory / "trees" / name
        root.mkdir(parents=True, exist_ok=True)
        say(f"tree {name}: {shape.tarballs:,} tarballs with sidecars")
        grow(root, shape, datetime.now(UTC))
        return root

    def looks(self) -> Iterator[Row]:
        """Yield the looks at 100,000 tarballs on one node, and the original command on the same tree."""
        with Estate(self.directory / "looks", [self.tree("large", LARGE)]) as estate:
            estate.raw()

            def first() -> float:
                estate.forget()
                return estate.collect().seconds

            say("first look")
            ours, raw = medians(first, estate.raw)
            yield against("first look at 100,000 tarballs", ours, raw, 3)
            say("unchanged looks")
            daily, full, raw = medians(
                lambda: estate.collect().seconds,
                lambda: estate.collect("--full").seconds,
                estate.raw,
            )
            yield against("unchanged look at 100,000, whole command", daily, raw, 1.5)
            yield against("unchanged look at 100,000, `--full`", full, raw, 1.5)
            if not self.quick:
                say("the original command, once")
                original = estate.raw(ORIGINAL)
                yield beating(
                    "the original `find … -exec du` against the daily look", daily, original
                )
                yield beating("the original against `--full`", full, original)
            yield from self.series(estate)
            yield from self.daily_against_one_year(estate)

    def daily_against_one_year(self, ten_years: Estate) -> Iterator[Row]:
        """Yield the daily look at ten years of history against that at one."""
        with Estate(self.directory / "year", [self.tree("year", ONE_YEAR)]) as one_year:
            one_year.collect()
            say("daily looks")
            ten, one = medians(
                lambda: ten_years.collect().seconds, lambda: one_year.collect().seconds
            )
            yield against("daily look, ten years of history against one", ten, one, 1.2)

    def series(self, estate: Estate) -> Iterator[Row]:
        """Yield time and size of the chart data of 27 repos over ten years."""
        answer = asked("/api/v1/series/B/N0/?range=all", estate.environment)
        yield value("chart data, 27 repos x 10 years", answer["seconds"] * 1000, 50, "ms")
        yield value("the same, compressed", answer["compressed_bytes"] / 1000, 150, "kB")

    def many_nodes(self) -> Iterator[Row]:
        """Yield 50 nodes looked at together, and the page of a hub that is on all of them."""
        roots = [self.tree(f"node{number}", NODE) for number in range(NODES)]
        with Estate(self.directory / "nodes", roots) as estate:
            say("first look at 50 nodes")
            estate.collect()
            say("50 nodes at once")
            daily, full, raw = medians(
                lambda: estate.collect().seconds,
                lambda: estate.collect("--full").seconds,
                estate.raw,
            )
            yield against("50 nodes x 2,000 tarballs at once", daily, raw, 1.5)
            yield against("50 nodes x 2,000 tarballs at once, `--full`", full, raw, 1.5)
            page = asked("/hubs/B/", estate.environment)
            yield value("hub page with 50 nodes", page["seconds"] * 1000, 150, "ms")
            yield value("its queries", page["queries"], 25, "queries")

    def judging(self) -> Iterator[Row]:
        """Yield the judgement of 20 repos on 6 replicas after ten years and after one, and two years of it replayed."""
        say("history of ten years")
        ten_years = Past(self.directory / "ten_years", Extent(3650))
        say("history of one year")
        one_year = Past(self.directory / "one_year", Extent(365))
        ten_years.judge(), one_year.judge()
        ten, one = medians(lambda: ten_years.judge().seconds, lambda: one_year.judge().seconds)
        yield value("judging 20 repos x 6 replicas x 10 years, whole command", ten, 2, "s")
        yield against("the same, ten years of history against one", ten, one, 1.2)
        say("two years, a look every 6 hours")
        replayed = ten_years.backtest(730).seconds
        yield value("backtest of 2 years x 20 repos x 6 replicas, every 6 h", replayed, 60, "s")

    def pages(self) -> Iterator[Row]:
        """Yield what pages, pictures and series take in the server, beside bare SQL for the same rows."""
        say("10 hubs x 10 nodes x 100 repos")
        wide = Past(self.directory / "wide", Extent(10, repos=100, replicas=10, hubs=10))
        for page in WIDE:
            yield from self._asked(wide, page, 150)
        say("27 repos x 10 years")
        long = Past(self.directory / "long", Extent(3650, repos=27, replicas=1))
        for page in LONG:
            yield from self._asked(long, page, 50)

    def _asked(self, past: Past, page: Asked, most_ms: float) -> Iterator[Row]:
        answer = past.ask(page.url, page.sql)
        ours, raw = answer["seconds"] * 1000, answer["sql_seconds"] * 1000
        yield Row(page.name, f"{ours:.3g} ms", f"SQL {raw:.3g} ms", ours, most_ms, "ms")
        yield value(f"{page.name}: queries", answer["queries"], 25, "queries")

    def browser(self) -> Iterator[Row]:
        """Yield how soon a chart of ten years answers in a browser, against Chart.js with the same data sent whole."""
        say("history of ten years, 27 repos")
        past = Past(self.directory / "charted", Extent(3_650, repos=27, replicas=1))
        ours, whole = openings(past)
        yield Row(
            "chart of 27 repos x 10 years in Chromium, from the click until it answers a hover",
            f"{ours.seconds:.2f} s",
            f"{whole.seconds:.2f} s sent whole",
            ours.seconds,
            1,
            "s",
        )
        yield Row(
            "its data, compressed",
            f"{ours.sent_bytes / 1000:.0f} kB",
            f"{whole.sent_bytes / 1000:.0f} kB sent whole",
            ours.sent_bytes / 1000,
            150,
            "kB",
        )
        yield Row(
            "its memory in the browser",
            f"{ours.heap_bytes / 1e6:.1f} MB",
            f"{whole.heap_bytes / 1e6:.1f} MB sent whole",
            ours.heap_bytes / whole.heap_bytes,
            1,
        )

    def memory(self) -> Iterator[Row]:
        """Yield the peak memory of a first look at a million tarballs against one at ten thousand."""
        peaks = []
        for name, shape in (("ten_thousand", TEN_THOUSAND), ("million", A_MILLION)):
            root = self.tree(name, shape)
            with Estate(self.directory / "memory", [root]) as estate:
                say(f"first look and full look at {shape.tarballs:,}")
                peaks.append([estate.collect().peak_bytes, estate.collect("--full").peak_bytes])
        for what, small, large in zip(("first look", "unchanged, `--full`"), *peaks, strict=True):
            yield Row(
                f"peak memory, 1,000,000 against 10,000 tarballs, {what}",
                f"{large / 1e6:.0f} MB",
                f"{small / 1e6:.0f} MB",
                large / small,
                1.3,
            )


def against(work: str, ours: float, reference: float, bound: float) -> Row:
    """Return the row of a time that is bounded by another."""
    return Row(work, f"{ours:.2f} s", f"{reference:.2f} s", ours / reference, bound)


def beating(work: str, ours: float, original: float) -> Row:
    """Return the row of the original command, which must be beaten by far."""
    times = original / ours
    return Row(work, f"{ours:.2f} s", f"{original:.1f} s", times, 30, at_least=True)


def value(work: str, found: float, bound: float, unit: str) -> Row:
    """Return the row of a number that is bounded by itself."""
    return Row(work, f"{found:.3g} {unit}", "", found, bound, unit)
