"""The numbers of a plot: takes whose tarballs, a range or a window and the moment, gives sizes per line and tarballs per day.

A plot is that of a replica, with a line for each repo, or that of a repo, with a line for each replica. Points
are (epoch seconds, value) with exact bytes, in the order of time, thinned to what a screen shows: see `probes.thin`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, OuterRef, Subquery

from hubs.limits import limits_from
from hubs.models import Hub, Replica, Repo, judged, policy_layer
from probes.draw.reading import Source, days, first_day, midnight_s, sizes
from probes.models import RepoMonth, TarballSnapshot
from probes.thin import Point, thin

# Days back from that of the newest tarball, which is shown too: 1m has 31 dates.
RANGE_DAYS = {"1m": 30, "3m": 91, "6m": 182, "ytd": None, "1y": 365, "all": None}
MOST_SIZES = 600  # points of one line; a screen shows no more
MOST_SIZES_IN_ALL = 9_000  # of all lines, where that leaves each enough
FEWEST_SIZES = 120
MOST_DAYS = 1_200
FUTURE_SLACK = timedelta(days=1)


@dataclass(frozen=True)
class SizeSeries:
    """The sizes of one repo's tarballs, or of a repo's on one node, by their stamps."""

    repo: str
    points: list[Point]


@dataclass(frozen=True)
class Plot:
    """What a picture or chart draws; the days are those of the hub, None when it is empty."""

    range_name: str
    zone: ZoneInfo
    begin: date | None = None
    end: date | None = None
    sizes: list[SizeSeries] = field(default_factory=list)
    day_counts: list[Point] = field(default_factory=list)
    expected_per_day: int | None = None
    is_whole: bool = True  # no tarball is left out, so a shorter window shows no more
    is_to_newest: bool = True  # the last day is that of the newest tarball


@dataclass(frozen=True)
class Window:
    """The days of a plot, both with them: of a named range, or as asked for."""

    begin: date
    end: date


@dataclass(frozen=True)
class _Plotted:
    """What is plotted: where its points are, the names of its lines in their order, and what is expected."""

    source: Source
    names: dict[int, str]
    newest_at: datetime | None
    expected_per_day: int | None


def plot(replica: Replica, asked: str | Window, now: datetime) -> Plot:
    """Return the numbers of a replica: sizes of the judged repos, and each day's tarballs of all ever seen.

    What is asked for is a key of `RANGE_DAYS`, counted back from the replica's newest tarball, or a window. Days
    without a tarball are there as 0. Tarballs stamped in the future do not move the range.
    """
    hub = replica.hub
    shown = judged_repos(hub)
    source = Source(
        hub.zone,
        TarballSnapshot.objects.filter(replica=replica, repo__in=hub.repos.values("pk")),
        RepoMonth.objects.filter(replica=replica),
        "repo_id",
    )
    names = {repo.pk: repo.path for repo in shown}
    expected = _expected_per_day(hub, shown)
    return _plot(_Plotted(source, names, newest_at(replica, now), expected), asked)


def plot_of_repo(
    repo: Repo, replicas: Sequence[Replica], asked: str | Window, now: datetime
) -> Plot:
    """Return the numbers of a repo on these replicas of its hub, a line for each, named as its node is."""
    source = Source(
        repo.hub.zone,
        TarballSnapshot.objects.filter(repo=repo, replica__in=[one.pk for one in replicas]),
        RepoMonth.objects.filter(repo=repo, replica__in=[one.pk for one in replicas]),
        "replica_id",
    )
    expected = _expected_per_day(repo.hub, [repo])
    on_all = expected and expected * sum(replica.enabled for replica in replicas)
    newest = _newest_of_repo(repo, replicas, now)
    return _plot(_Plotted(source, names_of(replicas), newest, on_all or None), asked)


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


def _newest_of_repo(repo: Repo, replicas: Sequence[Replica], now: datetime) -> datetime | None:
    there = TarballSnapshot.objects.filter(
        repo=repo, replica=OuterRef("pk"), stamp_at__lte=now + FUTURE_SLACK
    )
    newest_there = Subquery(there.order_by("-stamp_at").values("stamp_at")[:1])
    ours = Replica.objects.filter(pk__in=[one.pk for one in replicas]).order_by()
    at: datetime | None = ours.aggregate(at=Max(newest_there))["at"]
    return at


def names_of(replicas: Sequence[Replica]) -> dict[int, str]:
    """Return the node's tag of each replica, with its root where the node holds several."""
    held = Counter(replica.node_id for replica in replicas)
    return {
        replica.pk: replica.node.tag
        if held[replica.node_id] == 1
        else f"{replica.node.tag} {replica.root}"
        for replica in replicas
    }


def _plot(plotted: _Plotted, asked: str | Window) -> Plot:
    source, zone = plotted.source, plotted.source.zone
    range_name = asked if isinstance(asked, str) else ""
    if plotted.newest_at is None:
        return Plot(range_name, zone, expected_per_day=plotted.expected_per_day)
    newest = plotted.newest_at.astimezone(zone).date()
    window = _window(source, asked, newest)
    counted = days(source, window.begin, window.end)
    read = sizes(source, counted)
    shown = [(pk, name) for pk, name in plotted.names.items() if read.points_of.get(pk)]
    most = max(FEWEST_SIZES, min(MOST_SIZES, MOST_SIZES_IN_ALL // max(1, len(shown))))
    return Plot(
        range_name,
        zone,
        window.begin,
        window.end,
        sizes=[SizeSeries(name, thin(read.points_of[pk], most)) for pk, name in shown],
        day_counts=[
            (midnight_s(window.begin + timedelta(days=day), zone), count)
            for day, count in thin(list(enumerate(counted.counts)), MOST_DAYS)
        ],
        expected_per_day=plotted.expected_per_day,
        is_whole=read.is_whole
        and len(counted.counts) <= MOST_DAYS
        and all(len(read.points_of[pk]) <= most for pk, _ in shown),
        is_to_newest=window.end == newest,
    )


def _window(source: Source, asked: str | Window, newest: date) -> Window:
    """Return the days that are shown: none before the oldest tarball where that matters, none after the newest."""
    if isinstance(asked, Window):
        oldest = min(first_day(source) or newest, newest)
        end = min(max(asked.end, oldest), newest)
        return Window(min(max(asked.begin, oldest), end), end)
    if asked == "ytd":
        return Window(newest.replace(month=1, day=1), newest)
    back = RANGE_DAYS[asked]
    if back is not None:
        return Window(newest - timedelta(days=back), newest)
    return Window(min(first_day(source) or newest, newest), newest)


def _expected_per_day(hub: Hub, repos: list[Repo]) -> int | None:
    """Return how many tarballs a day these repos should bring together; None when nothing is expected."""
    of_hub = policy_layer(hub)
    expected = [limits_from(of_hub, policy_layer(repo)).expected_per_day for repo in repos]
    return sum(filter(None, expected)) or None
