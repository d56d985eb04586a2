"""The numbers of a plot: takes a replica, a range and the moment, gives sizes per repo and tarballs per day.

A short range reads the tarballs themselves, a longer one the points kept per month, so that what a plot
costs does not grow with the history behind it. Points are (epoch seconds, value) with exact bytes.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from hubs.limits import limits_from
from hubs.models import Hub, Replica, Repo, judged, policy_layer
from probes.models import RepoMonth, TarballSnapshot
from probes.thin import Point, thin

# Days back from that of the newest tarball, which is shown too: 1m has 31 dates.
RANGE_DAYS = {"1m": 30, "3m": 91, "6m": 182, "ytd": None, "1y": 365, "all": None}
TARBALL_DAYS = 100  # the longest window that is read tarball by tarball
FINE_DAYS = 600  # the longest that is read from the fine points of each month
MOST_SIZES = 600  # points of one repo; a screen shows no more
MOST_SIZES_IN_ALL = 9_000  # of all repos, where that leaves each enough
FEWEST_SIZES = 120
MOST_DAYS = 1_200
FUTURE_SLACK = timedelta(days=1)


@dataclass(frozen=True)
class SizeSeries:
    """The sizes of one repo's tarballs, by their stamps."""

    repo: str
    points: list[Point]


@dataclass(frozen=True)
class Plot:
    """What a plot of one replica shows; `begin` and `end` are days in the hub's zone, None when it is empty."""

    range_name: str
    zone: ZoneInfo
    begin: date | None = None
    end: date | None = None
    sizes: list[SizeSeries] = field(default_factory=list)
    day_counts: list[Point] = field(default_factory=list)
    expected_per_day: int | None = None


def plot(replica: Replica, range_name: str, now: datetime) -> Plot:
    """Return the numbers of a range (a key of `RANGE_DAYS`), counted back from the replica's newest tarball.

    Sizes are of the judged repos; days count every tarball ever seen, and days without one are there as 0.
    Tarballs stamped in the future do not move the range.
    """
    hub = replica.hub
    repos = judged_repos(hub)
    newest = newest_at(replica, now)
    if newest is None:
        return Plot(range_name, hub.zone, expected_per_day=_expected_per_day(hub, repos))
    end = newest.astimezone(hub.zone).date()
    begin = _begin(replica, range_name, end)
    return Plot(
        range_name,
        hub.zone,
        begin,
        end,
        sizes=_sizes(replica, repos, begin, end),
        day_counts=_day_counts(replica, begin, end),
        expected_per_day=_expected_per_day(hub, repos),
    )


def judged_repos(hub: Hub) -> list[Repo]:
    """Return the judged repos of a hub with their policies."""
    return judged(hub.repos.select_related("policy"))


def newest_at(replica: Replica, now: datetime) -> datetime | None:
    """Return the newest stamp that is not in the future, or None."""
    ours = TarballSnapshot.objects.filter(
        replica=replica, repo=OuterRef("pk"), stamp_at__lte=now + FUTURE_SLACK
    )
    # One step into the index for each repo; a plain maximum would walk the whole history.
    newest_of_repo = Subquery(ours.order_by("-stamp_at").values("stamp_at")[:1])
    newest = replica.hub.repos.aggregate(at=Max(newest_of_repo))
    at: datetime | None = newest["at"]
    return at


def _begin(replica: Replica, range_name: str, end: date) -> date:
    if range_name == "ytd":
        return end.replace(month=1, day=1)
    days = RANGE_DAYS[range_name]
    if days is not None:
        return end - timedelta(days=days)
    return min(_first_day(replica), end)


def _first_day(replica: Replica) -> date:
    """Return the day of the oldest tarball of a replica that has one."""
    first_month = replica.months.order_by("starts_on").values("starts_on")[:1]
    months = replica.months.filter(starts_on=first_month).values_list("starts_on", "day_counts")
    return min(
        (starts_on.replace(day=int(day)) for starts_on, days in months for day in days),
        default=date.max,
    )


def _sizes(replica: Replica, repos: list[Repo], begin: date, end: date) -> list[SizeSeries]:
    points_of = _points_by_repo(replica, begin, end)
    shown = [repo for repo in repos if points_of.get(repo.pk)]
    most = max(FEWEST_SIZES, min(MOST_SIZES, MOST_SIZES_IN_ALL // max(1, len(shown))))
    return [SizeSeries(repo.path, thin(points_of[repo.pk], most)) for repo in shown]


def _points_by_repo(replica: Replica, begin: date, end: date) -> dict[int, list[Point]]:
    zone = replica.hub.zone
    begin_s, end_s = _midnight_s(begin, zone), _midnight_s(end + timedelta(days=1), zone)
    if end - begin <= timedelta(days=TARBALL_DAYS):
        rows = _tarball_points(replica, begin_s, end_s)
    else:
        kept = "fine_points" if end - begin <= timedelta(days=FINE_DAYS) else "coarse_points"
        rows = _month_points(replica, kept, begin, end)
    points_of: dict[int, list[Point]] = {}
    for repo_id, points in rows:
        points_of.setdefault(repo_id, []).extend(points)
    return {repo_id: _within(points, begin_s, end_s) for repo_id, points in points_of.items()}


def _within(points: list[Point], begin_s: int, end_s: int) -> list[Point]:
    """Return the points of a window in the order of time; one repo may have two directories for a month."""
    points.sort()
    moment = itemgetter(0)
    first = bisect_left(points, begin_s, key=moment)
    return points[first : bisect_left(points, end_s, first, key=moment)]


def _tarball_points(
    replica: Replica, begin_s: int, end_s: int
) -> Iterable[tuple[int, list[Point]]]:
    rows = (
        TarballSnapshot.objects.filter(
            replica=replica,
            repo__in=replica.hub.repos.values("pk"),
            stamp_at__gte=datetime.fromtimestamp(begin_s, replica.hub.zone),
            stamp_at__lt=datetime.fromtimestamp(end_s, replica.hub.zone),
        )
        .order_by("repo_id", "stamp_at")
        .values_list("repo_id", "stamp_at", "size_bytes")
    )
    return ((repo_id, [(int(at.timestamp()), size)]) for repo_id, at, size in rows)


def _month_points(
    replica: Replica, kept: str, begin: date, end: date
) -> Iterable[tuple[int, list[Point]]]:
    rows = list(
        _months(replica, begin, end)
        .annotate(points_text=Cast(F(kept), TextField()))
        .order_by("repo_id", "starts_on")
        .values_list("repo_id", "points_text")
    )
    # One parse of all rows is several times faster than one for each.
    points = json.loads(f"[{','.join(text for _, text in rows)}]")
    return zip((repo_id for repo_id, _ in rows), points, strict=True)


def _day_counts(replica: Replica, begin: date, end: date) -> list[Point]:
    """Return the tarballs of each day in the hub's zone, at the epoch second when that day begins."""
    # Most repos of a daily backup have the same text in a month: the database counts those, each is parsed once.
    rows = (
        _months(replica, begin, end)
        .values("starts_on", counts_text=Cast("day_counts", TextField()))
        .annotate(times=Count("pk"))
        .values_list("starts_on", "counts_text", "times")
    )
    counts = [0] * ((end - begin).days + 1)
    for starts_on, text, times in rows:
        offset = (starts_on - begin).days - 1
        for day, count in json.loads(text).items():
            place = offset + int(day)
            if 0 <= place < len(counts):
                counts[place] += count * times
    zone = replica.hub.zone
    return [
        (_midnight_s(begin + timedelta(days=day), zone), count)
        for day, count in thin(list(enumerate(counts)), MOST_DAYS)
    ]


def _months(replica: Replica, begin: date, end: date) -> QuerySet[RepoMonth]:
    return RepoMonth.objects.filter(
        replica=replica, starts_on__gte=begin.replace(day=1), starts_on__lte=end
    ).order_by()


def _midnight_s(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp())


def _expected_per_day(hub: Hub, repos: list[Repo]) -> int | None:
    """Return how many tarballs a day the judged repos should bring together; None when nothing is expected."""
    of_hub = policy_layer(hub)
    expected = [limits_from(of_hub, policy_layer(repo)).expected_per_day for repo in repos]
    return sum(filter(None, expected)) or None
