"""Reads the points of a plot: takes whose tarballs and which days, gives sizes by line and tarballs by day.

Three grains are stored: the tarballs themselves, the points of each month, and its first, last, least and
greatest. The finest whose points are few enough to be read at once is taken, so what a plot costs grows neither with the
history behind it nor with how often tarballs are made.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.db.models import Count, F, QuerySet, TextField
from django.db.models.functions import Cast

from probes.models import RepoMonth, TarballSnapshot
from probes.thin import FINE_POINTS, Point

MOST_TARBALLS = 3_500  # rows that are read one by one
MOST_FINE = 20_000  # points of months, which are read ten times as fast
EVERYTHING = timedelta(
    days=100
)  # in windows this short, tarballs that no month counts yet are read as well


@dataclass(frozen=True)
class Source:
    """Whose tarballs are plotted, and the field that tells the lines apart: `repo_id`, `replica_id`."""

    zone: ZoneInfo
    snapshots: QuerySet[TarballSnapshot]
    months: QuerySet[RepoMonth]
    line: str


@dataclass(frozen=True)
class Days:
    """The tarballs of each day of a window, in the zone of the source."""

    begin: date
    end: date
    counts: list[int]
    in_months: int  # tarballs of all the months that it touches
    fine_points: int  # how many points those hold at most

    @property
    def tarballs(self) -> int:
        """How many there are in all."""
        return sum(self.counts)


@dataclass(frozen=True)
class Sizes:
    """The points of each line in the order of time; `is_whole` when none of a tarball is left out."""

    points_of: dict[int, list[Point]]
    is_whole: bool


def midnight_s(day: date, zone: ZoneInfo) -> int:
    """Return the epoch second at which a day begins."""
    return int(datetime.combine(day, time(), zone).timestamp())


def first_day(source: Source) -> date | None:
    """Return the day of the oldest tarball that a month counts."""
    first_month = source.months.order_by("starts_on").values("starts_on")[:1]
    months = source.months.filter(starts_on=first_month).values_list("starts_on", "day_counts")
    return min(
        (starts_on.replace(day=int(day)) for starts_on, days in months for day in days),
        default=None,
    )


def days(source: Source, begin: date, end: date) -> Days:
    """Return the tarballs of each day from `begin` to `end`, both with them."""
    # Most repos of a daily backup have the same text in a month: the database counts those, each is parsed once.
    rows = (
        _months(source, begin, end)
        .values("starts_on", counts_text=Cast("day_counts", TextField()))
        .annotate(times=Count("pk"))
        .values_list("starts_on", "counts_text", "times")
    )
    counts = [0] * ((end - begin).days + 1)
    in_months = fine_points = 0
    for starts_on, text, times in rows:
        offset = (starts_on - begin).days - 1
        of_days = json.loads(text)
        of_month = sum(of_days.values())
        in_months += of_month * times
        fine_points += min(FINE_POINTS, of_month) * times
        for day, count in of_days.items():
            place = offset + int(day)
            if 0 <= place < len(counts):
                counts[place] += count * times
    return Days(begin, end, counts, in_months, fine_points)


def sizes(source: Source, window: Days) -> Sizes:
    """Return the sizes of a window, of the finest grain that it has room for."""
    begin_s = midnight_s(window.begin, source.zone)
    end_s = midnight_s(window.end + timedelta(days=1), source.zone)
    if window.tarballs <= MOST_TARBALLS and window.end - window.begin <= EVERYTHING:
        return Sizes(_by_line(_tarball_points(source, begin_s, end_s), begin_s, end_s), True)
    kept = "fine_points" if window.fine_points <= MOST_FINE else "coarse_points"
    rows = _month_points(source, kept, window.begin, window.end)
    is_whole = sum(len(points) for _, points in rows) == window.in_months
    return Sizes(_by_line(rows, begin_s, end_s), is_whole)


def _by_line(
    rows: Iterable[tuple[int, list[Point]]], begin_s: int, end_s: int
) -> dict[int, list[Point]]:
    points_of: dict[int, list[Point]] = {}
    for line, points in rows:
        points_of.setdefault(line, []).extend(points)
    return {line: _within(points, begin_s, end_s) for line, points in points_of.items()}


def _within(points: list[Point], begin_s: int, end_s: int) -> list[Point]:
    """Return the points of a window in the order of time; one repo may have two directories for a month."""
    points.sort()
    moment = itemgetter(0)
    first = bisect_left(points, begin_s, key=moment)
    return points[first : bisect_left(points, end_s, first, key=moment)]


def _tarball_points(source: Source, begin_s: int, end_s: int) -> Iterable[tuple[int, list[Point]]]:
    rows = (
        source.snapshots.filter(
            stamp_at__gte=datetime.fromtimestamp(begin_s, source.zone),
            stamp_at__lt=datetime.fromtimestamp(end_s, source.zone),
        )
        .order_by(source.line, "stamp_at")
        .values_list(source.line, "stamp_at", "size_bytes")
    )
    return ((line, [(int(at.timestamp()), size)]) for line, at, size in rows)


def _month_points(
    source: Source, kept: str, begin: date, end: date
) -> Sequence[tuple[int, list[Point]]]:
    rows = list(
        _months(source, begin, end)
        .annotate(points_text=Cast(F(kept), TextField()))
        .order_by(source.line, "starts_on")
        .values_list(source.line, "points_text")
    )
    # One parse of all rows is several times faster than one for each.
    points = json.loads(f"[{','.join(text for _, text in rows)}]")
    return list(zip((line for line, _ in rows), points, strict=True))


def _months(source: Source, begin: date, end: date) -> QuerySet[RepoMonth]:
    return source.months.filter(starts_on__gte=begin.replace(day=1), starts_on__lte=end).order_by()
