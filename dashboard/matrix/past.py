"""What was there at a moment of the past, from what is stored: takes a hub and a moment, gives tarballs and findings then.

What a row does not keep cannot be told: a proof that a later one replaced, how severe a finding was then, who had
answered it. The newest value stands for those, and pages say so.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from dashboard.queries import Newest
from hubs.models import Hub, Replica, Repo
from probes.judge.values import FUTURE_TOLERANCE
from probes.models import (
    CollectRun,
    Finding,
    RepoMonth,
    SidecarState,
    TarballEvent,
    TarballSnapshot,
)

Place = tuple[int, int]  # replica id, repo id

# What is there is mostly there among the newest; so long a way back is gone in every cell at first.
LATELY = timedelta(days=45)
PROVED_SINCE = (
    "proved since"  # a verdict: only the newest proof is kept, and it came after the moment
)


def first_known_at(replicas: Sequence[Replica]) -> datetime | None:
    """Return since when anything is known of replicas: their first look, or the history that was brought in."""
    looks = CollectRun.objects.filter(replica=OuterRef("pk")).order_by("started_at", "pk")
    months = RepoMonth.objects.filter(replica=OuterRef(OuterRef("pk"))).order_by("starts_on")
    tarballs = TarballSnapshot.objects.filter(
        replica=OuterRef("pk"), repo=Subquery(months.values("repo")[:1])
    ).order_by("stamp_at")
    rows = Replica.objects.filter(pk__in=[replica.pk for replica in replicas]).values_list(
        Subquery(looks.values("started_at")[:1]), Subquery(tarballs.values("first_seen_at")[:1])
    )
    return min((at for row in rows for at in row if at), default=None)


def findings_at(hub: Hub, moment: datetime) -> QuerySet[Finding]:
    """Return what was wrong with a hub at a moment."""
    return (
        Finding.objects.filter(hub=hub, opened_at__lte=moment)
        .filter(Q(closed_at=None) | Q(closed_at__gt=moment))
        .select_related("hub", "replica__node", "repo", "acknowledged_by")
    )


def tarballs_at(
    hub: Hub, replicas: Sequence[Replica], repos: Sequence[Repo], moment: datetime
) -> tuple[dict[Place, Newest], dict[Place, Newest]]:
    """Return the newest tarball of each repo on each replica that was there at a moment, and the newest gone where none was.

    All are as they were then. A stamp ahead of the moment does not count: it says nothing about how old a backup was.
    """
    seen = TarballSnapshot.objects.filter(
        first_seen_at__lte=moment, stamp_at__lte=moment + FUTURE_TOLERANCE
    )
    there = _there(seen, moment)
    found: dict[Place, int] = {}
    for replica_id, repo_id, pk in _newest(
        hub, replicas, repos, there.filter(stamp_at__gt=moment - LATELY)
    ):
        if pk:
            found[replica_id, repo_id] = pk
    gone: dict[Place, int] = {}
    bare = _bare(replicas, repos, found)
    for replica_id, repo_id, pk, ever_pk in _newest(hub, *bare, there, seen) if bare[0] else ():
        if pk:
            found[replica_id, repo_id] = pk
        elif ever_pk:
            gone[replica_id, repo_id] = ever_pk
    rows = _as_they_were([*found.values(), *gone.values()], moment)
    return (
        {place: rows[pk] for place, pk in found.items()},
        {place: rows[pk] for place, pk in gone.items()},
    )


def _there(seen: QuerySet[TarballSnapshot], moment: datetime) -> QuerySet[TarballSnapshot]:
    """Keep what had not gone, nor gone and not yet returned."""
    away = TarballEvent.objects.filter(
        snapshot=OuterRef("pk"),
        kind=TarballEvent.Kind.RETURNED,
        gone_at_before__lte=moment,
        noticed_at__gt=moment,
    )
    return seen.filter(Q(gone_at=None) | Q(gone_at__gt=moment)).exclude(Exists(away))


def _bare(
    replicas: Sequence[Replica], repos: Sequence[Repo], found: Container[Place]
) -> tuple[list[Replica], list[Repo]]:
    """Return the replicas and the repos for which something is not found."""
    bare = [
        (replica.pk, repo.pk)
        for replica in replicas
        for repo in repos
        if (replica.pk, repo.pk) not in found
    ]
    replica_ids, repo_ids = {place[0] for place in bare}, {place[1] for place in bare}
    return (
        [replica for replica in replicas if replica.pk in replica_ids],
        [repo for repo in repos if repo.pk in repo_ids],
    )


def _newest(
    hub: Hub,
    replicas: Sequence[Replica],
    repos: Sequence[Repo],
    *tarballs: QuerySet[TarballSnapshot],
) -> Iterable[tuple[int, ...]]:
    """Give replica id, repo id, and the id of the newest of each of these sets of tarballs, for each repo on each replica.

    Each is a way back in the index from the newest stamp, and mostly of one step.
    """
    of_cell = [
        each.filter(replica=OuterRef("hub__replicas__pk"), repo=OuterRef("pk")).order_by(
            "-stamp_at"
        )
        for each in tarballs
    ]
    rows = Repo.objects.filter(
        hub=hub,
        pk__in=[repo.pk for repo in repos],
        hub__replicas__in=[replica.pk for replica in replicas],
    )
    newest = [Subquery(each.values("pk")[:1]) for each in of_cell]
    return rows.order_by().values_list("hub__replicas__pk", "pk", *newest)


def _as_they_were(ids: Sequence[int], moment: datetime) -> dict[int, Newest]:
    """Return these tarballs as they were at a moment, by id."""
    changed = changes_after(moment).filter(snapshot=OuterRef("pk"))
    rows = TarballSnapshot.objects.filter(pk__in=ids).order_by()
    before = [Subquery(changed.values(name)[:1]) for name in ("size_bytes_before", "digest_before")]
    found = {}
    for *row, sidecar_at, size_before, digest_before in rows.values_list(
        *Newest._fields, "sidecar_mtime_at", *before
    ):
        tarball = Newest._make(row)
        found[tarball.pk] = _as_it_was(tarball, sidecar_at, size_before, digest_before, moment)
    return found


def changes_after(moment: datetime) -> QuerySet[TarballEvent]:
    """Return how tarballs changed after a moment, first things first: what one was before its first is what it was then."""
    changes = TarballEvent.objects.filter(kind=TarballEvent.Kind.CHANGED, noticed_at__gt=moment)
    return changes.order_by("noticed_at", "pk")


def _as_it_was(
    tarball: Newest,
    sidecar_at: datetime | None,
    size_before: int | None,
    digest_before: str | None,
    moment: datetime,
) -> Newest:
    if size_before is not None:
        tarball = tarball._replace(size_bytes=size_before)
    # A sidecar that only arrives is no event; but what was written later was not there.
    if digest_before == "" or (sidecar_at and sidecar_at > moment):
        tarball = tarball._replace(sidecar_kind="", sidecar_state=SidecarState.ABSENT)
    if tarball.verified_at and tarball.verified_at > moment:
        tarball = tarball._replace(verified_verdict=PROVED_SINCE)
    return tarball
