"""Many scores in one table, as Markdown that also reads well on a terminal."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bench.detection.scoring import (
    SEVERITIES,
    Detection,
    Finding,
    Score,
    grouped,
    quantile,
    wilson,
)

ROWS = (
    "missing_run",
    "outage",
    "replica_lag",
    "clock_behind",
    "clock_ahead",
    "truncated",
    "empty",
    "silent_shrink",
    "slow_decline_source",
    "slow_decline_copy",
    "runaway_growth",
    "stale_copy",
    "digest_mismatch",
    "sidecar",
    "purged_too_much",
    "never_purged",
    "duplicate_stamp",
    "renamed",
    "missed_night",
    "disk_filling",
    "disk_burst",
    "node_clock",
    "node_out",
    "double",
    "holidays",
)
REFERENCE_ROWS = ROWS[:16]  # the classes of the reference's table
APART = ("cold_start", "monitor_dead")  # not in the macro recall
DRIFTS = ("slow_decline_source", "slow_decline_copy", "runaway_growth")
FEW = 30
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Recall:
    """How a judge did on one class."""

    row: str
    found: int
    of: int
    hours: tuple[float, ...]  # from the onset, of those found
    named: int
    losses: tuple[float, ...]

    @property
    def share(self) -> float:
        """Of the faults, those that were found."""
        return self.found / self.of if self.of else 0.0

    @property
    def median_hours(self) -> float | None:
        """Median time to detection."""
        return quantile(self.hours, 0.5)


class Total:
    """The scores of one judge on many worlds, summed."""

    def __init__(self, scores: Sequence[Score]) -> None:
        self.scores = scores
        self.node_years = sum(score.node_years for score in scores)
        self._by_row: dict[str, list[Detection]] = {}
        for detection in itertools.chain.from_iterable(score.detections for score in scores):
            self._by_row.setdefault(detection.row, []).append(detection)

    def recall(self, row: str) -> Recall:
        """Return how a class was found."""
        detections = self._by_row.get(row, [])
        found = [each for each in detections if each.found_after is not None]
        return Recall(
            row,
            len(found),
            len(detections),
            tuple(each.found_after / HOUR for each in found if each.found_after is not None),
            sum(each.is_named for each in found),
            tuple(each.loss for each in found if each.loss is not None),
        )

    def macro(self, rows: Iterable[str]) -> float:
        """Return the mean recall of the classes of which there are any."""
        shares = [recall.share for recall in map(self.recall, rows) if recall.of]
        return sum(shares) / len(shares) if shares else 0.0

    def false(self, severity: str | None = None) -> tuple[float, float]:
        """Return false findings a node-year, raw and grouped, of one severity or of all."""
        raw = kept = 0
        for score in self.scores:
            chosen = [f for f in score.false if severity in (None, f.severity)]
            raw += len(chosen)
            kept += len(grouped(chosen))
        return raw / self.node_years, kept / self.node_years

    def false_codes(self) -> Counter[tuple[str, str]]:
        """Return how many false findings there are of each code and severity."""
        return Counter((f.code, f.severity) for score in self.scores for f in score.false)

    @property
    def precision(self) -> float:
        """Share of the findings that a fault explains."""
        true = sum(score.true for score in self.scores)
        false = sum(len(score.false) for score in self.scores)
        return true / (true + false) if true + false else 1.0

    @property
    def cost(self) -> float:
        """Points for what was missed and for false findings a node-year, grouped; less is better."""
        soft = self.false("warn")[1] + self.false("notice")[1]
        return 100 * (1 - self.macro(ROWS)) + self.false("alarm")[1] + 0.2 * soft

    def told(self, row: str) -> float | None:
        """Return how many findings came of a found fault of a class, on average."""
        counts = [count for score in self.scores for each, count in score.told if each == row]
        return sum(counts) / len(counts) if counts else None


def comparison(totals: dict[str, Total]) -> Iterator[str]:
    """Yield the table: a row for each class, a column for each judge with recall and median hours to detection."""
    first = next(iter(totals.values()))
    yield "| class (n) | " + " | ".join(totals) + " |"
    yield "|---|" + "---|" * len(totals)
    for row in (*ROWS, *APART):
        count = first.recall(row).of
        if count:
            few = ", few" if count < FEW else ""
            cells = [_found(total.recall(row)) for total in totals.values()]
            yield f"| {_words(row)} ({count}{few}) | " + " | ".join(cells) + " |"
    yield _line("**macro recall**", (f"**{t.macro(ROWS):.1%}**" for t in totals.values()))
    yield _line(
        "of the reference's classes", (f"{t.macro(REFERENCE_ROWS):.1%}" for t in totals.values())
    )
    for severity in (None, *SEVERITIES):
        name = f"false {severity or 'finding'}s a node-year, raw (grouped)"
        yield _line(name, (_rate(total.false(severity)) for total in totals.values()))
    yield _line("precision", (f"{total.precision:.1%}" for total in totals.values()))
    yield _line("cost", (f"{total.cost:.1f}" for total in totals.values()))


def _line(name: str, cells: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _words(row: str) -> str:
    words = row.replace("_", " ")
    return {
        "slow decline source": "slow decline, at the source",
        "slow decline copy": "slow decline, one copy",
        "double": "two at once",
        "holidays": "on holidays",
        "cold start": "first 14 days of a repo",
    }.get(words, words)


def _found(recall: Recall) -> str:
    if not recall.found:
        return "0"
    return f"{recall.share:.0%} {hours_text(recall.median_hours)}"


def hours_text(hours: float | None) -> str:
    """Return a time in hours, or in days where it is long."""
    if hours is None:
        return ""
    return f"{hours:.0f} h" if hours < 100 else f"{hours / 24:.0f} d"


def _rate(rates: tuple[float, float]) -> str:
    return f"{rates[0]:.2f} ({rates[1]:.2f})"


def detail(total: Total) -> Iterator[str]:
    """Yield what more is known of one judge: intervals, slow finds, losses, and how often one cause was told."""
    yield "| class | found | 95 % interval | median | p90 | named right | told as | lost at detection |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in (*ROWS, *APART):
        recall = total.recall(row)
        if not recall.of:
            continue
        low, high = wilson(recall.found, recall.of)
        told = total.told(row)
        loss = quantile(recall.losses, 0.5) if row in DRIFTS else None
        cells = (
            _words(row),
            f"{recall.found} of {recall.of}{' (few)' if recall.of < FEW else ''}",
            f"{low:.0%} to {high:.0%}",
            hours_text(recall.median_hours),
            hours_text(quantile(recall.hours, 0.9)),
            f"{recall.named / recall.found:.0%}" if recall.found else "",
            f"{told:.1f} findings" if told is not None else "",
            f"{loss:.1%}" if loss is not None else "",
        )
        yield "| " + " | ".join(cells) + " |"
    yield ""
    yield f"False findings within 48 hours after a clock change: {_sum(total, 'at_clock_changes')}."
    yield f"False alarms about a repo in its first 14 days: {_sum(total, 'in_cold_starts')}."
    codes = total.false_codes().most_common()
    shown = ", ".join(f"{code} ({severity}) {count}" for (code, severity), count in codes)
    yield f"False findings by code, raw, in {total.node_years:.0f} node-years: {shown or 'none'}."


def _sum(total: Total, name: str) -> int:
    return sum(getattr(score, name) for score in total.scores)


def false_line(seed: int, finding: Finding) -> str:
    """Return one false finding in a line."""
    closed = finding.closed_at.isoformat(timespec="minutes") if finding.closed_at else "still open"
    return (
        f"seed {seed}: {finding.code} ({finding.severity})"
        f" repo {','.join(sorted(finding.repos)) or '-'} node {','.join(sorted(finding.nodes)) or '-'}"
        f" opened {finding.opened_at.isoformat(timespec='minutes')} closed {closed}:"
        f" {finding.message} {dict(finding.raw.get('evidence') or {})}"
    )


def missed_line(seed: int, detection: Detection) -> str:
    """Return one missed fault in a line."""
    fault = detection.fault
    details = {key: value for key, value in fault.details.items() if key != "steps"}
    return (
        f"seed {seed}: {fault.kind}{' ' + fault.setting if fault.setting else ''}"
        f" repo {fault.repo or '-'} node {fault.node or 'source, so all'}"
        f" {fault.onset.isoformat(timespec='minutes')} to {fault.end.isoformat(timespec='minutes')}"
        f" {details}"
    )
