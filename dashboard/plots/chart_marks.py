"""What is marked on a chart: takes a replica or a repo and the plot's days, gives findings and tarballs that went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from hubs.models import Replica, Repo
from probes.draw.series import Plot
from probes.models import Finding, Severity, TarballSnapshot

MOST_FINDINGS = 100
MOST_PURGES = 400
PURGES_WITHIN = timedelta(days=400)  # in longer windows every day has one: they would mark nothing
LONGEST_MESSAGE = 240
WORST_FIRST = [Severity.ALARM, Severity.WARN, Severity.NOTICE]


@dataclass(frozen=True)
class FindingMark:
    """A finding where it happened: at the stamp of the tarball that it is about, else when it opened."""

    pk: int
    at: datetime
    severity: str
    code: str
    message: str
    subject: str  # the line that it is about, as the chart names it; empty: all of them
    is_open: bool


@dataclass(frozen=True)
class Marks:
    """The findings of a window, the worst where there are too many, in the order of time; and what went when."""

    findings: Sequence[FindingMark] = ()
    left_out: int = 0
    purges: Sequence[tuple[datetime, int]] = ()  # when a look missed them, and how many


def marks_of_replica(replica: Replica, plot: Plot) -> Marks:
    """Return what is marked on the chart of a replica: findings of its hub as a whole are on it too."""
    findings = Finding.objects.filter(
        Q(replica=replica) | Q(replica=None, hub_id=replica.hub_id)
    ).select_related("repo")
    snapshots = TarballSnapshot.objects.filter(replica=replica)
    return _marks(
        plot, findings, snapshots, lambda finding: finding.repo.path if finding.repo else ""
    )


def marks_of_repo(repo: Repo, names: dict[int, str], plot: Plot) -> Marks:
    """Return what is marked on the chart of a repo, whose lines have these names by the replica's key."""
    findings = Finding.objects.filter(repo=repo)
    snapshots = TarballSnapshot.objects.filter(repo=repo, replica__in=names)
    return _marks(plot, findings, snapshots, lambda finding: names.get(finding.replica_id or 0, ""))


def _marks(
    plot: Plot,
    findings: QuerySet[Finding],
    snapshots: QuerySet[TarballSnapshot],
    subject: Callable[[Finding], str],
) -> Marks:
    if plot.begin is None or plot.end is None:
        return Marks()
    begin, end = (
        datetime.combine(day, time(), plot.zone)
        for day in (plot.begin, plot.end + timedelta(days=1))
    )
    happened = findings.annotate(at=Coalesce("stamp_at", "opened_at")).filter(at__gte=begin)
    if not plot.is_to_newest:  # what came after the newest tarball is on the charts that end there
        happened = happened.filter(at__lt=end)
    worst = happened.order_by(_RANK, "-at", "-pk").only(*_FIELDS)[: MOST_FINDINGS + 1]
    shown = [_mark(finding, subject(finding)) for finding in worst]
    left_out = happened.count() - MOST_FINDINGS if len(shown) > MOST_FINDINGS else 0
    return Marks(
        sorted(shown[:MOST_FINDINGS], key=lambda mark: (mark.at, mark.pk)),
        left_out,
        _purges(snapshots, begin, end) if end - begin <= PURGES_WITHIN else (),
    )


_RANK = Case(
    *(When(severity=severity, then=Value(rank)) for rank, severity in enumerate(WORST_FIRST)),
    default=Value(len(WORST_FIRST)),
    output_field=IntegerField(),
)
_FIELDS = (
    *("severity", "code", "message", "stamp_at", "opened_at", "closed_at", "replica_id"),
    *("repo__category", "repo__name"),
)


def _mark(finding: Finding, subject: str) -> FindingMark:
    message = finding.message
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 2]} …"
    return FindingMark(
        finding.pk,
        finding.stamp_at or finding.opened_at,
        finding.severity,
        finding.code,
        message,
        subject,
        finding.closed_at is None,
    )


def _purges(
    snapshots: QuerySet[TarballSnapshot], begin: datetime, end: datetime
) -> list[tuple[datetime, int]]:
    """Return when looks missed tarballs, and how many each; the greatest where there are too many."""
    gone = snapshots.filter(gone_at__gte=begin, gone_at__lt=end).order_by().values("gone_at")
    times = gone.annotate(tarballs=Count("pk")).order_by("-tarballs", "-gone_at")
    rows = times.values_list("gone_at", "tarballs")[:MOST_PURGES]
    return sorted((gone_at, tarballs) for gone_at, tarballs in rows if gone_at is not None)
